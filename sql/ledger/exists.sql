-- Is there a ledger, and can it be trusted? One row; needs no privilege on it. `fault` says why nothing is read from it or
-- written to it: somebody else owns it, or it would run something of the tenant's.
WITH trusted AS (
  SELECT r.oid
  FROM pg_catalog.pg_roles AS r
  WHERE
    r.rolsuper
    OR r.rolname = ANY(%(owners)s::text[])
    -- The owner of a database can set the role of everybody's sessions in it.
    OR (
      r.rolname IN (SESSION_USER, CURRENT_USER)
      AND NOT EXISTS (
        SELECT
        FROM pg_catalog.pg_db_role_setting AS s
        INNER JOIN pg_catalog.pg_database AS d ON s.setdatabase = d.oid
        CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS setting (text)
        WHERE
          s.setrole = 0
          AND d.datname = pg_catalog.current_database()
          AND (pg_catalog.starts_with(setting.text, 'role=') OR pg_catalog.starts_with(setting.text, 'session_authorization='))
      )
    )
),

own AS (
  SELECT c.*
  FROM pg_catalog.pg_class AS c
  INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
  WHERE
    n.nspname = 'pgfleet'
    AND c.relname IN ('ledger', 'ledger_events', 'ledger_format', 'ledger_statements')
)

SELECT
  ledger.oid IS NOT NULL AS found,
  (
    SELECT f.fault
    FROM (
      SELECT
        1 AS place,
        pg_catalog.format('schema pgfleet belongs to %%I', r.rolname) AS fault
      FROM pg_catalog.pg_namespace AS n
      INNER JOIN pg_catalog.pg_roles AS r ON n.nspowner = r.oid
      WHERE
        n.nspname = 'pgfleet'
        AND r.oid NOT IN (SELECT t.oid FROM trusted AS t)
      UNION ALL
      SELECT
        2,
        pg_catalog.format('pgfleet.%%I belongs to %%I', c.relname, r.rolname)
      FROM own AS c
      INNER JOIN pg_catalog.pg_roles AS r ON c.relowner = r.oid
      WHERE r.oid NOT IN (SELECT t.oid FROM trusted AS t)
      UNION ALL
      SELECT
        3,
        pg_catalog.format('pgfleet.%%I is not an ordinary table', c.relname)
      FROM own AS c
      WHERE c.relkind <> 'r' OR c.relrowsecurity OR c.relhasrules OR c.relhassubclass OR c.relispartition
      UNION ALL
      SELECT
        4,
        pg_catalog.format('pgfleet.%%I has the trigger %%I', c.relname, t.tgname)
      FROM own AS c
      INNER JOIN pg_catalog.pg_trigger AS t ON c.oid = t.tgrelid
      INNER JOIN pg_catalog.pg_proc AS p ON t.tgfoid = p.oid
      WHERE
        NOT t.tgisinternal
        AND NOT (
          (c.relname, t.tgname) = ('ledger_events', 'append_only')
          AND p.pronamespace = c.relnamespace
          AND p.proowner IN (SELECT r.oid FROM trusted AS r)
        )
      UNION ALL
      SELECT
        5,
        pg_catalog.format('pgfleet.%%I uses a function that is not the server''s own', c.relname)
      FROM own AS c
      INNER JOIN (
        SELECT d.adrelid AS oid, d.adbin::text AS tree FROM pg_catalog.pg_attrdef AS d
        UNION ALL
        SELECT k.conrelid, k.conbin::text FROM pg_catalog.pg_constraint AS k
        UNION ALL
        SELECT i.indrelid, i.indexprs::text FROM pg_catalog.pg_index AS i
        UNION ALL
        SELECT i.indrelid, i.indpred::text FROM pg_catalog.pg_index AS i
        UNION ALL
        SELECT s.stxrelid, s.stxexprs::text FROM pg_catalog.pg_statistic_ext AS s
      ) AS e ON c.oid = e.oid
      WHERE
        EXISTS (
          SELECT FROM pg_catalog.regexp_matches(e.tree, ':(?:funcid|opfuncid|resulttype) ([0-9]+) ', 'g') AS m (found)
          WHERE m.found[1]::bigint >= 16384
        )
      UNION ALL
      SELECT
        6,
        pg_catalog.format('pgfleet.%%I.%%I has a type that is not the server''s own', c.relname, a.attname)
      FROM own AS c
      INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid
      WHERE a.atttypid >= 16384 AND a.attnum > 0
      UNION ALL
      SELECT
        7,
        pg_catalog.format('pgfleet.%%I has the foreign key %%I', c.relname, k.conname)
      FROM own AS c
      INNER JOIN pg_catalog.pg_constraint AS k ON c.oid = k.conrelid
      WHERE k.contype = 'f'
    ) AS f
    ORDER BY f.place, f.fault
    LIMIT 1
  ) AS fault
FROM (VALUES (true)) AS always (exists)
LEFT JOIN own AS ledger ON ledger.relname = 'ledger'
