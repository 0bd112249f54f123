-- As a CREATE INDEX CONCURRENTLY that failed in its first phase leaves it.
UPDATE pg_catalog.pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'orders_returned'::regclass;
