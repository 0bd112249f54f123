-- Locks tables against redefinition, and fails unless a statement that names them runs nothing of the tenant's. Returns
-- nothing. The server evaluates immutable functions in indexes, constraints, statistics, and partition keys when it plans a
-- statement, those of descendants included; it runs rules and policies, and casts to json for rows. The functions of
-- extensions that belong to a superuser are trusted, and so are those given. Each statement of this block sees what was
-- committed before it, as the transaction is READ COMMITTED.
DO $pgfleet$
DECLARE
  title text;
  target regclass;
  again regclass;
  locked oid[] := '{}';
  home_schemas text[];
  reason record;
BEGIN
  PERFORM pg_catalog.set_config('search_path', pg_catalog.current_setting('pgfleet.home_path'), true);
  home_schemas := pg_catalog.current_schemas(false)::text[];
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  FOREACH title IN ARRAY %(titles)s::text[] LOOP
    PERFORM pg_catalog.set_config('search_path', pg_catalog.current_setting('pgfleet.home_path'), true);
    target := pg_catalog.to_regclass(title);
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF target IS NULL THEN
      RAISE EXCEPTION USING
        ERRCODE = 'undefined_table', MESSAGE = pg_catalog.format('relation %%s does not exist', title);
    END IF;
    IF EXISTS (
      SELECT FROM pg_catalog.pg_class AS c
      INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
      WHERE c.oid = target AND n.nspname IN ('pg_catalog', 'information_schema')
    ) THEN
      CONTINUE;
    END IF;
    EXECUTE pg_catalog.format('LOCK TABLE %%s IN ACCESS SHARE MODE', target);
    PERFORM pg_catalog.set_config('search_path', pg_catalog.current_setting('pgfleet.home_path'), true);
    again := pg_catalog.to_regclass(title);
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF again IS NULL OR again::oid <> target::oid THEN
      RAISE EXCEPTION USING
        ERRCODE = 'lock_not_available', MESSAGE = pg_catalog.format('relation %%s was replaced meanwhile', title);
    END IF;
    locked := locked || target::oid;
  END LOOP;

  WITH RECURSIVE tables AS (
    SELECT
      c.oid,
      c.relkind,
      pg_catalog.format('%%I.%%I', n.nspname, c.relname) AS title
    FROM pg_catalog.pg_class AS c
    INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
    WHERE c.oid = ANY(locked)
    UNION
    SELECT
      c.oid,
      c.relkind,
      t.title
    FROM tables AS t
    INNER JOIN pg_catalog.pg_inherits AS i ON t.oid = i.inhparent
    INNER JOIN pg_catalog.pg_class AS c ON i.inhrelid = c.oid
  ),

  -- Expressions that the server simplifies when it plans a statement: it calls immutable functions of constants.
  trees AS (
    SELECT t.title, 'i' AS called, e.tree
    FROM tables AS t
    INNER JOIN pg_catalog.pg_index AS i ON t.oid = i.indrelid
    CROSS JOIN LATERAL (VALUES (i.indexprs::text), (i.indpred::text)) AS e (tree)
    UNION ALL
    SELECT t.title, 'i', k.conbin::text
    FROM tables AS t
    INNER JOIN pg_catalog.pg_constraint AS k ON t.oid = k.conrelid
    UNION ALL
    SELECT t.title, 'i', d.adbin::text
    FROM tables AS t
    INNER JOIN pg_catalog.pg_attrdef AS d ON t.oid = d.adrelid
    UNION ALL
    SELECT t.title, 'i', s.stxexprs::text
    FROM tables AS t
    INNER JOIN pg_catalog.pg_statistic_ext AS s ON t.oid = s.stxrelid
    UNION ALL
    SELECT t.title, 'i', p.partexprs::text
    FROM tables AS t
    INNER JOIN pg_catalog.pg_partitioned_table AS p ON t.oid = p.partrelid
    UNION ALL
    -- It also calls stable functions, to estimate how many rows a policy lets through.
    SELECT t.title, 'is', e.tree
    FROM tables AS t
    INNER JOIN pg_catalog.pg_policy AS p ON t.oid = p.polrelid
    CROSS JOIN LATERAL (VALUES (p.polqual::text), (p.polwithcheck::text)) AS e (tree)
  ),

  calls AS (
    SELECT DISTINCT
      t.title,
      t.called,
      t.tree,
      m.found[1] AS kind,
      m.found[2]::oid AS oid
    FROM trees AS t
    CROSS JOIN LATERAL pg_catalog.regexp_matches(t.tree, ':(funcid|opno) ([0-9]+) ', 'g') AS m (found)
    WHERE m.found[2]::bigint >= 16384
  ),

  -- Calls of which not every one begins with a column, which is not a constant.
  constants AS (
    SELECT c.title, c.called, coalesce(o.oprcode::oid, c.oid) AS oid
    FROM calls AS c
    LEFT JOIN pg_catalog.pg_operator AS o ON c.kind = 'opno' AND c.oid = o.oid
    WHERE
      (SELECT pg_catalog.count(*) FROM pg_catalog.regexp_matches(c.tree, ':' || c.kind || ' ' || c.oid || ' ', 'g'))
      > (
        SELECT pg_catalog.count(*)
        FROM pg_catalog.regexp_matches(
          c.tree,
          ':' || c.kind || ' ' || c.oid
          || ' [^{}]*:args \((?:\{(?:RELABELTYPE|COERCEVIAIO|FUNCEXPR|OPEXPR)[^{}]*)*\{VAR ',
          'g'
        )
      )
  ),

  functions AS (
    SELECT
      p.oid,
      p.provolatile,
      n.nspname,
      p.proname
    FROM pg_catalog.pg_proc AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
    WHERE
      n.nspname <> 'pg_catalog'
      AND (n.nspname, p.proname) NOT IN (
        SELECT known.schema, known.name
        FROM ROWS FROM (
          pg_catalog.unnest(%(function_schemas)s::text[]), pg_catalog.unnest(%(function_names)s::text[])
        ) AS known (schema, name)
      )
      -- The owner of an extension can add functions to it, but cannot give them to a superuser.
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        INNER JOIN pg_catalog.pg_roles AS r ON p.proowner = r.oid AND r.rolsuper
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = p.oid AND d.deptype = 'e'
      )
  ),

  -- Functions and operators that may fit a call better than the server's own of the same name.
  shadows AS (
    SELECT pg_catalog.format('function %%I.%%I', f.nspname, f.proname) AS title
    FROM functions AS f
    INNER JOIN pg_catalog.pg_proc AS p ON f.oid = p.oid
    WHERE
      f.nspname = ANY(home_schemas)
      AND pg_catalog.lower(f.proname) = ANY(%(calls)s::text[])
      AND EXISTS (
        SELECT FROM pg_catalog.pg_proc AS o
        WHERE o.proname = p.proname AND o.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
      )
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_proc AS o
        WHERE
          o.proname = p.proname AND o.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
          AND o.proargtypes = p.proargtypes
      )
    UNION ALL
    SELECT pg_catalog.format('operator %%I.%%s', n.nspname, o.oprname)
    FROM pg_catalog.pg_operator AS o
    INNER JOIN pg_catalog.pg_namespace AS n ON o.oprnamespace = n.oid
    WHERE
      n.nspname = ANY(home_schemas)
      AND o.oprname = ANY(%(operators)s::text[])
      AND o.oprcode IN (SELECT f.oid FROM functions AS f)
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_operator AS s
        WHERE
          s.oprname = o.oprname AND s.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace
          AND s.oprleft = o.oprleft AND s.oprright = o.oprright
      )
  ),

  reasons AS (
    SELECT
      0 AS place,
      'object_not_in_prerequisite_state' AS state,
      pg_catalog.format('not run: %%s could be called instead of the server''s own', s.title) AS message
    FROM shadows AS s
    UNION ALL
    SELECT
      1,
      'wrong_object_type',
      pg_catalog.format('%%s is not an ordinary table', t.title)
    FROM tables AS t
    WHERE t.relkind NOT IN ('r', 'p')
    UNION ALL
    SELECT
      2,
      'object_not_in_prerequisite_state',
      pg_catalog.format('not queried: %%s has a rule', t.title)
    FROM tables AS t
    INNER JOIN pg_catalog.pg_rewrite AS w ON t.oid = w.ev_class
    WHERE t.relkind IN ('r', 'p')
    UNION ALL
    SELECT
      3,
      'object_not_in_prerequisite_state',
      pg_catalog.format(
        'not queried: %%s uses the function %%I.%%I, which is not as in the manifest', c.title, f.nspname, f.proname
      )
    FROM constants AS c
    INNER JOIN functions AS f ON c.oid = f.oid AND pg_catalog.strpos(c.called, f.provolatile::text) > 0
    UNION ALL
    SELECT
      4,
      'object_not_in_prerequisite_state',
      pg_catalog.format('not queried: a cast to json uses the function %%I.%%I', f.nspname, f.proname)
    FROM pg_catalog.pg_cast AS k
    INNER JOIN functions AS f ON k.castfunc = f.oid
    WHERE k.casttarget IN ('pg_catalog.json'::pg_catalog.regtype, 'pg_catalog.jsonb'::pg_catalog.regtype)
  )

  SELECT
    r.state,
    r.message
  INTO reason
  FROM reasons AS r
  ORDER BY r.place, r.message
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = reason.state, MESSAGE = reason.message;
  END IF;
END
$pgfleet$
