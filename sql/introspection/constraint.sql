-- Constraints of the tables in scope: one row each. NOT NULL belongs to its column, a constraint trigger to triggers.
SELECT
  'constraint' AS kind,
  s.schema::text AS schema,
  s.relname || '.' || c.conname AS name,
  s.relname::text AS parent,
  jsonb_build_object(
    'definition', pg_catalog.pg_get_constraintdef(c.oid),
    'validated', c.convalidated
  ) AS attributes,
  pg_catalog.pg_get_constraintdef(c.oid) AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_constraint AS c ON s.oid = c.conrelid
WHERE c.contype IN ('c', 'f', 'p', 'u', 'x')
ORDER BY s.schema, s.relname, c.conname
