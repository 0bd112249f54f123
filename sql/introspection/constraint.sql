-- Constraints of the tables in scope: one row each. NOT NULL belongs to the column, a constraint trigger to the
-- triggers. A foreign key that the server derived for a partition of the table that it references comes and goes with the
-- partition, and belongs to its original. The index of a key that no partition enforces is INVALID.
SELECT
  'constraint' AS kind,
  s.schema::text AS schema,
  s.label || '.' || CASE WHEN pg_catalog.strpos(c.conname, '.') > 0 THEN pg_catalog.quote_ident(c.conname) ELSE c.conname END AS name,
  s.relname::text AS parent,
  pg_catalog.jsonb_build_object(
    'definition', d.definition,
    'validated', c.convalidated,
    'fires', f.fires
  ) || CASE WHEN i.is_usable THEN '{}' ELSE '{"index": "INVALID"}' END::jsonb AS attributes,
  d.definition
  || CASE WHEN f.fires THEN '' ELSE ' (SWITCHED OFF: its triggers are disabled)' END
  || CASE WHEN i.is_usable THEN '' ELSE ' (INVALID: its index is not valid)' END AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_constraint AS c ON s.oid = c.conrelid
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_constraintdef(c.oid) AS definition OFFSET 0) AS d
CROSS JOIN LATERAL (
  -- Triggers on both tables enforce a foreign key; DISABLE TRIGGER ALL disables it without dropping it.
  SELECT NOT EXISTS (
    SELECT FROM pg_catalog.pg_trigger AS t
    WHERE t.tgconstraint = c.oid AND t.tgenabled IN ('D', 'R')
  ) AS fires
  OFFSET 0
) AS f
CROSS JOIN LATERAL (
  SELECT c.contype NOT IN ('p', 'u', 'x') OR NOT EXISTS (
    SELECT FROM pg_catalog.pg_index AS x
    WHERE x.indexrelid = c.conindid AND NOT (x.indisvalid AND x.indisready)
  ) AS is_usable
  OFFSET 0
) AS i
WHERE c.contype IN ('c', 'f', 'p', 'u', 'x') AND c.conparentid = 0
