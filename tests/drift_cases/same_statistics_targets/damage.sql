ALTER TABLE customers ALTER COLUMN name SET STATISTICS 500, ALTER COLUMN mail SET (n_distinct = -1);
ALTER INDEX customers_by_folded_name ALTER COLUMN 1 SET STATISTICS 500;
CREATE STATISTICS orders_by_customer ON customer_id, status FROM orders;
ALTER FUNCTION masked(text) COST 500;
ANALYZE;
