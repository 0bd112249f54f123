-- Relations in scope: those that the manifest names, and all in a schema that the manifest creates. One row each: its
-- oid (only for joins, never returned to the caller), name, kind, and schema (null: the home schema). Excludes
-- partitions, which follow their parent, and objects of extensions.
SELECT
  c.oid,
  c.relname,
  -- For names with two parts: a dot within a part must differ from the one between them.
  CASE WHEN pg_catalog.strpos(c.relname, '.') > 0 THEN pg_catalog.quote_ident(c.relname) ELSE c.relname END AS label,
  c.relkind,
  c.relnamespace,
  c.relpersistence,
  c.relrowsecurity,
  c.relforcerowsecurity,
  c.reloptions,
  c.relowner,
  c.relacl,
  nullif(n.nspname, %(home)s) AS schema
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
WHERE
  (SELECT h.is_used FROM home_path AS h)
  AND c.relkind IN ('r', 'p', 'f', 'S', 'v', 'm')
  AND NOT c.relispartition
  AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
  AND (
    %(everything)s
    OR c.oid = ANY(ARRAY(
      SELECT r.oid
      FROM ROWS FROM (pg_catalog.unnest(%(relation_schemas)s::text[]), pg_catalog.unnest(%(relation_names)s::text[])) AS m (schema, name)
      INNER JOIN pg_catalog.pg_namespace AS o ON m.schema = o.nspname
      INNER JOIN pg_catalog.pg_class AS r ON m.name = r.relname AND o.oid = r.relnamespace
      UNION ALL
      SELECT r.oid
      FROM pg_catalog.pg_class AS r
      INNER JOIN pg_catalog.pg_namespace AS o ON r.relnamespace = o.oid
      WHERE o.nspname = ANY(%(schemas)s::text[])
    ))
  )
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
    OFFSET 0
  )
