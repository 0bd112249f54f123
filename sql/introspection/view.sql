-- Views and materialised views in scope: one row each. Whether a materialised one was ever filled is no part of it.
SELECT
  'view' AS kind,
  s.schema::text AS schema,
  s.relname::text AS name,
  null::text AS parent,
  jsonb_build_object(
    'materialized', s.relkind = 'm',
    'query', v.query,
    'columns', c.names,
    'options', o.options,
    'rules', r.definitions
  ) AS attributes,
  concat_ws(
    E';\n',
    format(
      E'CREATE %%sVIEW %%s%%s AS\n%%s',
      CASE WHEN s.relkind = 'm' THEN 'MATERIALIZED ' END,
      concat(quote_ident(s.schema) || '.', quote_ident(s.relname)),
      ' WITH (' || array_to_string(o.options, ', ') || ')',
      v.query
    ),
    array_to_string(r.definitions, E';\n')
  ) AS definition
FROM scope AS s
CROSS JOIN LATERAL (SELECT rtrim(pg_catalog.pg_get_viewdef(s.oid, true), ';') AS query) AS v
CROSS JOIN LATERAL (
  SELECT array_agg(format('%%s %%s', a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum) AS names
  FROM pg_catalog.pg_attribute AS a
  WHERE a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS c
CROSS JOIN LATERAL (
  SELECT array_agg(option ORDER BY option) AS options
  FROM unnest(s.reloptions) AS option
  WHERE s.relkind = 'v'  -- of a materialised view they are storage parameters, as of a table
) AS o
CROSS JOIN LATERAL (
  SELECT array_agg(rtrim(pg_catalog.pg_get_ruledef(w.oid, true), ';') ORDER BY w.rulename) AS definitions
  FROM pg_catalog.pg_rewrite AS w
  WHERE w.ev_class = s.oid AND w.rulename <> '_RETURN'
) AS r
WHERE s.relkind IN ('v', 'm')
ORDER BY s.schema, s.relname
