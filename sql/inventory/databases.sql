-- The databases of a server that can be tenants, each its name: those that fit, less templates, those that let nobody in,
-- and the scratch databases of replays under way. Where `names` is not null, of those names alone.
SELECT d.datname::text AS name
FROM pg_catalog.pg_database AS d
WHERE
  NOT d.datistemplate
  AND d.datallowconn
  AND d.datname !~ '^pgfleet_scratch_'
  AND (%(like)s::text IS NULL OR d.datname LIKE %(like)s::text)
  AND (%(regex)s::text IS NULL OR d.datname ~ %(regex)s::text)
  AND (%(names)s::text[] IS NULL OR d.datname = ANY(%(names)s::text[]))
ORDER BY d.datname
