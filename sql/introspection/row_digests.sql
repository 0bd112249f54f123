-- The rows of a table: one row per digest, with how often it occurs.
SELECT
  pg_catalog.md5(ROW(t.*)::text) AS digest,
  pg_catalog.count(*) AS times
FROM {table} AS t
GROUP BY 1
ORDER BY 1
