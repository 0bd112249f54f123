-- Takes a tenant's lock until the transaction ends, if it is free: one row, whether it was taken.
SELECT pg_catalog.pg_try_advisory_xact_lock(
  pg_catalog.hashtextextended(pg_catalog.format('pgfleet %%s %%s', pg_catalog.current_database(), %(home)s::text), 0)
) AS is_ours
