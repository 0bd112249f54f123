-- Whose session this is: one row, the process that serves it, and whether its server is a standby.
SELECT
  pg_catalog.pg_backend_pid() AS pid,
  pg_catalog.pg_is_in_recovery() AS is_standby
