-- Types in scope: one row each. The form determines what is compared: an enum's labels in order, a composite type's
-- attributes in order, a domain's base type, default, and constraints, a range's subtype and the name of its
-- multirange.
SELECT
  'type' AS kind,
  s.schema::text AS schema,
  s.typname::text AS name,
  null::text AS parent,
  CASE t.typtype
    WHEN 'e' THEN pg_catalog.jsonb_build_object('form', 'enum', 'labels', e.labels)
    WHEN 'c' THEN pg_catalog.jsonb_build_object('form', 'composite', 'attributes', a.definitions)
    WHEN 'r' THEN pg_catalog.jsonb_build_object('form', 'range', 'subtype', g.definition)
    ELSE pg_catalog.jsonb_build_object(
      'form', 'domain', 'base', d.base, 'not_null', t.typnotnull, 'default', d.expression, 'constraints', k.definitions
    )
  END AS attributes,
  pg_catalog.format('CREATE %%s %%s AS ', CASE t.typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, n.name)
  || CASE t.typtype
    WHEN 'e' THEN pg_catalog.format('ENUM (%%s)', (SELECT pg_catalog.string_agg(pg_catalog.quote_literal(l.label), ', ' ORDER BY l.place) FROM pg_catalog.unnest(e.labels) WITH ORDINALITY AS l (label, place)))
    WHEN 'c' THEN pg_catalog.format('(%%s)', pg_catalog.array_to_string(a.definitions, ', '))
    WHEN 'r' THEN pg_catalog.format('RANGE (%%s)', g.definition)
    ELSE pg_catalog.concat_ws(
      ' ',
      d.base,
      'DEFAULT ' || d.expression,
      CASE WHEN t.typnotnull THEN 'NOT NULL' END,
      (SELECT pg_catalog.string_agg(pg_catalog.format('CONSTRAINT %%I %%s', c.key, c.value), ' ' ORDER BY c.key) FROM pg_catalog.jsonb_each_text(k.definitions) AS c)
    )
  END AS definition
FROM scope_type AS s
INNER JOIN pg_catalog.pg_type AS t ON s.oid = t.oid
CROSS JOIN LATERAL (SELECT pg_catalog.concat(pg_catalog.quote_ident(s.schema) || '.', pg_catalog.quote_ident(s.typname)) AS name) AS n
CROSS JOIN LATERAL (
  SELECT pg_catalog.array_agg(l.enumlabel::text ORDER BY l.enumsortorder) AS labels
  FROM pg_catalog.pg_enum AS l
  WHERE l.enumtypid = t.oid
) AS e
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.array_agg(
      pg_catalog.concat_ws(' ', pg_catalog.quote_ident(f.attname), pg_catalog.format_type(f.atttypid, f.atttypmod), 'COLLATE ' || c.name)
      ORDER BY f.attnum
    ) AS definitions
  FROM pg_catalog.pg_attribute AS f
  LEFT JOIN LATERAL (
    SELECT l.oid::pg_catalog.regcollation::text AS name
    FROM pg_catalog.pg_collation AS l
    INNER JOIN pg_catalog.pg_type AS y ON y.oid = f.atttypid
    WHERE l.oid = f.attcollation AND l.oid <> y.typcollation
  ) AS c ON true
  WHERE f.attrelid = t.typrelid AND t.typtype = 'c' AND f.attnum > 0 AND NOT f.attisdropped
) AS a
CROSS JOIN LATERAL (
  SELECT pg_catalog.string_agg(pg_catalog.concat_ws(', ',
    'subtype = ' || pg_catalog.format_type(r.rngsubtype, null),
    (SELECT 'subtype_opclass = ' || o.opcname FROM pg_catalog.pg_opclass AS o WHERE o.oid = r.rngsubopc AND NOT o.opcdefault),
    (
      SELECT 'collation = ' || l.oid::pg_catalog.regcollation::text
      FROM pg_catalog.pg_collation AS l
      INNER JOIN pg_catalog.pg_type AS y ON y.oid = r.rngsubtype
      WHERE l.oid = r.rngcollation AND l.oid <> y.typcollation
    ),
    'canonical = ' || nullif(r.rngcanonical::text, '-'),
    'subtype_diff = ' || nullif(r.rngsubdiff::text, '-'),
    'multirange_type_name = ' || (SELECT pg_catalog.quote_ident(m.typname) FROM pg_catalog.pg_type AS m WHERE m.oid = r.rngmultitypid)
  ), '') AS definition
  FROM pg_catalog.pg_range AS r
  WHERE r.rngtypid = t.oid
) AS g
CROSS JOIN LATERAL (
  SELECT
    pg_catalog.concat_ws(
      ' ',
      pg_catalog.format_type(t.typbasetype, t.typtypmod),
      (
        SELECT 'COLLATE ' || l.oid::pg_catalog.regcollation::text
        FROM pg_catalog.pg_collation AS l
        INNER JOIN pg_catalog.pg_type AS y ON y.oid = t.typbasetype
        WHERE l.oid = t.typcollation AND l.oid <> y.typcollation
      )
    ) AS base,
    coalesce(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) AS expression
) AS d
CROSS JOIN LATERAL (
  SELECT coalesce(pg_catalog.jsonb_object_agg(c.conname, pg_catalog.pg_get_constraintdef(c.oid)), '{}') AS definitions
  FROM pg_catalog.pg_constraint AS c
  WHERE c.contypid = t.oid AND c.contype = 'c'
) AS k
