-- Columns that an inserted row can have: one row per writable column, with the conditions on its values. Excludes
-- partitions (they follow their parent), tables of extensions, and foreign tables.
SELECT
  n.nspname::text AS schema,
  c.relname::text AS relation,
  a.attname::text AS name,
  pg_catalog.format_type(a.atttypid, a.atttypmod) AS type,
  pg_catalog.format_type(e.oid, null) AS base,
  b.typcategory = 'A' AS is_array,
  b.typtype IN ('r', 'm') AS is_range,
  -- The server stores a length plus four, except that of bit strings (PostgreSQL sources, varchar.c and varbit.c).
  CASE WHEN m.modifier >= 0 THEN m.modifier - CASE WHEN e.typname IN ('bit', 'varbit') THEN 0 ELSE 4 END END AS length,
  ARRAY(SELECT l.enumlabel::text FROM pg_catalog.pg_enum AS l WHERE l.enumtypid = e.oid ORDER BY l.enumsortorder) AS labels,
  ARRAY(
    SELECT pg_catalog.pg_get_constraintdef(k.oid)
    FROM pg_catalog.pg_constraint AS k
    WHERE k.contype = 'c' AND ((k.conrelid = c.oid AND a.attnum = ANY(k.conkey)) OR k.contypid = nullif(a.atttypid, b.oid))
    ORDER BY k.conname
  ) AS conditions,
  (a.attnotnull OR t.typnotnull) AND NOT a.atthasdef AND t.typdefault IS NULL AS is_required,
  f.target
FROM pg_catalog.pg_class AS c
INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND a.attnum > 0 AND NOT a.attisdropped
INNER JOIN pg_catalog.pg_type AS t ON a.atttypid = t.oid
INNER JOIN pg_catalog.pg_type AS b ON b.oid = CASE t.typtype WHEN 'd' THEN t.typbasetype ELSE t.oid END
INNER JOIN pg_catalog.pg_type AS e ON e.oid = CASE b.typcategory WHEN 'A' THEN b.typelem ELSE b.oid END
CROSS JOIN LATERAL (SELECT CASE t.typtype WHEN 'd' THEN t.typtypmod ELSE a.atttypmod END AS modifier) AS m
LEFT JOIN LATERAL (
  SELECT ARRAY[rn.nspname::text, rc.relname::text, ra.attname::text] AS target
  FROM pg_catalog.pg_constraint AS k
  CROSS JOIN LATERAL ROWS FROM (pg_catalog.unnest(k.conkey), pg_catalog.unnest(k.confkey)) AS pair (own, other)
  INNER JOIN pg_catalog.pg_class AS rc ON k.confrelid = rc.oid
  INNER JOIN pg_catalog.pg_namespace AS rn ON rc.relnamespace = rn.oid
  INNER JOIN pg_catalog.pg_attribute AS ra ON rc.oid = ra.attrelid AND pair.other = ra.attnum
  WHERE k.conrelid = c.oid AND k.contype = 'f' AND pair.own = a.attnum
  ORDER BY k.conname
  LIMIT 1
) AS f ON true
WHERE
  c.relkind IN ('r', 'p')
  AND NOT c.relispartition
  AND a.attgenerated = ''
  -- Columns numbered by a sequence are left to it, because our numbers could collide with its numbers.
  AND a.attidentity = ''
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_attrdef AS v
    WHERE v.adrelid = c.oid AND v.adnum = a.attnum AND pg_catalog.pg_get_expr(v.adbin, v.adrelid) LIKE '%nextval(%'
  )
  AND n.nspname !~ '^pg_'
  AND n.nspname <> 'information_schema'
  AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend AS d
    WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
  )
ORDER BY n.nspname, c.relname, a.attnum
