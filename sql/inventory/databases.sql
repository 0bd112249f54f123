-- Names of a server's databases that match, without templates, databases that do not allow connections, and the scratch
-- databases of current replays. If `names` is not null, only those names.
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
