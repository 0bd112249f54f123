ALTER TABLE customers SET (fillfactor = 70, autovacuum_enabled = false);
ALTER MATERIALIZED VIEW customer_totals SET (fillfactor = 70);
ALTER INDEX orders_placed SET (fillfactor = 70);
ALTER INDEX orders_by_details SET (fastupdate = off);
ALTER INDEX customers_mail_once SET (fillfactor = 70);
ALTER TABLE customers ALTER COLUMN name SET STORAGE EXTERNAL, ALTER COLUMN mail SET COMPRESSION pglz;
ALTER TABLE documents REPLICA IDENTITY FULL;
ALTER TABLE customers CLUSTER ON customers_by_name;
