-- Releases the session's lock of a tenant: one row, whether the session held it.
SELECT pg_catalog.pg_advisory_unlock(
  pg_catalog.hashtextextended(pg_catalog.format('pgfleet %%s %%s', pg_catalog.current_database(), %(home)s::text), 0)
) AS was_ours
