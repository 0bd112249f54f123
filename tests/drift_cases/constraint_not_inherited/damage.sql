ALTER TABLE order_lines DROP CONSTRAINT order_lines_quantity_positive;
ALTER TABLE order_lines ADD CONSTRAINT order_lines_quantity_positive CHECK (quantity > 0) NO INHERIT NOT VALID;
