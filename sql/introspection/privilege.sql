-- Privileges on objects in scope that the manifest grants, or revokes from PUBLIC: one row per privilege and grantee.
-- In a tenant, only those of grantees to whom the manifest grants something on the same object: the rest, including
-- what ALTER DEFAULT PRIVILEGES adds, is the tenant's own business. An owner's privileges are implicit (PostgreSQL
-- manual, 5.8 Privileges). What PUBLIC may do in the home schema depends on the server's version and on who created the
-- schema, so it only counts as far as the manifest revokes it.
WITH objects_with_privileges AS (
  SELECT
    CASE s.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS target,
    null::text AS target_column,
    s.schema,
    s.label AS object,
    s.relname::text AS parent,
    pg_catalog.concat(pg_catalog.quote_ident(s.schema) || '.', pg_catalog.quote_ident(s.relname)) AS written,
    s.relowner AS owner,
    s.relacl AS acl,
    pg_catalog.acldefault(CASE s.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", s.relowner) AS initial
  FROM scope AS s
  UNION ALL
  SELECT
    'TABLE', pg_catalog.quote_ident(a.attname), s.schema,
    s.label || '.' || CASE WHEN pg_catalog.strpos(a.attname, '.') > 0 THEN pg_catalog.quote_ident(a.attname) ELSE a.attname END,
    s.label || '.' || CASE WHEN pg_catalog.strpos(a.attname, '.') > 0 THEN pg_catalog.quote_ident(a.attname) ELSE a.attname END,
    pg_catalog.concat(pg_catalog.quote_ident(s.schema) || '.', pg_catalog.quote_ident(s.relname)), s.relowner, a.attacl, null
  FROM scope AS s
  INNER JOIN pg_catalog.pg_attribute AS a ON s.oid = a.attrelid AND a.attacl IS NOT NULL AND NOT a.attisdropped
  UNION ALL
  SELECT
    'ROUTINE', null, f.schema, f.label, f.label,
    pg_catalog.concat(
      pg_catalog.quote_ident(f.schema) || '.',
      pg_catalog.format('%%I(%%s)', p.proname, pg_catalog.oidvectortypes(p.proargtypes))
    ),
    f.proowner, f.proacl, pg_catalog.acldefault('f', f.proowner)
  FROM scope_function AS f
  INNER JOIN pg_catalog.pg_proc AS p ON f.oid = p.oid
  UNION ALL
  SELECT
    'TYPE', null, t.schema, t.typname, t.typname, pg_catalog.concat(pg_catalog.quote_ident(t.schema) || '.', pg_catalog.quote_ident(t.typname)),
    t.typowner, t.typacl, pg_catalog.acldefault('T', t.typowner)
  FROM scope_type AS t
  UNION ALL
  SELECT
    'SCHEMA', null, n.nspname, 'SCHEMA', null, pg_catalog.quote_ident(n.nspname), n.nspowner, n.nspacl, pg_catalog.acldefault('n', n.nspowner)
  FROM scope_schema AS n
  UNION ALL
  SELECT
    'SCHEMA', null, null, 'SCHEMA', null, pg_catalog.quote_ident(n.nspname), n.nspowner,
    coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner)),
    CASE
      WHEN %(everything)s
        THEN coalesce(
          (SELECT i.initprivs FROM pg_catalog.pg_init_privs AS i WHERE i.classoid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND i.objoid = n.oid),
          pg_catalog.acldefault('n', n.nspowner)
        )
      ELSE ARRAY[pg_catalog.makeaclitem(0, n.nspowner, 'USAGE', false), pg_catalog.makeaclitem(0, n.nspowner, 'CREATE', false)]
    END
  FROM pg_catalog.pg_namespace AS n
  WHERE (SELECT h.is_used FROM home_path AS h) AND n.nspname = %(home)s
),

granted AS (
  SELECT
    o.*,
    CASE x.grantee WHEN 0 THEN 'PUBLIC' ELSE x.grantee::pg_catalog.regrole::text END AS grantee,
    x.grantee = o.owner AS is_owner,
    x.privilege_type AS privilege,
    pg_catalog.bool_or(x.is_grantable) AS is_grantable,
    true AS is_granted,
    EXISTS (
      SELECT FROM pg_catalog.aclexplode(o.initial) AS i
      WHERE i.grantee = x.grantee AND i.privilege_type = x.privilege_type
    ) AS is_initial
  FROM objects_with_privileges AS o
  CROSS JOIN LATERAL pg_catalog.aclexplode(coalesce(o.acl, o.initial)) AS x
  GROUP BY
    o.target, o.target_column, o.schema, o.object, o.parent, o.written, o.owner, o.acl, o.initial, x.grantee, x.privilege_type
  UNION ALL
  -- Default privileges of PUBLIC that were revoked.
  SELECT o.*, 'PUBLIC', false, i.privilege_type, false, false, false
  FROM objects_with_privileges AS o
  CROSS JOIN LATERAL pg_catalog.aclexplode(o.initial) AS i
  WHERE
    i.grantee = 0
    AND o.acl IS NOT NULL
    AND NOT EXISTS (
      SELECT FROM pg_catalog.aclexplode(o.acl) AS x
      WHERE x.grantee = 0 AND x.privilege_type = i.privilege_type
    )
),

named AS (
  SELECT
    g.*,
    pg_catalog.format('%%s %%s %%s %%s', g.object, g.privilege, CASE WHEN g.is_granted THEN 'TO' ELSE 'NOT TO' END, g.grantee) AS name
  FROM granted AS g
)

SELECT
  'privilege' AS kind,
  n.schema::text AS schema,
  n.name,
  n.parent,
  pg_catalog.jsonb_build_object(
    'object', n.object,
    'grantee', n.grantee,
    'grantable', n.is_grantable AND NOT n.is_owner
  ) AS attributes,
  pg_catalog.format(
    '%%s %%s%%s ON %%s %%s %%s %%s%%s',
    CASE WHEN n.is_granted THEN 'GRANT' ELSE 'REVOKE' END,
    n.privilege,
    ' (' || n.target_column || ')',
    n.target,
    n.written,
    CASE WHEN n.is_granted THEN 'TO' ELSE 'FROM' END,
    n.grantee,
    CASE WHEN n.is_grantable THEN ' WITH GRANT OPTION' END
  ) AS definition
FROM named AS n
WHERE
  CASE
    WHEN %(everything)s THEN NOT n.is_owner AND NOT n.is_initial
    ELSE
      pg_catalog.concat_ws('|', coalesce(n.schema, ''), n.object, n.grantee) = ANY(%(grantees)s::text[])
      AND (
        NOT (n.is_owner OR (n.target = 'SCHEMA' AND n.schema IS NULL AND n.grantee = 'PUBLIC'))
        OR 'privilege|' || coalesce(n.schema, '') || '|' || n.name = ANY(%(managed)s::text[])
        OR 'privilege||' || pg_catalog.replace(n.name, ' TO PUBLIC', ' NOT TO PUBLIC') = ANY(%(managed)s::text[])
      )
  END
