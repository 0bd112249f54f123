-- The catalog in one row: the fingerprint of what the manifest manages (SHA-256 over one line an object, in byte order);
-- the managed objects themselves, unless the fingerprint is the expected one; what else was found in scope; and the
-- relations that this role may not read, which information_schema hides from it as if they were not there; and who holds
-- the names that the manifest's relations need. The last column says whether the home schema may be used; null if there
-- is none.
SELECT
  found.fingerprint,
  CASE WHEN found.fingerprint IS DISTINCT FROM %(fingerprint)s THEN found.managed ELSE null END AS managed,
  found.unexpected,
  ARRAY(
    SELECT concat_ws('.', coalesce(s.schema, %(home)s), s.relname)
    FROM scope AS s
    WHERE
      s.relkind <> 'S'
      AND NOT (has_table_privilege(s.oid, 'SELECT') AND has_schema_privilege(s.relnamespace, 'USAGE'))
    ORDER BY 1
  ) AS unreadable,
  ARRAY(
    SELECT jsonb_build_object(
      'kind', CASE c.relkind
        WHEN 'i' THEN 'index' WHEN 'I' THEN 'index' WHEN 'S' THEN 'sequence' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view'
        WHEN 'c' THEN 'type' ELSE 'table'
      END,
      'schema', nullif(n.nspname, %(home)s),
      'name', c.relname,
      'table', t.relname
    )
    FROM unnest(%(name_schemas)s::text[], %(names)s::text[]) AS wanted (schema, name)
    INNER JOIN pg_catalog.pg_namespace AS n ON wanted.schema = n.nspname
    INNER JOIN pg_catalog.pg_class AS c ON wanted.name = c.relname AND n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_index AS i ON c.oid = i.indexrelid
    LEFT JOIN pg_catalog.pg_class AS t ON i.indrelid = t.oid
    WHERE found.fingerprint IS DISTINCT FROM %(fingerprint)s
    ORDER BY n.nspname, c.relname
  ) AS holders,
  (
    SELECT has_schema_privilege(n.oid, 'USAGE') FROM pg_catalog.pg_namespace AS n WHERE n.nspname = %(home)s
  ) AS home_is_usable
FROM (
  SELECT
    encode(
      sha256(convert_to(coalesce(string_agg(line, E'\n' ORDER BY line COLLATE "C") FILTER (WHERE is_managed), ''), 'UTF8')),
      'hex'
    ) AS fingerprint,
    coalesce(jsonb_agg(object ORDER BY line COLLATE "C") FILTER (WHERE is_managed), '[]') AS managed,
    coalesce(jsonb_agg(object ORDER BY line COLLATE "C") FILTER (WHERE NOT is_managed), '[]') AS unexpected
  FROM (
    SELECT
      concat_ws('|', kind, coalesce(schema, ''), name, attributes::text) AS line,
      to_jsonb(objects) AS object,
      %(everything)s OR concat_ws('|', kind, coalesce(schema, ''), name) = ANY(%(managed)s::text[]) AS is_managed
    FROM objects
  ) AS lines
) AS found
