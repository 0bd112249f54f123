-- Extensions that the manifest creates: one row each.
SELECT
  'extension' AS kind,
  null::text AS schema,
  e.extname::text AS name,
  null::text AS parent,
  pg_catalog.jsonb_build_object('version', e.extversion) AS attributes,
  pg_catalog.format('CREATE EXTENSION %%I VERSION %%L', e.extname, e.extversion) AS definition
FROM pg_catalog.pg_extension AS e
WHERE
  e.extname <> 'plpgsql'
  AND (%(everything)s OR e.extname = ANY(%(extensions)s::text[]))
