ALTER TABLE orders DROP CONSTRAINT orders_total_known;
DROP VIEW open_orders;
DROP MATERIALIZED VIEW customer_totals;
ALTER TABLE orders ALTER COLUMN total TYPE numeric(12, 2);
