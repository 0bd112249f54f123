CREATE OR REPLACE VIEW returned_orders AS SELECT id, returned_at, customer_id FROM orders WHERE returned_at IS NOT NULL;
