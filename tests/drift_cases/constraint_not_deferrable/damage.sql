ALTER TABLE order_lines ALTER CONSTRAINT order_lines_order_id_fkey NOT DEFERRABLE;
