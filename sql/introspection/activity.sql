-- A table's activity since its statistics were last reset: at most one row, with rows updated or deleted, and scans.
SELECT
  s.n_tup_upd + s.n_tup_del AS updates,
  s.seq_scan + coalesce(s.idx_scan, 0) AS scans
FROM pg_catalog.pg_stat_user_tables AS s
WHERE s.relid = pg_catalog.to_regclass(%(table)s)
