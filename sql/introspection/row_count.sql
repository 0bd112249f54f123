-- A table's rows: one row, with the count if the planner expects no more than the limit, and the planner's estimate. A
-- table that was never analyzed has no estimate (-1): it is taken to have a hundred bytes per row.
SELECT
  CASE WHEN estimate.rows <= %(limit)s THEN (SELECT pg_catalog.count(*) FROM {table}) END AS counted,
  estimate.rows AS estimated
FROM (
  SELECT CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint ELSE pg_catalog.pg_relation_size(c.oid) / 100 END AS rows
  FROM pg_catalog.pg_class AS c
  WHERE c.oid = %(table)s::pg_catalog.regclass
) AS estimate
