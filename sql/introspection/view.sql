-- Views and materialized views in scope: one row each. Whether a materialized view was ever filled is not compared.
SELECT
  'view' AS kind,
  s.schema::text AS schema,
  s.relname::text AS name,
  null::text AS parent,
  pg_catalog.jsonb_build_object(
    'materialized', s.relkind = 'm',
    'query', v.query,
    'columns', c.names,
    'options', o.options,
    'rules', r.definitions
  ) AS attributes,
  pg_catalog.concat_ws(
    E';\n',
    pg_catalog.format(
      E'CREATE %%sVIEW %%s%%s AS\n%%s',
      CASE WHEN s.relkind = 'm' THEN 'MATERIALIZED ' END,
      t.name,
      ' WITH (' || pg_catalog.array_to_string(o.options, ', ') || ')',
      v.query
    ),
    pg_catalog.array_to_string(c.defaults, E';\n'),
    pg_catalog.array_to_string(r.definitions, E';\n')
  ) AS definition
FROM scope AS s
CROSS JOIN LATERAL (SELECT pg_catalog.concat(pg_catalog.quote_ident(s.schema) || '.', pg_catalog.quote_ident(s.relname)) AS name) AS t
CROSS JOIN LATERAL (SELECT pg_catalog.rtrim(pg_catalog.pg_get_viewdef(s.oid, true), ';') AS query) AS v
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.array_agg(
      pg_catalog.concat_ws(
        ' ',
        a.attname,
        pg_catalog.format_type(a.atttypid, a.atttypmod),
        'DEFAULT ' || pg_catalog.pg_get_expr(f.adbin, f.adrelid)
      )
      ORDER BY a.attnum
    ) AS names,
    pg_catalog.array_agg(
      pg_catalog.format('ALTER VIEW %%s ALTER COLUMN %%I SET DEFAULT %%s', t.name, a.attname, pg_catalog.pg_get_expr(f.adbin, f.adrelid))
      ORDER BY a.attnum
    ) FILTER (WHERE f.adbin IS NOT NULL) AS defaults
  FROM pg_catalog.pg_attribute AS a
  LEFT JOIN pg_catalog.pg_attrdef AS f ON a.attrelid = f.adrelid AND a.attnum = f.adnum
  WHERE a.attrelid = s.oid AND a.attnum > 0 AND NOT a.attisdropped
) AS c
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(option ORDER BY option) AS options
  FROM pg_catalog.unnest(s.reloptions) AS option
  WHERE s.relkind = 'v'  -- on a materialized view they are storage parameters, as on a table
) AS o
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.array_agg(
      pg_catalog.rtrim(pg_catalog.pg_get_ruledef(w.oid, true), ';')
      || CASE WHEN w.ev_enabled = 'O' THEN '' ELSE ' (SWITCHED OFF: ' || w.ev_enabled::text || ')' END
      ORDER BY w.rulename
    ) AS definitions
  FROM pg_catalog.pg_rewrite AS w
  WHERE w.ev_class = s.oid AND w.rulename <> '_RETURN'
) AS r
WHERE s.relkind IN ('v', 'm')
