-- Is there a table of finished statements? One row; needs no privilege on it.
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_class AS c
  INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
  WHERE n.nspname = 'pgfleet' AND c.relname = 'ledger_statements'
) AS found
