-- Names of a database's schemas that match, without those of the server and of the ledger. If `names` is not null, only
-- those names.
SELECT n.nspname::text AS name
FROM pg_catalog.pg_namespace AS n
WHERE
  n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'pgfleet')
  AND (%(like)s::text IS NULL OR n.nspname LIKE %(like)s::text)
  AND (%(regex)s::text IS NULL OR n.nspname ~ %(regex)s::text)
  AND (%(names)s::text[] IS NULL OR n.nspname = ANY(%(names)s::text[]))
ORDER BY n.nspname
