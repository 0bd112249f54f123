-- Sequences in scope: one row each, with bounds and owning column; the current value is not compared.
SELECT
  'sequence' AS kind,
  s.schema::text AS schema,
  s.relname::text AS name,
  o.relname::text AS parent,
  pg_catalog.jsonb_build_object(
    'type', pg_catalog.format_type(q.seqtypid, null),
    'start', q.seqstart,
    'increment', q.seqincrement,
    'minimum', q.seqmin,
    'maximum', q.seqmax,
    'cache', q.seqcache,
    'cycle', q.seqcycle,
    'owned_by', o.relname || '.' || o.attname,
    'unlogged', u.is_unlogged
  ) AS attributes,
  pg_catalog.format(
    'CREATE %%sSEQUENCE %%s%%I AS %%s START %%s INCREMENT %%s MINVALUE %%s MAXVALUE %%s CACHE %%s%%s%%s',
    CASE WHEN u.is_unlogged THEN 'UNLOGGED ' END,
    pg_catalog.quote_ident(s.schema) || '.',
    s.relname, pg_catalog.format_type(q.seqtypid, null),
    q.seqstart, q.seqincrement, q.seqmin, q.seqmax, q.seqcache,
    CASE WHEN q.seqcycle THEN ' CYCLE' END,
    ' OWNED BY ' || pg_catalog.quote_ident(o.relname) || '.' || pg_catalog.quote_ident(o.attname)
  ) AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_sequence AS q ON s.oid = q.seqrelid
LEFT JOIN LATERAL (
  SELECT
    c.relname,
    c.relpersistence,
    a.attname
  FROM pg_catalog.pg_depend AS d
  INNER JOIN pg_catalog.pg_class AS c ON d.refobjid = c.oid
  INNER JOIN pg_catalog.pg_attribute AS a ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum
  WHERE
    d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND d.objid = s.oid AND d.deptype IN ('a', 'i')
  OFFSET 0
) AS o ON true
CROSS JOIN LATERAL (
  -- Since PostgreSQL 15, the sequence of an unlogged table is unlogged too, which belongs to the table.
  SELECT s.relpersistence = 'u' AND o.relpersistence IS DISTINCT FROM 'u' AS is_unlogged
) AS u
