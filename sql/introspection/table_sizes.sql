-- The planner's figures for tables: one row per table that exists, with its place in the given names, its rows (null if
-- it was never analyzed), and its bytes with indexes and TOAST tables. Of a partitioned table, those of its partitions.
SELECT
  w.place,
  (pg_catalog.sum(c.reltuples) FILTER (WHERE c.reltuples >= 0))::bigint AS estimated_rows,
  pg_catalog.sum(pg_catalog.pg_total_relation_size(c.oid))::bigint AS total_bytes
FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::text[]), pg_catalog.unnest(%(names)s::text[]))
  WITH ORDINALITY AS w (nspname, relname, place)
INNER JOIN pg_catalog.pg_namespace AS n ON w.nspname = n.nspname
INNER JOIN pg_catalog.pg_class AS r
  ON n.oid = r.relnamespace AND w.relname = r.relname AND r.relkind = ANY('{r,p,m,i,I}'::"char" [])
LEFT JOIN LATERAL pg_catalog.pg_partition_tree(r.oid) AS p ON p.isleaf
INNER JOIN pg_catalog.pg_class AS c ON c.oid = coalesce(p.relid, r.oid)
GROUP BY w.place
ORDER BY w.place
