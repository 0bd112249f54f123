-- The same lock until it is given back or the session ends: one row, whether it was had.
SELECT pg_catalog.pg_try_advisory_lock(
  pg_catalog.hashtextextended(pg_catalog.format('pgfleet %%s %%s', pg_catalog.current_database(), %(home)s::text), 0)
) AS is_ours
