-- Which of the given views and foreign keys exist: one row each, ordered.
SELECT
  wanted.kind,
  wanted.schema,
  wanted.name
FROM ROWS FROM (
  pg_catalog.unnest(%(kinds)s::text[]), pg_catalog.unnest(%(schemas)s::text[]), pg_catalog.unnest(%(names)s::text[])
) AS wanted (kind, schema, name)
INNER JOIN pg_catalog.pg_namespace AS n ON wanted.schema = n.nspname
WHERE
  EXISTS (
    SELECT FROM pg_catalog.pg_class AS c
    WHERE c.relnamespace = n.oid AND wanted.kind = 'view' AND wanted.name = c.relname
  )
  OR EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS k
    INNER JOIN pg_catalog.pg_class AS c ON k.conrelid = c.oid
    WHERE
      c.relnamespace = n.oid AND wanted.kind = 'constraint' AND wanted.name = pg_catalog.concat(c.relname, '.', k.conname)
  )
ORDER BY wanted.kind, wanted.schema, wanted.name
