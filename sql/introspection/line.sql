-- The objects, one row each, as they are compared: `line` says all that is compared of the object, `digest` is its
-- SHA-256, `is_managed` says whether the manifest contains the object.
--
-- OFFSET 0, here and in the queries of the objects, keeps the planner from merging a subquery into the query around it:
-- the server would compute its columns again wherever the query names them.
SELECT
  objects.*,
  lines.line,
  lines.is_managed,
  pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(lines.line, 'UTF8')), 'hex') AS digest
FROM objects
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.concat_ws('|', objects.kind, coalesce(objects.schema, ''), objects.name, objects.attributes::text) AS line,
    %(everything)s
    OR pg_catalog.concat_ws('|', objects.kind, coalesce(objects.schema, ''), objects.name) = ANY(%(managed)s::text[]) AS is_managed
  OFFSET 0
) AS lines
