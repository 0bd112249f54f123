-- What repairs of the given objects have to know of the tenant: one row per object, in the order of `targets`. They are a
-- JSON array of `kind`, `schema` (the home schema's name for one there), `parent`, `name`, and `type` (a column's expected
-- type) or `version` (an extension's). `dependents` are the objects that keep it from being dropped, or a column from
-- taking another type, together with what depends on those, each after what it depends on; `rule` names one of a table or
-- view, and a column without a kind has the row type of the table. `has_cast`: the column's
-- values can be cast to the expected type. `has_path`: the extension can be updated to the expected version. `has_rows`:
-- the table of a missing column, one that inherits from it, or one that contains a composite type, has a page, so it may
-- have rows.
WITH RECURSIVE home_path AS MATERIALIZED (
  SELECT pg_catalog.set_config('search_path', pg_catalog.current_setting('pgfleet.home_path'), true) IS NOT NULL AS is_used
),

wanted AS MATERIALIZED (
  SELECT
    t.place,
    t.target ->> 'kind' AS kind,
    t.target ->> 'schema' AS schema,
    t.target ->> 'parent' AS parent,
    t.target ->> 'name' AS name,
    pg_catalog.to_regtype(t.target ->> 'type')::oid AS type,
    t.target ->> 'version' AS version
  FROM pg_catalog.jsonb_array_elements(%(targets)s::jsonb) WITH ORDINALITY AS t (target, place)
  WHERE (SELECT h.is_used FROM home_path AS h)
),

targets AS MATERIALIZED (
  SELECT
    w.place,
    'pg_catalog.pg_proc'::pg_catalog.regclass::oid AS classid,
    p.oid AS objid,
    0 AS subid
  FROM wanted AS w
  INNER JOIN pg_catalog.pg_namespace AS n ON w.schema = n.nspname
  INNER JOIN pg_catalog.pg_proc AS p ON n.oid = p.pronamespace
  WHERE w.kind = 'function' AND w.name = pg_catalog.concat(p.proname, '(', pg_catalog.oidvectortypes(p.proargtypes), ')')
  UNION ALL
  SELECT
    w.place,
    'pg_catalog.pg_class'::pg_catalog.regclass,
    c.oid,
    0
  FROM wanted AS w
  INNER JOIN pg_catalog.pg_namespace AS n ON w.schema = n.nspname
  INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND w.name = c.relname
  WHERE w.kind IN ('view', 'index')
  UNION ALL
  SELECT
    w.place,
    'pg_catalog.pg_class'::pg_catalog.regclass,
    c.oid,
    a.attnum
  FROM wanted AS w
  INNER JOIN pg_catalog.pg_namespace AS n ON w.schema = n.nspname
  INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND w.parent = c.relname
  INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND w.name = a.attname AND NOT a.attisdropped
  WHERE w.kind = 'column'
  UNION ALL
  SELECT
    w.place,
    'pg_catalog.pg_constraint'::pg_catalog.regclass,
    k.oid,
    0
  FROM wanted AS w
  INNER JOIN pg_catalog.pg_namespace AS n ON w.schema = n.nspname
  INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND w.parent = c.relname
  INNER JOIN pg_catalog.pg_constraint AS k ON c.oid = k.conrelid AND w.name = k.conname
  WHERE w.kind = 'constraint'
),

-- The tables of missing columns, and those that inherit from them.
holders AS (
  SELECT
    w.place,
    c.oid
  FROM wanted AS w
  INNER JOIN pg_catalog.pg_namespace AS n ON w.schema = n.nspname
  INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND w.parent = c.relname
  WHERE w.kind = 'column' AND NOT EXISTS (SELECT FROM targets AS t WHERE t.place = w.place)
  UNION
  SELECT
    h.place,
    i.inhrelid
  FROM holders AS h
  INNER JOIN pg_catalog.pg_inherits AS i ON h.oid = i.inhparent
),

reached AS (
  SELECT
    t.place,
    t.classid,
    t.objid,
    t.subid,
    0 AS depth
  FROM targets AS t
  UNION
  SELECT
    r.place,
    x.classid,
    x.objid,
    x.subid,
    r.depth + 1
  FROM reached AS r
  INNER JOIN pg_catalog.pg_depend AS d
    ON r.classid = d.refclassid AND r.objid = d.refobjid AND (r.subid = 0 OR r.subid = d.refobjsubid)
  LEFT JOIN pg_catalog.pg_rewrite AS w
    ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid AND w.rulename = '_RETURN'
  LEFT JOIN pg_catalog.pg_attrdef AS f ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
  -- Before PostgreSQL 15, a generated column depends on the other columns itself, not by its expression.
  LEFT JOIN pg_catalog.pg_attribute AS g
    ON
      g.attgenerated <> ''
      AND (
        (f.adrelid = g.attrelid AND f.adnum = g.attnum)
        OR (d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = g.attrelid AND d.objsubid = g.attnum)
      )
  CROSS JOIN LATERAL (
    -- A view's query is the view; the expression of a generated column is the column.
    SELECT
      CASE WHEN w.oid IS NOT NULL OR g.attnum IS NOT NULL THEN 'pg_catalog.pg_class'::pg_catalog.regclass::oid ELSE d.classid END AS classid,
      coalesce(w.ev_class, g.attrelid, d.objid) AS objid,
      coalesce(g.attnum, 0)::int AS subid
  ) AS x
  WHERE
    r.depth < 40
    AND (x.classid, x.objid, x.subid) <> (r.classid, r.objid, r.subid)
    -- Indexes, constraints, and its own default follow a column that takes another type.
    AND (
      r.depth > 0
      OR r.subid = 0
      OR g.attnum IS NOT NULL
      OR d.classid IN (
        'pg_catalog.pg_rewrite'::pg_catalog.regclass, 'pg_catalog.pg_trigger'::pg_catalog.regclass, 'pg_catalog.pg_policy'::pg_catalog.regclass,
        'pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_publication_rel'::pg_catalog.regclass
      )
    )
),

-- A composite type or the row type of a column's table, and the types that contain it.
row_types AS (
  SELECT
    t.place,
    c.reltype AS type
  FROM targets AS t
  INNER JOIN pg_catalog.pg_class AS c ON t.objid = c.oid
  WHERE t.subid <> 0
  UNION
  SELECT
    w.place,
    c.reltype
  FROM wanted AS w
  INNER JOIN pg_catalog.pg_namespace AS n ON w.schema = n.nspname
  INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND w.name = c.relname
  WHERE w.kind = 'type' AND c.relkind = 'c'
  UNION
  SELECT
    r.place,
    x.type
  FROM row_types AS r
  CROSS JOIN LATERAL (
    SELECT y.oid AS type
    FROM pg_catalog.pg_type AS y
    WHERE y.typelem = r.type OR y.typbasetype = r.type
    UNION ALL
    SELECT m.type
    FROM pg_catalog.pg_range AS g
    CROSS JOIN LATERAL (VALUES (g.rngtypid), (g.rngmultitypid)) AS m (type)
    WHERE g.rngsubtype = r.type
    UNION ALL
    SELECT c.reltype
    FROM pg_catalog.pg_attribute AS a
    INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
    WHERE a.atttypid = r.type AND c.relkind = 'c' AND NOT a.attisdropped
  ) AS x
),

dependents AS (
  SELECT
    r.place,
    r.classid,
    r.objid,
    r.subid,
    false AS is_row,
    pg_catalog.max(r.depth) AS depth
  FROM reached AS r
  WHERE r.depth > 0
  GROUP BY r.place, r.classid, r.objid, r.subid
  UNION ALL
  SELECT
    r.place,
    'pg_catalog.pg_class'::pg_catalog.regclass,
    a.attrelid,
    a.attnum,
    true,
    1
  FROM row_types AS r
  INNER JOIN pg_catalog.pg_attribute AS a ON r.type = a.atttypid
  INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
  WHERE c.relkind IN ('r', 'p') AND NOT a.attisdropped AND r.place IN (SELECT t.place FROM targets AS t)
),

named AS (
  SELECT
    d.place,
    d.depth,
    d.objid,
    CASE
      WHEN d.is_row THEN null
      WHEN w.oid IS NOT NULL THEN CASE WHEN o.relkind = 'v' THEN 'view' ELSE 'table' END
      WHEN c.relkind IN ('v', 'm') THEN 'view'
      WHEN c.relkind IN ('i', 'I') THEN 'index'
      WHEN d.subid <> 0 OR f.oid IS NOT NULL THEN 'column'
      WHEN t.oid IS NOT NULL THEN 'trigger'
      WHEN y.oid IS NOT NULL THEN 'policy'
      WHEN k.oid IS NOT NULL AND k.conrelid <> 0 THEN 'constraint'
      WHEN p.oid IS NOT NULL THEN 'function'
    END AS kind,
    n.nspname AS schema,
    -- As the introspection names it: a part of a relation after the relation.
    CASE
      WHEN p.oid IS NOT NULL THEN pg_catalog.concat(p.proname, '(', pg_catalog.oidvectortypes(p.proargtypes), ')')
      WHEN e.part IS NULL THEN o.relname::text
      ELSE pg_catalog.concat(
        CASE WHEN pg_catalog.strpos(o.relname, '.') > 0 THEN pg_catalog.quote_ident(o.relname) ELSE o.relname::text END,
        '.',
        CASE WHEN pg_catalog.strpos(e.part, '.') > 0 THEN pg_catalog.quote_ident(e.part) ELSE e.part::text END
      )
    END AS name,
    pg_catalog.quote_ident(w.rulename) AS rule,
    pg_catalog.pg_describe_object(d.classid, d.objid, d.subid) AS description
  FROM dependents AS d
  LEFT JOIN pg_catalog.pg_class AS c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid
  LEFT JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND d.subid <> 0 AND d.subid = a.attnum
  LEFT JOIN pg_catalog.pg_attrdef AS f ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND d.objid = f.oid
  LEFT JOIN pg_catalog.pg_attribute AS b ON f.adrelid = b.attrelid AND f.adnum = b.attnum
  LEFT JOIN pg_catalog.pg_trigger AS t ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND d.objid = t.oid
  LEFT JOIN pg_catalog.pg_policy AS y ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND d.objid = y.oid
  LEFT JOIN pg_catalog.pg_constraint AS k ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = k.oid
  LEFT JOIN pg_catalog.pg_proc AS p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid
  LEFT JOIN pg_catalog.pg_rewrite AS w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
  CROSS JOIN LATERAL (SELECT coalesce(a.attname, b.attname, t.tgname, y.polname, k.conname) AS part) AS e
  LEFT JOIN pg_catalog.pg_class AS o ON o.oid = coalesce(c.oid, f.adrelid, t.tgrelid, y.polrelid, k.conrelid, w.ev_class)
  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = coalesce(p.pronamespace, o.relnamespace)
  WHERE
    -- What belongs to one of the others: row types, the triggers of a foreign key, what is derived for a partition, the
    -- index of a key, TOAST tables.
    d.classid <> 'pg_catalog.pg_type'::pg_catalog.regclass
    AND NOT coalesce(t.tgisinternal, false)
    AND coalesce(k.conparentid, 0) = 0
    AND NOT coalesce(c.relkind = 't' OR c.relispartition OR o.relispartition, false)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_constraint AS q
      WHERE c.relkind IN ('i', 'I') AND q.conindid = c.oid AND q.contype IN ('p', 'u', 'x')
    )
)

SELECT
  coalesce(found.dependents, '[]') AS dependents,
  coalesce(casts.has_cast, false) AS has_cast,
  coalesce(paths.has_path, false) AS has_path,
  EXISTS (SELECT FROM holders AS h WHERE h.place = w.place AND pg_catalog.pg_relation_size(h.oid) > 0)
  OR EXISTS (
    SELECT FROM row_types AS r
    INNER JOIN pg_catalog.pg_attribute AS a ON r.type = a.atttypid
    INNER JOIN pg_catalog.pg_class AS c ON a.attrelid = c.oid
    WHERE w.kind = 'type' AND r.place = w.place AND c.relkind IN ('r', 'm') AND pg_catalog.pg_relation_size(c.oid) > 0
  ) AS has_rows
FROM wanted AS w
LEFT JOIN LATERAL (
  SELECT
    pg_catalog.jsonb_agg(
      pg_catalog.jsonb_build_object('kind', d.kind, 'schema', nullif(d.schema, %(home)s), 'name', d.name, 'rule', d.rule, 'description', d.description)
      ORDER BY d.depth, d.objid
    ) AS dependents
  FROM named AS d
  WHERE d.place = w.place
) AS found ON true
LEFT JOIN LATERAL (
  SELECT
    pg_catalog.bool_or(
      source.base = goal.base
      OR 'S' IN (source.category, goal.category)
      OR EXISTS (
        SELECT FROM pg_catalog.pg_cast AS k
        WHERE (k.castsource, k.casttarget) IN ((source.base, goal.base), (source.element, goal.element))
      )
      OR (source.element <> 0 AND (source.element = goal.element OR 'S' IN (source.element_category, goal.element_category)))
    ) AS has_cast
  FROM targets AS t
  INNER JOIN pg_catalog.pg_attribute AS a ON t.objid = a.attrelid AND t.subid = a.attnum
  CROSS JOIN LATERAL (
    SELECT coalesce(nullif(y.typbasetype, 0), y.oid) AS base, y.typcategory AS category, y.typelem AS element, (SELECT l.typcategory FROM pg_catalog.pg_type AS l WHERE l.oid = y.typelem) AS element_category
    FROM pg_catalog.pg_type AS y
    WHERE y.oid = a.atttypid
  ) AS source
  CROSS JOIN LATERAL (
    SELECT coalesce(nullif(y.typbasetype, 0), y.oid) AS base, y.typcategory AS category, y.typelem AS element, (SELECT l.typcategory FROM pg_catalog.pg_type AS l WHERE l.oid = y.typelem) AS element_category
    FROM pg_catalog.pg_type AS y
    WHERE y.oid = w.type
  ) AS goal
  WHERE t.place = w.place AND t.subid <> 0
) AS casts ON true
LEFT JOIN LATERAL (
  SELECT pg_catalog.bool_or(u.path IS NOT NULL) AS has_path
  FROM pg_catalog.pg_extension AS e
  INNER JOIN pg_catalog.pg_extension_update_paths(e.extname) AS u ON e.extversion = u.source AND w.version = u.target
  WHERE w.kind = 'extension' AND e.extname = w.name
) AS paths ON true
ORDER BY w.place
