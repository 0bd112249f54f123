-- Tables in scope: one row each, without what has a row of its own (columns, constraints, indexes, triggers).
SELECT
  'table' AS kind,
  s.schema::text AS schema,
  s.relname::text AS name,
  null::text AS parent,
  jsonb_build_object(
    'form', CASE s.relkind WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'ordinary' END,
    'partition_key', pg_catalog.pg_get_partkeydef(s.oid),
    'unlogged', s.relpersistence = 'u'
  ) AS attributes,
  format(
    'CREATE %%sTABLE %%s%%I%%s',
    CASE WHEN s.relkind = 'f' THEN 'FOREIGN ' WHEN s.relpersistence = 'u' THEN 'UNLOGGED ' END,
    quote_ident(s.schema) || '.',
    s.relname,
    ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(s.oid)
  ) AS definition
FROM scope AS s
WHERE s.relkind IN ('r', 'p', 'f')
ORDER BY s.schema, s.relname
