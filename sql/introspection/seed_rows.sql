-- Rows of a seeded table, one JSON object each: those with one of the given keys, or all if no keys are given.
SELECT pg_catalog.to_jsonb(t) AS row
FROM {table} AS t
WHERE %(keys)s::jsonb IS NULL OR %(keys)s::jsonb @> pg_catalog.jsonb_build_array(pg_catalog.jsonb_build_array({key}))
ORDER BY pg_catalog.to_jsonb(t)::text
