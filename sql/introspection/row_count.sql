-- A table's rows, counted where the planner expects no more than the limit, and the planner's estimate: one row.
-- A table that was never analysed has no estimate (-1): a hundred bytes a row stand in for it.
SELECT
  CASE WHEN estimate.rows <= %(limit)s THEN (SELECT count(*) FROM {table}) END AS counted,
  estimate.rows AS estimated
FROM (
  SELECT CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE pg_catalog.pg_relation_size(c.oid) / 100 END AS rows
  FROM pg_catalog.pg_class AS c
  WHERE c.oid = %(table)s::pg_catalog.regclass
) AS estimate
