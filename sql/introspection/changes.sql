-- What this transaction did to one table so far: at most one row, with the file that holds the table (null for a
-- partitioned one) and the rows inserted, updated and deleted by this transaction alone.
SELECT
  pg_catalog.pg_relation_filenode(c.oid)::bigint AS storage,
  pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid) AS inserted,
  pg_catalog.pg_stat_get_xact_tuples_updated(c.oid) AS updated,
  pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid) AS deleted
FROM pg_catalog.pg_class AS c
WHERE c.oid = pg_catalog.to_regclass(%(table)s)
