-- Schemas in scope: those that the manifest creates. One row each: its oid (only for joins) and name.
SELECT
  n.oid,
  n.nspname,
  n.nspowner,
  n.nspacl
FROM pg_catalog.pg_namespace AS n
WHERE
  (SELECT h.is_used FROM home_path AS h)
  AND n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'public', %(home)s)
  AND (%(everything)s OR n.nspname = ANY(%(schemas)s::text[]))
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.objid = n.oid AND d.deptype = 'e'
    OFFSET 0
  )
