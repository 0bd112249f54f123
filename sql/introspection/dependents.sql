-- The views and foreign keys that depend on the given relations: one row each, ordered.
WITH relations AS (
  SELECT c.oid
  FROM ROWS FROM (pg_catalog.unnest(%(schemas)s::text[]), pg_catalog.unnest(%(names)s::text[])) AS wanted (schema, name)
  INNER JOIN pg_catalog.pg_namespace AS n ON wanted.schema = n.nspname
  INNER JOIN pg_catalog.pg_class AS c ON wanted.name = c.relname AND n.oid = c.relnamespace
)

SELECT DISTINCT
  'view' AS kind,
  n.nspname::text AS schema,
  v.relname::text AS name
FROM pg_catalog.pg_depend AS d
INNER JOIN relations AS t ON d.refobjid = t.oid
INNER JOIN pg_catalog.pg_rewrite AS r ON d.objid = r.oid
INNER JOIN pg_catalog.pg_class AS v ON r.ev_class = v.oid AND t.oid <> v.oid
INNER JOIN pg_catalog.pg_namespace AS n ON v.relnamespace = n.oid
WHERE
  d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
UNION
SELECT
  'constraint' AS kind,
  n.nspname::text AS schema,
  pg_catalog.concat(c.relname, '.', k.conname) AS name
FROM pg_catalog.pg_constraint AS k
INNER JOIN relations AS t ON k.confrelid = t.oid
INNER JOIN pg_catalog.pg_class AS c ON k.conrelid = c.oid
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE k.contype = 'f'
ORDER BY kind, schema, name
