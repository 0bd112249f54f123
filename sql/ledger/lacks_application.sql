-- Was the ledger created by an earlier version of pgfleet, whose events do not say which application wrote them, and may
-- this role change that? One row.
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_class AS c
  INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
  WHERE
    n.nspname = 'pgfleet' AND c.relname = 'ledger_events' AND c.relkind = 'r'
    AND pg_catalog.pg_has_role(c.relowner, 'USAGE')
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = c.oid AND a.attname = 'application'
    )
) AS lacks_application
