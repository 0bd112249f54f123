-- Functions and procedures in scope: those that the manifest creates, and all in a schema that it creates. One row
-- each: its oid (only for joins), schema (null: the home schema), and its name with the types of its input arguments,
-- which identify it (PostgreSQL manual, 52.39 pg_proc). Excludes the constructor functions of range types.
SELECT
  p.oid,
  nullif(n.nspname, %(home)s) AS schema,
  pg_catalog.format('%%s(%%s)', p.proname, pg_catalog.oidvectortypes(p.proargtypes)) AS label,
  p.proowner,
  p.proacl
FROM pg_catalog.pg_proc AS p
INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
WHERE
  (SELECT h.is_used FROM home_path AS h)
  AND p.prokind IN ('f', 'p')
  AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
  AND (
    %(everything)s
    OR p.oid = ANY(ARRAY(
      SELECT f.oid
      FROM ROWS FROM (pg_catalog.unnest(%(function_schemas)s::text[]), pg_catalog.unnest(%(function_names)s::text[])) AS m (schema, name)
      INNER JOIN pg_catalog.pg_namespace AS o ON m.schema = o.nspname
      INNER JOIN pg_catalog.pg_proc AS f ON m.name = f.proname AND o.oid = f.pronamespace
      UNION ALL
      SELECT d.objid
      FROM pg_catalog.pg_namespace AS o
      INNER JOIN pg_catalog.pg_depend AS d ON o.tableoid = d.refclassid AND o.oid = d.refobjid
      WHERE o.nspname = ANY(%(schemas)s::text[]) AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    ))
  )
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype IN ('e', 'i')
    OFFSET 0
  )
