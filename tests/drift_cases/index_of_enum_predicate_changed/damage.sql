DROP INDEX orders_placed;
CREATE INDEX orders_placed ON orders (placed_at, customer_id) WHERE status = 'shipped';
