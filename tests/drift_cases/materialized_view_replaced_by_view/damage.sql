DROP MATERIALIZED VIEW customer_totals;
CREATE VIEW customer_totals AS SELECT customer_id, count(*) AS orders, sum(total) AS total FROM orders GROUP BY customer_id;
