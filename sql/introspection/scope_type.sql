-- Types in scope: enums, domains, ranges, and composite types that the manifest creates, and all in a schema that it
-- creates. One row each: its oid (only for joins), name, and schema (null: the home schema). Excludes row types of
-- tables, and multiranges, which belong to their range.
SELECT
  t.oid,
  t.typname,
  nullif(n.nspname, %(home)s) AS schema,
  t.typowner,
  t.typacl
FROM pg_catalog.pg_type AS t
INNER JOIN pg_catalog.pg_namespace AS n ON t.typnamespace = n.oid
LEFT JOIN pg_catalog.pg_class AS c ON t.typrelid = c.oid
WHERE
  (SELECT h.is_used FROM home_path AS h)
  AND (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c'))
  AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
  AND (
    %(everything)s
    OR n.nspname = ANY(%(schemas)s::text[])
    OR (n.nspname, t.typname) IN (
      SELECT managed.schema, managed.name
      FROM ROWS FROM (pg_catalog.unnest(%(type_schemas)s::text[]), pg_catalog.unnest(%(type_names)s::text[])) AS managed (schema, name)
    )
  )
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND d.objid = t.oid AND d.deptype = 'e'
    OFFSET 0
  )
