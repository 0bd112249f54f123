-- Constraints and constraint triggers that are initially deferred, as names for SET CONSTRAINTS: one row. Leaves out a
-- name that a constraint of the same schema has that is not deferrable, because the server rejects the statement then.
SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%%I.%%I', n.nspname, c.conname), ', ') AS names
FROM pg_catalog.pg_constraint AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.connamespace = n.oid
WHERE
  c.condeferred
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_constraint AS o
    WHERE o.connamespace = c.connamespace AND o.conname = c.conname AND NOT o.condeferrable
  )
