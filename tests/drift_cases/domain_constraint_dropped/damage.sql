ALTER DOMAIN product_code DROP CONSTRAINT product_code_shape;
