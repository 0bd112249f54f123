-- Does the ledger allow the event `reverted`? One row.
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_constraint AS c
  INNER JOIN pg_catalog.pg_class AS t ON c.conrelid = t.oid
  INNER JOIN pg_catalog.pg_namespace AS n ON t.relnamespace = n.oid
  WHERE
    n.nspname = 'pgfleet' AND t.relname = 'ledger_events' AND c.contype = 'c'
    AND pg_catalog.strpos(pg_catalog.pg_get_constraintdef(c.oid), '''reverted''') > 0
) AS is_allowed
