-- Rows of a seeded table, one JSON object each: those with one of the given keys, or all if no keys are given.
SELECT to_jsonb(t) AS row
FROM {table} AS t
WHERE %(keys)s::jsonb IS NULL OR %(keys)s::jsonb @> jsonb_build_array(jsonb_build_array({key}))
ORDER BY to_jsonb(t)::text
