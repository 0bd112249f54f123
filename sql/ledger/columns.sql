-- The columns of tables, in their order: one row each, with the table's schema and name. Not of views, because reading
-- one would run its owner's functions.
SELECT
  n.nspname::text AS table_schema,
  c.relname::text AS table_name,
  a.attname::text AS column_name
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
WHERE
  c.relkind = 'r'
  AND (n.nspname, c.relname) IN (
    SELECT wanted.schema, wanted.name
    FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::text[]), pg_catalog.unnest(%(names)s::text[])) AS wanted (schema, name)
  )
ORDER BY n.nspname, c.relname, a.attnum
