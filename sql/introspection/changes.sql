-- What the current transaction did to one table: at most one row, with the table's file (null for a partitioned table)
-- and the rows that this transaction inserted, updated, and deleted.
SELECT
  pg_catalog.pg_relation_filenode(c.oid)::bigint AS storage,
  pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS inserted,
  pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS updated,
  pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS deleted
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass(%(table)s)
