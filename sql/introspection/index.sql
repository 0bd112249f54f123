-- Indexes of the tables in scope: one row each. The index behind a constraint belongs to that constraint.
-- One that a failed CREATE INDEX CONCURRENTLY left behind is there but INVALID: no query uses it.
SELECT
  'index' AS kind,
  s.schema::text AS schema,
  x.relname::text AS name,
  s.relname::text AS parent,
  jsonb_build_object(
    'definition', pg_catalog.pg_get_indexdef(i.indexrelid, 0, true),
    'valid', i.indisvalid,
    'ready', i.indisready
  ) AS attributes,
  pg_catalog.pg_get_indexdef(i.indexrelid, 0, true)
  || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' (INVALID: no query uses it)' END AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_index AS i ON s.oid = i.indrelid
INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_constraint AS c
  WHERE c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u', 'x')
)
ORDER BY s.schema, x.relname
