-- What differs in the catalog from the states that were read before, whose keys are known: one row with the new states,
-- and the keys of the states that no longer exist. A key is a hash of all that a state says, its definition included.
SELECT
  coalesce(
    pg_catalog.jsonb_agg(
      found.object || pg_catalog.jsonb_build_object(
        'key', found.key,
        'digest', pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(found.line, 'UTF8')), 'hex')
      )
      ORDER BY found.line COLLATE "C"
    ) FILTER (WHERE known.key IS NULL),
    '[]'
  ) AS added,
  coalesce(pg_catalog.array_agg(known.key) FILTER (WHERE found.key IS NULL), '{}') AS gone
FROM (
  SELECT
    pg_catalog.to_jsonb(objects) AS object,
    pg_catalog.concat_ws('|', kind, coalesce(schema, ''), name, attributes::text) AS line,
    pg_catalog.hashtextextended(pg_catalog.to_jsonb(objects)::text, 0) AS key
  FROM objects
) AS found
FULL JOIN pg_catalog.unnest(%(known)s::bigint[]) AS known (key)
  ON found.key = known.key
