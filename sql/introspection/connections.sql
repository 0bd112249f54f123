-- One row: the server's connection limit, the slots reserved for superusers and the like, and the connections of
-- clients other than pgfleet; then our role's connection limit (null: none), and its connections outside of pgfleet.
-- The backend type of another role's connection may be hidden from us, so a client is recognized by its database.
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
