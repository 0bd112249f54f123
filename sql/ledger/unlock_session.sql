-- Gives the session's lock of a tenant back: one row, whether it was ours.
SELECT pg_catalog.pg_advisory_unlock(
  pg_catalog.hashtextextended(pg_catalog.format('pgfleet %%s %%s', pg_catalog.current_database(), %(home)s::text), 0)
) AS was_ours
