-- The catalog in one row: the fingerprint of what the manifest manages (SHA-256 over the objects' digests in byte order,
-- each SHA-256 over the object's line); the managed objects, unless the fingerprint is a known one; what else was found in scope; and the
-- relations that this role may not read, which information_schema hides from it as if they were not there; and of which
-- kinds that were not asked for something is there. The column home_is_usable says whether the home schema may be used;
-- null if there is none. other_tables is the number of tables if none of them is the manifest's, and otherwise null: those
-- of the home schema, or of all schemas if that is public. The last column is the number of unexpected objects beyond
-- the first ones. Of a large object, only the beginning of the definition is sent: its digest suffices to compare it.
SELECT
  found.fingerprint,
  CASE WHEN found.is_new THEN sent.managed END AS managed,
  sent.unexpected,
  ARRAY(
    SELECT pg_catalog.concat_ws('.', coalesce(s.schema, %(home)s), s.relname)
    FROM scope AS s
    WHERE
      s.relkind <> 'S'
      AND NOT (pg_catalog.has_table_privilege(s.oid, 'SELECT') AND pg_catalog.has_schema_privilege(s.relnamespace, 'USAGE'))
    ORDER BY 1
  ) AS unreadable,
  ARRAY(
    SELECT seldom.kind
    FROM (
      VALUES
      -- In a schema that the manifest creates; scope_type would take longer and exclude what an extension owns.
      ('type', EXISTS (
        SELECT FROM scope_schema AS n
        INNER JOIN pg_catalog.pg_type AS t ON n.oid = t.typnamespace
        LEFT JOIN pg_catalog.pg_class AS c ON t.typrelid = c.oid
        WHERE t.typtype IN ('e', 'd', 'r') OR c.relkind = 'c'
      )),
      ('view', EXISTS (SELECT FROM scope AS s WHERE s.relkind IN ('v', 'm'))),
      ('policy', EXISTS (SELECT FROM scope AS s INNER JOIN pg_catalog.pg_policy AS p ON s.oid = p.polrelid))
    ) AS seldom (kind, is_there)
    WHERE seldom.is_there AND seldom.kind = ANY(%(seldom)s::text[])
    ORDER BY seldom.kind
  ) AS also_there,
  (
    SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE') FROM pg_catalog.pg_namespace AS n WHERE n.nspname = %(home)s
  ) AS home_is_usable,
  CASE
    WHEN found.managed_tables = 0 AND NOT %(everything)s THEN (
      SELECT pg_catalog.count(*)::int
      FROM pg_catalog.pg_class AS c
      INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
      WHERE
        c.relkind IN ('r', 'p', 'f')
        AND NOT c.relispartition
        AND n.nspname !~ '^pg_'
        AND n.nspname NOT IN ('information_schema', 'pgfleet')
        AND (n.nspname = %(home)s OR %(home)s = 'public')
        AND NOT EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e'
        )
    )
  END AS other_tables,
  -- Last, when all definitions are written: back to the path with which the statement was planned, so that it can be
  -- prepared.
  CASE WHEN pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true) IS NOT NULL THEN sent.unexpected_left_out END
    AS unexpected_left_out
FROM (
  SELECT
    summed.managed_tables,
    summed.fingerprint,
    summed.fingerprint <> ALL(%(fingerprints)s::text[]) AS is_new
  FROM (
    SELECT
      pg_catalog.count(*) FILTER (WHERE is_managed AND kind = 'table') AS managed_tables,
      pg_catalog.encode(
        pg_catalog.sha256(pg_catalog.convert_to(coalesce(pg_catalog.string_agg(digest, E'\n' ORDER BY digest COLLATE "C") FILTER (WHERE is_managed), ''), 'UTF8')),
        'hex'
      ) AS fingerprint
    FROM lines
  ) AS summed
  OFFSET 0
) AS found
CROSS JOIN LATERAL (
  SELECT
    coalesce(pg_catalog.jsonb_agg(numbered.object ORDER BY numbered.place) FILTER (WHERE numbered.is_managed), '[]') AS managed,
    coalesce(
      pg_catalog.jsonb_agg(numbered.object ORDER BY numbered.place) FILTER (WHERE NOT numbered.is_managed AND numbered.place <= %(most_unexpected)s),
      '[]'
    ) AS unexpected,
    pg_catalog.count(*) FILTER (WHERE NOT numbered.is_managed AND numbered.place > %(most_unexpected)s)::int AS unexpected_left_out
  FROM (
    SELECT
      l.is_managed,
      pg_catalog.row_number() OVER (PARTITION BY l.is_managed ORDER BY l.line COLLATE "C") AS place,
      pg_catalog.jsonb_build_object(
        'kind', l.kind,
        'schema', l.schema,
        'name', l.name,
        'parent', l.parent,
        'digest', l.digest
      ) || CASE
        WHEN pg_catalog.length(l.line) <= limits.most AND pg_catalog.length(l.definition) <= limits.most
          THEN pg_catalog.jsonb_build_object('definition', l.definition, 'attributes', l.attributes)
        ELSE pg_catalog.jsonb_build_object(
          'definition', pg_catalog.substr(l.definition, 1, limits.most) || ' [...]',
          'attributes', (
            SELECT
              pg_catalog.jsonb_object_agg(
                each.key,
                CASE
                  WHEN pg_catalog.jsonb_typeof(each.value) = 'string'
                    THEN pg_catalog.to_jsonb(pg_catalog.substr(each.value #>> '{}', 1, limits.most))
                  ELSE each.value
                END
              )
            FROM pg_catalog.jsonb_each(l.attributes) AS each (key, value)
          )
        )
      END AS object
    FROM lines AS l
    CROSS JOIN LATERAL (
      SELECT CASE WHEN l.is_managed THEN %(most_characters)s ELSE %(most_characters_unexpected)s END AS most
    ) AS limits
    WHERE found.is_new OR NOT l.is_managed
  ) AS numbered
) AS sent
