INSERT INTO customers (name, mail, referred_by) VALUES ('A', 'a@example.org', NULL);
REFRESH MATERIALIZED VIEW CONCURRENTLY customer_totals;
REFRESH MATERIALIZED VIEW customer_totals WITH NO DATA;
