-- Is there a migration tool's ledger? One row: null if there is none, false if the name is not that of a table.
SELECT (
  SELECT c.relkind IN ('r', 'p')
  FROM pg_catalog.pg_class AS c
  INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
  WHERE n.nspname = %(schema)s AND c.relname = %(name)s
) AS is_table
