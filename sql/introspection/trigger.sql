-- Triggers of the tables in scope, except those of foreign keys: one row each, with whether it fires.
SELECT
  'trigger' AS kind,
  s.schema::text AS schema,
  s.label || '.' || CASE WHEN pg_catalog.strpos(t.tgname, '.') > 0 THEN pg_catalog.quote_ident(t.tgname) ELSE t.tgname END AS name,
  s.relname::text AS parent,
  pg_catalog.jsonb_build_object(
    'definition', d.definition,
    'enabled', t.tgenabled
  ) AS attributes,
  d.definition
  || CASE t.tgenabled
    WHEN 'D' THEN ' (DISABLED: it never fires)'
    WHEN 'R' THEN ' (ENABLED REPLICA: it fires on a replica only)'
    WHEN 'A' THEN ' (ENABLED ALWAYS)'
    ELSE ''
  END AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_trigger AS t ON s.oid = t.tgrelid
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_triggerdef(t.oid, true) AS definition OFFSET 0) AS d
WHERE NOT t.tgisinternal
