-- Takes a tenant's lock until it is released or the session ends, if it is free: one row, whether it was taken. Behind a
-- pooler that shares this session among clients, which shows in another process id than the client's, it is not.
SELECT
  CASE
    WHEN %(is_own)s OR pg_catalog.pg_backend_pid() = %(pid)s::integer
      THEN pg_catalog.pg_try_advisory_lock(
        pg_catalog.hashtextextended(pg_catalog.format('pgfleet %%s %%s', pg_catalog.current_database(), %(home)s::text), 0)
      )
    ELSE false
  END AS is_ours
