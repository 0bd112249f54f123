-- One row: how many connections the server takes, keeps for superusers and the like, and has in use by others than
-- pgfleet; how many our role may have (NULL: any number), and how many others use under it.
-- To a role that may not see them, what another role's backends are for is hidden; a client's has a database.
WITH others AS (
  SELECT activity.usesysid
  FROM pg_catalog.pg_stat_activity AS activity
  WHERE coalesce(activity.backend_type, 'client backend') = 'client backend'
    AND activity.datid IS NOT NULL
    AND coalesce(activity.application_name, '') NOT LIKE 'pgfleet%'
    AND activity.pid <> pg_catalog.pg_backend_pid()
)
SELECT
  pg_catalog.current_setting('max_connections')::int AS most,
  pg_catalog.current_setting('superuser_reserved_connections')::int
    + coalesce(pg_catalog.current_setting('reserved_connections', true), '0')::int AS reserved,  -- since PostgreSQL 16
  (SELECT pg_catalog.count(*) FROM others)::int AS used,
  CASE WHEN role.rolconnlimit >= 0 AND NOT role.rolsuper THEN role.rolconnlimit END AS role_most,
  (SELECT pg_catalog.count(*) FROM others WHERE others.usesysid = role.oid)::int AS role_used
FROM pg_catalog.pg_roles AS role
WHERE role.rolname = SESSION_USER
