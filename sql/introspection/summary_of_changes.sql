-- What differs in the catalog from the states that were read before, whose keys are known: one row with the new states,
-- and the keys of the states that no longer exist. A key is a hash of all that a state says, its definition included.
SELECT
  coalesce(
    pg_catalog.jsonb_agg(
      found.object || pg_catalog.jsonb_build_object('key', found.key, 'digest', found.digest)
      ORDER BY found.line COLLATE "C"
    ) FILTER (WHERE known.key IS NULL),
    '[]'
  ) AS added,
  coalesce(pg_catalog.array_agg(known.key) FILTER (WHERE found.key IS NULL), '{}') AS gone
FROM (
  SELECT
    l.line,
    l.digest,
    o.object,
    pg_catalog.hashtextextended(o.object::text, 0) AS key
  FROM lines AS l
  CROSS JOIN LATERAL (
    SELECT
      pg_catalog.jsonb_build_object(
        'kind', l.kind, 'schema', l.schema, 'name', l.name, 'parent', l.parent, 'attributes', l.attributes, 'definition', l.definition
      ) AS object
    OFFSET 0
  ) AS o
) AS found
FULL JOIN pg_catalog.unnest(%(known)s::bigint[]) AS known (key)
  ON found.key = known.key
