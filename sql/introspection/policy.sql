-- Row-security policies of the tables in scope: one row each. Whether they are enforced belongs to the table.
SELECT
  'policy' AS kind,
  s.schema::text AS schema,
  s.label || '.' || CASE WHEN pg_catalog.strpos(p.polname, '.') > 0 THEN pg_catalog.quote_ident(p.polname) ELSE p.polname END AS name,
  s.relname::text AS parent,
  pg_catalog.jsonb_build_object(
    'command', c.command,
    'permissive', p.polpermissive,
    'roles', r.names,
    'using', pg_catalog.pg_get_expr(p.polqual, p.polrelid),
    'check', pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
  ) AS attributes,
  pg_catalog.concat_ws(
    ' ',
    pg_catalog.format('CREATE POLICY %%I ON %%s%%I', p.polname, pg_catalog.quote_ident(s.schema) || '.', s.relname),
    CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
    'FOR ' || c.command,
    'TO ' || pg_catalog.array_to_string(r.names, ', '),
    'USING (' || pg_catalog.pg_get_expr(p.polqual, p.polrelid) || ')',
    'WITH CHECK (' || pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) || ')'
  ) AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_policy AS p ON s.oid = p.polrelid
CROSS JOIN LATERAL (
  SELECT
    CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END
      AS command
) AS c
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(role.name ORDER BY role.name) AS names
  FROM (
    SELECT CASE member WHEN 0 THEN 'PUBLIC' ELSE member::pg_catalog.regrole::text END AS name
    FROM pg_catalog.unnest(p.polroles) AS member
  ) AS role
) AS r
