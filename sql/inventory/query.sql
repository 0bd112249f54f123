-- The rows of a control plane's query, in its order: the name, and all columns as one JSON object.
-- Where `names` is not null, of those names alone. A query without a column `name` is an undefined column here, whether or
-- not it returns any rows.
SELECT
  found.name::text AS name,
  row_to_json(found)::text AS record
FROM (
{query}
) AS found
WHERE (%(names)s::text[] IS NULL OR found.name::text = ANY(%(names)s::text[]))
