-- Fails if a parameter of the prepared statement pgfleet_contract has a domain whose constraints use functions that are not
-- the server's own: the server calls them for a value of the parameter, even NULL.
DO $pgfleet$
DECLARE
  name text;
BEGIN
  WITH RECURSIVE types AS (
    SELECT t.oid, t.typbasetype, t.oid AS parameter
    FROM pg_catalog.pg_prepared_statements AS p
    CROSS JOIN LATERAL pg_catalog.unnest(p.parameter_types) AS found (type)
    INNER JOIN pg_catalog.pg_type AS t ON found.type::oid = t.oid
    WHERE p.name = 'pgfleet_contract'
    UNION
    SELECT used.oid, used.typbasetype, t.parameter
    FROM types AS t
    INNER JOIN pg_catalog.pg_type AS used
      ON t.typbasetype = used.oid
      OR EXISTS (  -- a constraint may cast to another domain
        SELECT FROM pg_catalog.pg_constraint AS k
        WHERE k.contypid = t.oid AND pg_catalog.strpos(k.conbin::text, ':resulttype ' || used.oid || ' ') > 0
      )
    WHERE used.typtype = 'd' OR t.typbasetype = used.oid
  )

  SELECT pg_catalog.format_type(t.parameter, NULL)
  INTO name
  FROM types AS t
  INNER JOIN pg_catalog.pg_constraint AS k ON t.oid = k.contypid
  WHERE
    EXISTS (
      SELECT FROM pg_catalog.regexp_matches(k.conbin::text, ':(?:funcid|opfuncid) ([0-9]+) ', 'g') AS m (found)
      WHERE m.found[1]::bigint >= 16384
    )
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING
      ERRCODE = 'object_not_in_prerequisite_state',
      MESSAGE = pg_catalog.format('not planned: a constraint of the domain %s calls a function that is not the server''s own', name);
  END IF;
END
$pgfleet$
