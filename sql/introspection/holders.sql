-- Which objects occupy the names that the manifest's relations need: one JSON object each, ordered by schema and name.
-- `schema` is null for the home schema, `table` is the table of an index.
SELECT
  pg_catalog.jsonb_build_object(
    'kind', CASE c.relkind
      WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view'
      WHEN 'c' THEN 'type' ELSE 'table'
    END,
    'schema', nullif(n.nspname, %(home)s),
    'name', c.relname,
    'table', t.relname
  ) AS holder
FROM ROWS FROM (pg_catalog.unnest(%(name_schemas)s::text[]), pg_catalog.unnest(%(names)s::text[])) AS wanted (schema, name)
INNER JOIN pg_catalog.pg_namespace AS n ON wanted.schema = n.nspname
INNER JOIN pg_catalog.pg_class AS c ON wanted.name = c.relname AND n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_index AS i ON c.oid = i.indexrelid
LEFT JOIN pg_catalog.pg_class AS t ON i.indrelid = t.oid
ORDER BY n.nspname, c.relname
