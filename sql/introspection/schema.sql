-- Schemas that the manifest creates: one row each.
SELECT
  'schema' AS kind,
  null::text AS schema,
  s.nspname::text AS name,
  null::text AS parent,
  '{}'::jsonb AS attributes,
  pg_catalog.format('CREATE SCHEMA %%I', s.nspname) AS definition
FROM scope_schema AS s
