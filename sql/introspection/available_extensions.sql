-- The given extensions that can be installed on this server, with the version that CREATE EXTENSION installs: one row.
SELECT coalesce(pg_catalog.string_agg(pg_catalog.concat_ws(' ', e.name, e.default_version), ', ' ORDER BY e.name), '') AS found
FROM pg_catalog.pg_available_extensions() AS e
WHERE e.name = ANY(%(names)s::text[])
