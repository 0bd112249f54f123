-- Views, a materialised view, and indexes of many forms.
-- Safe to rerun: what exists is left alone, or replaced by itself.
CREATE OR REPLACE VIEW open_orders WITH (security_barrier = true) AS
SELECT o.id, o.customer_id, o.status, o.total
FROM orders AS o
WHERE o.status <> 'shipped';

CREATE OR REPLACE VIEW tagged_customers AS
SELECT id, name, tags FROM customers WHERE tags <> '{}'
WITH CASCADED CHECK OPTION;

CREATE OR REPLACE VIEW vault.owners AS SELECT owner FROM vault.secrets;

CREATE MATERIALIZED VIEW IF NOT EXISTS customer_totals AS
SELECT customer_id, count(*) AS orders, sum(total) AS total FROM orders GROUP BY customer_id;
CREATE UNIQUE INDEX IF NOT EXISTS customer_totals_by_customer ON customer_totals (customer_id);

CREATE INDEX IF NOT EXISTS customers_by_name ON customers (name COLLATE "POSIX" DESC NULLS LAST) INCLUDE (mail);
CREATE INDEX IF NOT EXISTS customers_by_folded_name ON customers (lower(name) text_pattern_ops);
CREATE INDEX IF NOT EXISTS customers_by_tag ON customers USING gin (tags);
CREATE INDEX IF NOT EXISTS customers_by_mail ON customers USING hash (mail);
CREATE INDEX IF NOT EXISTS orders_by_details ON orders USING gin (details jsonb_path_ops);
CREATE INDEX IF NOT EXISTS orders_placed ON orders (placed_at, customer_id) WHERE status = 'placed';
CREATE INDEX IF NOT EXISTS events_by_time ON events USING brin (at);
