-- Tables in scope: one row each, without columns, constraints, indexes, triggers, policies, and privileges, which have
-- rows of their own. Includes rewrite rules and parents.
SELECT
  'table' AS kind,
  s.schema::text AS schema,
  s.relname::text AS name,
  null::text AS parent,
  pg_catalog.jsonb_build_object(
    'form', CASE s.relkind WHEN 'p' THEN 'partitioned' WHEN 'f' THEN 'foreign' ELSE 'ordinary' END,
    'partition_key', pg_catalog.pg_get_partkeydef(s.oid),
    'unlogged', s.relpersistence = 'u',
    'row_security', s.relrowsecurity,
    'row_security_forced', s.relforcerowsecurity,
    'inherits', p.names,
    'of_type', nullif(c.reloftype, 0)::pg_catalog.regtype::text,
    'server', f.server,
    'rules', r.definitions
  ) AS attributes,
  pg_catalog.concat_ws(
    E';\n',
    pg_catalog.format(
      'CREATE %%sTABLE %%s%%s%%s%%s%%s',
      CASE WHEN s.relkind = 'f' THEN 'FOREIGN ' WHEN s.relpersistence = 'u' THEN 'UNLOGGED ' END,
      t.name,
      ' OF ' || nullif(c.reloftype, 0)::pg_catalog.regtype::text,
      ' PARTITION BY ' || pg_catalog.pg_get_partkeydef(s.oid),
      ' INHERITS (' || pg_catalog.array_to_string(p.names, ', ') || ')',
      ' SERVER ' || pg_catalog.quote_ident(f.server)
    ),
    CASE WHEN s.relrowsecurity THEN pg_catalog.format('ALTER TABLE %%s ENABLE ROW LEVEL SECURITY', t.name) END,
    CASE WHEN s.relforcerowsecurity THEN pg_catalog.format('ALTER TABLE %%s FORCE ROW LEVEL SECURITY', t.name) END,
    pg_catalog.array_to_string(r.definitions, E';\n')
  ) AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_class AS c ON s.oid = c.oid
LEFT JOIN LATERAL (
  SELECT v.srvname::text AS server
  FROM pg_catalog.pg_foreign_table AS r
  INNER JOIN pg_catalog.pg_foreign_server AS v ON r.ftserver = v.oid
  WHERE r.ftrelid = s.oid
) AS f ON true
CROSS JOIN LATERAL (SELECT pg_catalog.concat(pg_catalog.quote_ident(s.schema) || '.', pg_catalog.quote_ident(s.relname)) AS name) AS t
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(i.inhparent::pg_catalog.regclass::text ORDER BY i.inhseqno) AS names
  FROM pg_catalog.pg_inherits AS i
  WHERE i.inhrelid = s.oid
) AS p
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.array_agg(
      pg_catalog.rtrim(pg_catalog.pg_get_ruledef(w.oid, true), ';')
      || CASE WHEN w.ev_enabled = 'O' THEN '' ELSE ' (SWITCHED OFF: ' || w.ev_enabled::text || ')' END
      ORDER BY w.rulename
    ) AS definitions
  FROM pg_catalog.pg_rewrite AS w
  WHERE w.ev_class = s.oid AND w.rulename <> '_RETURN'
) AS r
WHERE s.relkind IN ('r', 'p', 'f')
