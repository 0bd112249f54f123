-- The rows of a control plane's query, in its order: the name, and all columns as one JSON object. If `names` is not
-- null, only those names. A query without a column `name` fails as an undefined column, even if it returns no rows.
SELECT
  found.name::text AS name,
  pg_catalog.row_to_json(found)::text AS record
FROM (
{query}
) AS found
WHERE (%(names)s::text[] IS NULL OR found.name::text = ANY(%(names)s::text[]))
