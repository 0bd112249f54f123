-- The search path of a session: one row, with the home schema followed by the schemas of the manifest's extensions.
-- Excludes schemas with a table that the manifest manages: they belong to another tenant, and a name that is missing in
-- the home schema must not be found there.
SELECT pg_catalog.concat_ws(
  ', ',
  pg_catalog.quote_ident(%(home)s),
  (
    SELECT pg_catalog.string_agg(DISTINCT pg_catalog.quote_ident(n.nspname), ', ')
    FROM pg_catalog.pg_extension AS e
    INNER JOIN pg_catalog.pg_namespace AS n ON e.extnamespace = n.oid
    WHERE
      e.extname = ANY(%(extensions)s::text[])
      AND n.nspname NOT IN (%(home)s, 'pg_catalog')
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_class AS c
        WHERE c.relnamespace = n.oid AND c.relname = ANY(%(managed_names)s::text[])
      )
  )
) AS search_path
