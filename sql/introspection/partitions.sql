-- The tables that are partitions now: schema (null: the home schema) and name; only those with one of the names, if given.
SELECT
  nullif(n.nspname, %(home)s) AS schema,
  c.relname
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
  c.relispartition
  AND c.relkind IN ('r', 'p', 'f')
  AND (%(names)s::text[] IS NULL OR c.relname = ANY(%(names)s::text[]))
ORDER BY n.nspname, c.relname
