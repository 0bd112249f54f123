-- Defers the constraints and constraint triggers again that are initially deferred. Leaves out a name that a constraint of
-- the same schema has that is not deferrable, because SET CONSTRAINTS rejects it then. Returns nothing.
DO $pgfleet$
DECLARE
  names text;
BEGIN
  SELECT pg_catalog.string_agg(DISTINCT pg_catalog.format('%I.%I', n.nspname, c.conname), ', ')
  INTO names
  FROM pg_catalog.pg_constraint AS c
  INNER JOIN pg_catalog.pg_namespace AS n ON c.connamespace = n.oid
  WHERE
    c.condeferred
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS o
      WHERE o.connamespace = c.connamespace AND o.conname = c.conname AND NOT o.condeferrable
    );
  IF names IS NOT NULL THEN
    EXECUTE pg_catalog.concat('SET CONSTRAINTS ', names, ' DEFERRED');
  END IF;
END
$pgfleet$
