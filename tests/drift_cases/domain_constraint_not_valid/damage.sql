ALTER DOMAIN product_code DROP CONSTRAINT product_code_shape;
ALTER DOMAIN product_code ADD CONSTRAINT product_code_shape CHECK (VALUE ~ '^[A-Z]') NOT VALID;
