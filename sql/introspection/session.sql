-- The session: one row, with its server process and whether the server is a standby.
SELECT
  pg_catalog.pg_backend_pid() AS pid,
  pg_catalog.pg_is_in_recovery() AS is_standby
