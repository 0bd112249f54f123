-- What the session's login and those of these names may do beyond the tenant: one row each, with the role attributes and
-- the powerful roles that it has itself or through a membership, and what it can read or owns elsewhere: databases of the
-- server with tables that it owns, or has a privilege on (not one of PUBLIC), and schemas of this database.
WITH logins AS (
  SELECT r.oid, r.rolname, r.rolsuper
  FROM pg_catalog.pg_roles AS r
  WHERE r.rolname = SESSION_USER OR r.rolname = ANY(%(logins)s::text[])
),

roles AS (
  SELECT l.oid AS login, m.*
  FROM logins AS l
  INNER JOIN pg_catalog.pg_roles AS m
    ON l.oid = m.oid OR (NOT l.rolsuper AND pg_catalog.pg_has_role(l.oid, m.oid, 'MEMBER'))
),

databases AS (
  SELECT m.login, d.datname, pg_catalog.bool_or(s.deptype = 'o' OR d.datdba = m.oid) AS is_owned
  FROM roles AS m
  INNER JOIN pg_catalog.pg_database AS d ON d.datname <> pg_catalog.current_database() AND NOT d.datistemplate
  LEFT JOIN pg_catalog.pg_shdepend AS s
    ON
      d.oid = s.dbid
      AND m.oid = s.refobjid
      AND s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND s.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
  WHERE
    pg_catalog.has_database_privilege(m.login, d.oid, 'CONNECT')
    AND (s.deptype IN ('o', 'a') OR d.datdba = m.oid OR m.rolname = 'pg_read_all_data')
  GROUP BY m.login, d.datname
),

schemas AS (
  SELECT l.oid AS login, n.nspname, pg_catalog.pg_has_role(l.oid, n.nspowner, 'MEMBER') AS is_owned
  FROM logins AS l
  INNER JOIN pg_catalog.pg_namespace AS n ON pg_catalog.has_schema_privilege(l.oid, n.oid, 'USAGE')
  WHERE n.nspname <> %(home)s AND n.nspname !~ '^pg_' AND NOT l.rolsuper
)

SELECT
  l.rolname,
  l.rolname = SESSION_USER AS is_own,
  ARRAY(
    SELECT DISTINCT a.name
    FROM roles AS m
    CROSS JOIN LATERAL (
      VALUES
      ('SUPERUSER', m.rolsuper),
      ('CREATEROLE', m.rolcreaterole),
      ('CREATEDB', m.rolcreatedb),
      ('REPLICATION', m.rolreplication),
      ('BYPASSRLS', m.rolbypassrls),
      (m.rolname::text, m.rolname = ANY('{pg_execute_server_program,pg_read_server_files,pg_write_server_files,pg_write_all_data}'))
    ) AS a (name, is_there)
    WHERE l.oid = m.login AND a.is_there
    ORDER BY a.name
  ) AS powers,
  ARRAY(SELECT d.datname::text FROM databases AS d WHERE l.oid = d.login AND NOT d.is_owned ORDER BY 1) AS readable_databases,
  ARRAY(SELECT d.datname::text FROM databases AS d WHERE l.oid = d.login AND d.is_owned ORDER BY 1) AS owned_databases,
  ARRAY(SELECT s.nspname::text FROM schemas AS s WHERE l.oid = s.login AND NOT s.is_owned ORDER BY 1) AS readable_schemas,
  ARRAY(SELECT s.nspname::text FROM schemas AS s WHERE l.oid = s.login AND s.is_owned ORDER BY 1) AS owned_schemas
FROM logins AS l
ORDER BY l.rolname
