-- The stamp of the objects that an inspection reads: one row with a digest. While the digest is the same, the inspection
-- finds the same. It covers the rows of the objects in scope and of the ledger, the names of what they depend on, and the
-- rights of this role; but no statistics, files, or transaction IDs, so VACUUM, ANALYZE, CLUSTER, and restarts do not change
-- it. The OIDs and the version make it unique to this database: a dump and restore, or pg_upgrade, changes it.
WITH schemas AS MATERIALIZED (
  SELECT n.tableoid, n.*, n.nspname = ANY(%(schemas)s::text[]) AS is_managed
  FROM pg_catalog.pg_namespace AS n
  WHERE n.nspname = ANY(%(schemas)s::text[] || %(other_schemas)s::text[])
),

own AS MATERIALIZED (
  SELECT
    ARRAY(
      SELECT c.oid
      FROM pg_catalog.pg_class AS c
      INNER JOIN schemas AS n ON c.relnamespace = n.oid
      WHERE
        n.is_managed
        OR (n.nspname, c.relname) IN (
          SELECT t.schema, t.name
          FROM ROWS FROM (pg_catalog.unnest(%(relation_schemas)s::text[]), pg_catalog.unnest(%(relation_names)s::text[])) AS t (schema, name)
        )
    ) AS relations,
    ARRAY(
      SELECT p.oid
      FROM ROWS FROM (pg_catalog.unnest(%(function_schemas)s::text[]), pg_catalog.unnest(%(function_names)s::text[])) AS t (schema, name)
      INNER JOIN schemas AS n ON t.schema = n.nspname
      INNER JOIN pg_catalog.pg_proc AS p ON t.name = p.proname AND n.oid = p.pronamespace
      UNION
      SELECT d.objid
      FROM schemas AS n
      INNER JOIN pg_catalog.pg_depend AS d ON n.tableoid = d.refclassid AND n.oid = d.refobjid
      WHERE (n.is_managed OR n.nspname = 'pgfleet') AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
    ) AS functions,
    ARRAY(
      SELECT y.oid
      FROM pg_catalog.pg_type AS y
      INNER JOIN schemas AS n ON y.typnamespace = n.oid
      WHERE
        n.is_managed
        OR (n.nspname, y.typname) IN (
          SELECT t.schema, t.name
          FROM ROWS FROM (pg_catalog.unnest(%(type_schemas)s::text[]), pg_catalog.unnest(%(type_names)s::text[])) AS t (schema, name)
        )
    ) AS types
),

indexes AS MATERIALIZED (
  SELECT i.* FROM pg_catalog.pg_index AS i WHERE i.indrelid = ANY((SELECT o.relations FROM own AS o)::oid[])
),

composites AS MATERIALIZED (
  SELECT pg_catalog.array_agg(y.typrelid) AS relations
  FROM pg_catalog.pg_type AS y
  WHERE y.oid = ANY((SELECT o.types FROM own AS o)::oid[]) AND y.typrelid <> 0
),

lines AS MATERIALIZED (
  SELECT
    l.classid,
    l.objid,
    pg_catalog.sha256(pg_catalog.convert_to(ROW(l.classid, l.line)::text, 'UTF8')) AS digest
  FROM own AS o
  CROSS JOIN LATERAL (
    SELECT
      c.tableoid AS classid,
      c.oid AS objid,
      ROW(
        c.oid, c.relname, c.relnamespace, c.reloftype, c.relowner, c.relam, c.relkind, c.relpersistence, c.relrowsecurity,
        c.relforcerowsecurity, c.reloptions, c.relispartition, c.relhassubclass, c.relacl,
        pg_catalog.has_table_privilege(c.oid, 'SELECT')
      )::text AS line
    FROM pg_catalog.pg_class AS c
    WHERE c.oid = ANY(o.relations || ARRAY(SELECT i.indexrelid FROM indexes AS i))
    UNION ALL
    SELECT null, null, (pg_catalog.to_jsonb(i.*) - '{indisclustered,indcheckxmin}'::text[])::text FROM indexes AS i
    UNION ALL
    SELECT null, null, ROW(
      a.attrelid, a.attnum, a.attname, a.atttypid, a.atttypmod, a.attcollation, a.attnotnull, a.attidentity,
      a.attgenerated, a.attisdropped, a.attacl
    )::text
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ANY(o.relations || (SELECT m.relations FROM composites AS m)::oid[]) AND (a.attnum > 0 OR a.attacl IS NOT NULL)
    UNION ALL
    SELECT f.tableoid, f.oid, ROW(f.*)::text FROM pg_catalog.pg_attrdef AS f WHERE f.adrelid = ANY(o.relations)
    UNION ALL
    SELECT k.tableoid, k.oid, ROW(k.*)::text
    FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = ANY(o.relations) OR k.contypid = ANY(o.types)
    UNION ALL
    SELECT t.tableoid, t.oid, ROW(t.*)::text FROM pg_catalog.pg_trigger AS t WHERE t.tgrelid = ANY(o.relations)
    UNION ALL
    SELECT w.tableoid, w.oid, ROW(w.*)::text FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = ANY(o.relations)
    UNION ALL
    SELECT p.tableoid, p.oid, ROW(p.*, p.polroles::pg_catalog.regrole[])::text
    FROM pg_catalog.pg_policy AS p
    WHERE p.polrelid = ANY(o.relations)
    UNION ALL
    SELECT null, null, ROW(x.stxrelid, x.stxexprs)::text
    FROM pg_catalog.pg_statistic_ext AS x
    INNER JOIN pg_catalog.pg_class AS c ON x.stxrelid = c.oid
    INNER JOIN schemas AS n ON c.relnamespace = n.oid
    WHERE n.nspname = 'pgfleet'
    UNION ALL
    SELECT null, null, ROW(h.*)::text FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = ANY(o.relations)
    UNION ALL
    SELECT null, null, ROW(q.*)::text FROM pg_catalog.pg_sequence AS q WHERE q.seqrelid = ANY(o.relations)
    UNION ALL
    SELECT f.tableoid, f.oid, ROW(f.*)::text FROM pg_catalog.pg_proc AS f WHERE f.oid = ANY(o.functions)
    UNION ALL
    SELECT y.tableoid, y.oid, ROW(y.*)::text FROM pg_catalog.pg_type AS y WHERE y.oid = ANY(o.types)
    UNION ALL
    SELECT null, null, ROW(e.*)::text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid = ANY(o.types)
    UNION ALL
    SELECT null, null, ROW(g.*, g.rngmultitypid::pg_catalog.regtype)::text FROM pg_catalog.pg_range AS g WHERE g.rngtypid = ANY(o.types)
  ) AS l
),

-- What the objects depend on, with its name unless it is a part of one of the relations, whose rows have it.
dependencies AS MATERIALIZED (
  SELECT
    d.*,
    d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AS is_relation,
    d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.refobjid = ANY((SELECT o.relations FROM own AS o)::oid[]) AS is_own
  FROM lines AS l
  INNER JOIN pg_catalog.pg_depend AS d ON l.classid = d.classid AND l.objid = d.objid
),

-- Relations out of scope: a definition that names one can depend on all of its columns, to tell them apart.
outside AS MATERIALIZED (
  SELECT DISTINCT d.refobjid AS oid FROM dependencies AS d WHERE d.is_relation AND NOT d.is_own
),

roles AS MATERIALIZED (
  SELECT r.oid, r.rolname, r.rolsuper, r.rolbypassrls
  FROM pg_catalog.pg_roles AS r
  WHERE
    r.rolname IN (CURRENT_USER, SESSION_USER)
    OR r.oid IN (
      SELECT n.nspowner FROM schemas AS n
      UNION ALL
      SELECT c.relowner FROM schemas AS n INNER JOIN pg_catalog.pg_class AS c ON n.oid = c.relnamespace WHERE n.nspname = 'pgfleet'
    )
)

SELECT
  pg_catalog.encode(
    pg_catalog.sha256(
      pg_catalog.convert_to(
        ROW(
          ARRAY(SELECT ROW(n.*, pg_catalog.has_schema_privilege(n.oid, 'USAGE'))::text FROM schemas AS n ORDER BY n.oid),
          ARRAY(SELECT l.digest FROM lines AS l ORDER BY l.digest),
          ARRAY(
            SELECT ROW(
              d.*,
              CASE WHEN NOT d.is_own THEN (pg_catalog.pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid)).identity END
            )::text
            FROM dependencies AS d
            ORDER BY d.classid, d.objid, d.objsubid, d.refclassid, d.refobjid, d.refobjsubid, d.deptype
          ),
          ARRAY(
            SELECT ROW(c.oid, c.relpersistence, a.attnum, a.attname, a.attisdropped)::text
            FROM outside AS o
            INNER JOIN pg_catalog.pg_class AS c ON o.oid = c.oid
            INNER JOIN pg_catalog.pg_attribute AS a ON o.oid = a.attrelid
            ORDER BY a.attrelid, a.attnum
          ),
          -- The triggers of foreign keys, also on the other table.
          ARRAY(
            SELECT ROW(t.oid, t.tgenabled)::text
            FROM lines AS l
            INNER JOIN pg_catalog.pg_trigger AS t ON l.objid = t.tgconstraint
            WHERE l.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass
            ORDER BY t.oid
          ),
          ARRAY(SELECT ROW(e.*)::text FROM pg_catalog.pg_extension AS e ORDER BY e.oid),
          ARRAY(SELECT ROW(r.*)::text FROM roles AS r ORDER BY r.oid),
          ARRAY(
            SELECT ROW(m.roleid, m.member)::text
            FROM pg_catalog.pg_auth_members AS m
            WHERE m.member IN (SELECT r.oid FROM roles AS r)
            ORDER BY m.roleid, m.member
          ),
          ARRAY(
            SELECT ROW(b.oid, b.datname, b.datdba, b.encoding, b.datcollate, b.datctype, g.setrole, g.setconfig)::text
            FROM pg_catalog.pg_database AS b
            LEFT JOIN pg_catalog.pg_db_role_setting AS g ON b.oid = g.setdatabase
            WHERE b.datname = pg_catalog.current_database()
            ORDER BY g.setrole
          ),
          ROW(CURRENT_USER, SESSION_USER, pg_catalog.current_setting('pgfleet.home_path'), pg_catalog.version())
        )::text,
        'UTF8'
      )
    ),
    'hex'
  ) AS stamp
