-- Indexes of the tables in scope: one row each. The index of a constraint belongs to that constraint. An index that a
-- failed CREATE INDEX CONCURRENTLY left exists but is INVALID: no query uses it. Storage parameters are shown but not
-- compared, as for a table; the server includes them in the definition.
SELECT
  'index' AS kind,
  s.schema::text AS schema,
  x.relname::text AS name,
  s.relname::text AS parent,
  pg_catalog.jsonb_build_object(
    'definition', pg_catalog.replace(d.definition, coalesce(w.written, ''), ''),
    'valid', i.indisvalid,
    'ready', i.indisready
  ) AS attributes,
  d.definition
  || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' (INVALID: no query uses it)' END AS definition
FROM scope AS s
INNER JOIN pg_catalog.pg_index AS i ON s.oid = i.indrelid
INNER JOIN pg_catalog.pg_class AS x ON i.indexrelid = x.oid
CROSS JOIN LATERAL (SELECT pg_catalog.pg_get_indexdef(i.indexrelid, 0, true) AS definition OFFSET 0) AS d
CROSS JOIN LATERAL (
  SELECT
    ' WITH (' || pg_catalog.string_agg(
      pg_catalog.format(
        '%%I=%%s', o.option_name, CASE WHEN pg_catalog.quote_ident(o.option_value) = o.option_value THEN o.option_value ELSE pg_catalog.quote_literal(o.option_value) END
      ),
      ', ' ORDER BY o.place
    ) || ')' AS written
  FROM (
    SELECT pg_catalog.split_part(u.option, '=', 1) AS option_name, pg_catalog.substr(u.option, pg_catalog.strpos(u.option, '=') + 1) AS option_value, u.place
    FROM pg_catalog.unnest(x.reloptions) WITH ORDINALITY AS u (option, place)
  ) AS o
) AS w
WHERE NOT EXISTS (
  SELECT FROM pg_catalog.pg_constraint AS c
  WHERE c.conindid = i.indexrelid AND c.conrelid = i.indrelid AND c.contype IN ('p', 'u', 'x')
  OFFSET 0
)
