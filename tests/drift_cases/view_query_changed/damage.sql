CREATE OR REPLACE VIEW open_orders WITH (security_barrier = true) AS
SELECT o.id, o.customer_id, o.status, o.total FROM orders AS o WHERE o.status = 'placed';
