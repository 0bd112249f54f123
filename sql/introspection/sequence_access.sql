-- Sequences that the role may not use, although INSERTs need them for the defaults of columns that they omit: one row
-- per statement, column, and sequence. A plan does not check this. Identity columns need no privilege on their
-- sequence.
SELECT
  t.statement,
  a.attname::text AS column_name,
  pg_catalog.format('%%I.%%I', m.nspname, s.relname) AS sequence_name
FROM pg_catalog.jsonb_to_recordset(%(targets)s::jsonb) AS t (statement text, schema text, relation text, given jsonb)
INNER JOIN pg_catalog.pg_namespace AS n ON n.nspname = coalesce(t.schema, %(home)s)
INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace AND t.relation = c.relname
INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid AND a.attidentity = ''
INNER JOIN pg_catalog.pg_attrdef AS d ON a.attrelid = d.adrelid AND a.attnum = d.adnum
INNER JOIN pg_catalog.pg_depend AS p
  ON
    d.oid = p.objid
    AND p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
    AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
INNER JOIN pg_catalog.pg_class AS s ON p.refobjid = s.oid AND s.relkind = 'S'
INNER JOIN pg_catalog.pg_namespace AS m ON s.relnamespace = m.oid
INNER JOIN pg_catalog.pg_roles AS r ON r.rolname = %(role)s
CROSS JOIN LATERAL (
  SELECT pg_catalog.count(*) AS place
  FROM pg_catalog.pg_attribute AS b
  WHERE b.attrelid = a.attrelid AND b.attnum BETWEEN 1 AND a.attnum AND NOT b.attisdropped
) AS o
WHERE
  NOT t.given @> pg_catalog.to_jsonb(a.attname::text)
  AND NOT t.given @> pg_catalog.to_jsonb(o.place)
  AND NOT pg_catalog.has_sequence_privilege(r.oid, s.oid, 'USAGE, UPDATE')
ORDER BY t.statement, a.attnum, sequence_name
