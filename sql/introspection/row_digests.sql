-- The rows of a table, each by its digest, and how often it is there: one row a digest.
SELECT
  pg_catalog.md5(ROW(t.*)::text) AS digest,
  pg_catalog.count(*) AS times
FROM {table} AS t
GROUP BY 1
ORDER BY 1
