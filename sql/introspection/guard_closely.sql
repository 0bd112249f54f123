-- Fails unless the server would run nothing of the tenant's for statements with these names. Returns nothing.
--
-- The server applies rules and the queries of views, and evaluates immutable functions of constants in the indexes,
-- constraints, defaults, statistics, and partition keys of a table and its descendants when it plans a statement; for
-- policies and for ranges also others, to estimate rows. Functions of extensions that belong to a superuser are trusted,
-- as are the given functions, unless a name has more of them than given, and the given relations. Queries, unlike scripts,
-- also lock their tables against redefinition, and call no function of the tenant's at all. Each statement of this block
-- sees what was committed before it, as the transaction is READ COMMITTED.
DO $pgfleet$
DECLARE
  home_path text := pg_catalog.current_setting('pgfleet.home_path');
  titles text[] := %(titles)s;
  is_script boolean := %(is_script)s;
  names text;
  home_schemas text[];
  targets oid[];
  trusted oid[];
  tables oid[];
  found_now oid[];
  functions oid[];
  types oid[];
  inner_types oid[];
  fault record;
BEGIN
  PERFORM pg_catalog.set_config('search_path', home_path, true);
  home_schemas := pg_catalog.current_schemas(false);
  targets := ARRAY(
    SELECT pg_catalog.to_regclass(t.title)
    FROM pg_catalog.unnest(titles) WITH ORDINALITY AS t (title, place)
    ORDER BY t.place
  );
  trusted := ARRAY(
    SELECT pg_catalog.to_regclass(t.title)
    FROM pg_catalog.unnest(%(relations)s::text[]) WITH ORDINALITY AS t (title, place)
    ORDER BY t.place
  );
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);

  -- A view in the place of a table may have been created since the inspection.
  trusted := ARRAY(
    SELECT c.oid
    FROM ROWS FROM (pg_catalog.unnest(trusted), pg_catalog.unnest(%(are_views)s::boolean[])) AS t (oid, is_view)
    INNER JOIN pg_catalog.pg_class AS c ON t.oid = c.oid
    WHERE (c.relkind IN ('v', 'm')) = t.is_view
  );

  IF NOT is_script AND pg_catalog.array_position(targets, NULL) IS NOT NULL THEN
    RAISE EXCEPTION USING
      ERRCODE = 'undefined_table',
      MESSAGE = pg_catalog.format('relation %%s does not exist', titles[pg_catalog.array_position(targets, NULL)]);
  END IF;

  tables := ARRAY(
    SELECT c.oid
    FROM pg_catalog.pg_class AS c
    WHERE
      c.oid = ANY(targets)
      AND c.oid >= 16384
  );

  -- What the bodies of the manifest's functions name that the statements call, or the manifest's views if the statements
  -- read one, and of those that these call.
  IF NOT is_script THEN
    tables := tables || ARRAY(
      WITH RECURSIVE known AS MATERIALIZED (
        SELECT
          p.oid,
          p.proname,
          p.proconfig,
          pg_catalog.lower(pg_catalog.concat(p.prosrc, ' ', pg_catalog.pg_get_function_sqlbody(p.oid))) AS body
        FROM pg_catalog.pg_proc AS p
        INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
        INNER JOIN ROWS FROM (
          pg_catalog.unnest(%(function_schemas)s::text[]), pg_catalog.unnest(%(function_names)s::text[])
        ) AS k (schema, name) ON n.nspname = k.schema AND p.proname = k.name
      ),

      called AS (
        SELECT k.oid, k.body, k.proconfig
        FROM known AS k
        WHERE
          k.proname = ANY(%(words)s::text[])
          OR k.oid IN (
            SELECT d.refobjid
            FROM pg_catalog.pg_class AS c
            INNER JOIN pg_catalog.pg_rewrite AS w ON w.ev_class = ANY(trusted)
            INNER JOIN pg_catalog.pg_depend AS d
              ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
            WHERE c.oid = ANY(tables) AND c.relkind = 'v' AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
          )
        UNION
        SELECT k.oid, k.body, k.proconfig
        FROM called AS c
        INNER JOIN known AS k ON pg_catalog.strpos(c.body, pg_catalog.lower(k.proname)) > 0
      ),

      words AS MATERIALIZED (
        SELECT c.body, c.proconfig, pg_catalog.regexp_split_to_array(c.body, '[^\w$]+') AS words FROM called AS c
      )

      SELECT DISTINCT c.oid
      FROM words AS w
      INNER JOIN pg_catalog.pg_class AS c
        ON CASE
          WHEN c.relname ~ '^[\w$]+$' THEN pg_catalog.lower(c.relname) = ANY(w.words)
          ELSE pg_catalog.strpos(w.body, pg_catalog.lower(c.relname)) > 0
        END
      INNER JOIN pg_catalog.pg_namespace AS n ON c.relnamespace = n.oid
      WHERE
        c.oid >= 16384
        AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
        AND (
          n.nspname = ANY(home_schemas)
          OR pg_catalog.strpos(pg_catalog.concat(w.body, w.proconfig), pg_catalog.lower(n.nspname)) > 0
        )
    );
  END IF;

  IF NOT is_script AND pg_catalog.cardinality(tables) > 0 THEN
    -- Materialized views and foreign tables cannot be locked (PostgreSQL manual, LOCK).
    names := (
      SELECT pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', ' ORDER BY c.oid)
      FROM pg_catalog.pg_class AS c
      WHERE c.oid = ANY(tables) AND c.relkind IN ('r', 'p', 'v')
    );
    IF names IS NOT NULL THEN
      EXECUTE 'LOCK TABLE ' || names || ' IN ACCESS SHARE MODE';
    END IF;
    PERFORM pg_catalog.set_config('search_path', home_path, true);
    found_now := ARRAY(
      SELECT pg_catalog.to_regclass(t.title)
      FROM pg_catalog.unnest(titles) WITH ORDINALITY AS t (title, place)
      ORDER BY t.place
    );
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    IF
      found_now IS DISTINCT FROM targets
      OR names IS DISTINCT FROM (
        SELECT pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', ' ORDER BY c.oid)
        FROM pg_catalog.pg_class AS c
        WHERE c.oid = ANY(tables) AND c.relkind IN ('r', 'p', 'v')
      )
    THEN
      RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'a table was replaced meanwhile';
    END IF;
  END IF;

  -- Descendants, and what trusted views read.
  found_now := tables;
  LOOP
    found_now := ARRAY(SELECT i.inhrelid FROM pg_catalog.pg_inherits AS i WHERE i.inhparent = ANY(found_now))
      || CASE WHEN found_now && trusted THEN ARRAY(
        SELECT d.refobjid
        FROM pg_catalog.pg_rewrite AS w
        INNER JOIN pg_catalog.pg_depend AS d
          ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = w.oid
        WHERE
          w.ev_class = ANY(found_now)
          AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
          AND d.refobjid >= 16384
          AND d.refobjid <> ALL(tables)
      ) END;
    EXIT WHEN pg_catalog.cardinality(found_now) = 0;
    tables := tables || found_now;
  END LOOP;

  -- A table that has a descendant elsewhere exists, unlike one whose place something else takes.
  SELECT
    CASE
      WHEN c.relkind IN ('r', 'p') THEN pg_catalog.format('not queried: %%s has a rule', c.oid::pg_catalog.regclass)
      WHEN p.parent IS NOT NULL
        THEN pg_catalog.format(
          'not queried: %%s is a foreign table that inherits from %%s', c.oid::pg_catalog.regclass, p.parent
        )
      ELSE pg_catalog.format('%%s is not an ordinary table', c.oid::pg_catalog.regclass)
    END AS message,
    CASE
      WHEN c.relkind IN ('r', 'p') OR p.parent IS NOT NULL THEN 'object_not_in_prerequisite_state'
      ELSE 'wrong_object_type'
    END AS state
  INTO fault
  FROM pg_catalog.pg_class AS c
  CROSS JOIN LATERAL (
    SELECT pg_catalog.min(i.inhparent::pg_catalog.regclass::text) AS parent
    FROM pg_catalog.pg_inherits AS i
    WHERE i.inhrelid = c.oid AND i.inhparent = ANY(tables) AND pg_catalog.array_position(targets, c.oid) IS NULL
  ) AS p
  WHERE
    c.oid = ANY(tables)
    AND c.oid <> ALL(trusted)
    AND CASE
      WHEN c.relkind IN ('r', 'p')
        THEN c.relhasrules AND EXISTS (SELECT FROM pg_catalog.pg_rewrite AS w WHERE w.ev_class = c.oid)
      ELSE c.relkind IN ('v', 'm', 'f')
    END
  ORDER BY c.relname
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = fault.state, MESSAGE = fault.message;
  END IF;

  -- A second line of defense, where the server has it: no view and no foreign table can be read.
  IF
    NOT is_script
    AND pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NOT NULL
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = ANY(trusted) AND c.relkind IN ('v', 'm', 'f')
    )
  THEN
    PERFORM pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', true);
  END IF;

  -- Functions in expressions are dependencies of these objects.
  functions := ARRAY(
    SELECT f.oid
    FROM (
      SELECT
        p.oid,
        p.proname,
        p.proowner,
        n.nspname,
        pg_catalog.count(*) OVER (PARTITION BY p.pronamespace, p.proname) AS overloads
      FROM pg_catalog.pg_proc AS p
      INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
      WHERE p.oid >= 16384
    ) AS f
    LEFT JOIN ROWS FROM (
      pg_catalog.unnest(%(function_schemas)s::text[]),
      pg_catalog.unnest(%(function_names)s::text[]),
      pg_catalog.unnest(%(function_counts)s::integer[])
    ) AS known (schema, name, overloads)
      ON f.nspname = known.schema AND f.proname = known.name AND f.overloads = known.overloads
    WHERE
      known.name IS NULL
      -- The owner of an extension can add functions to it, but cannot give them to a superuser.
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        INNER JOIN pg_catalog.pg_roles AS r ON f.proowner = r.oid AND r.rolsuper
        WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = f.oid AND d.deptype = 'e'
      )
  );
  IF pg_catalog.cardinality(functions) = 0 THEN
    RETURN;
  END IF;

  -- A function of the manifest is no better than what its body may call.
  LOOP
    found_now := ARRAY(
      SELECT p.oid
      FROM pg_catalog.pg_proc AS p
      INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
      INNER JOIN ROWS FROM (
        pg_catalog.unnest(%(function_schemas)s::text[]), pg_catalog.unnest(%(function_names)s::text[])
      ) AS known (schema, name) ON n.nspname = known.schema AND p.proname = known.name
      WHERE
        p.oid >= 16384
        AND p.oid <> ALL(functions)
        AND EXISTS (
          SELECT FROM pg_catalog.regexp_split_to_table(
            pg_catalog.lower(pg_catalog.concat(p.prosrc, ' ', pg_catalog.pg_get_function_sqlbody(p.oid))), '[^\w$]+'
          ) AS w (word)
          INNER JOIN pg_catalog.pg_proc AS f ON pg_catalog.lower(f.proname) = w.word
          WHERE f.oid = ANY(functions)
        )
    );
    EXIT WHEN pg_catalog.cardinality(found_now) = 0;
    functions := functions || found_now;
  END LOOP;

  -- What the statements may call: functions and operators that fit better than the server's own of the same name.
  SELECT
    pg_catalog.format(
      CASE
        WHEN c.is_shadow THEN 'not run: function %%I.%%I could be called instead of the server''s own'
        ELSE 'not run: it may call the function %%I.%%I, which is not as in the manifest'
      END,
      c.nspname, c.proname
    ) AS message
  INTO fault
  FROM (
    SELECT
      n.nspname,
      p.proname,
      p.proname = ANY(%(qualified_calls)s::text[]) AS is_qualified,
      n.nspname = ANY(home_schemas) AS is_at_home,
      (
        p.proname = ANY(%(calls)s::text[])
        OR p.proname = ANY(%(qualified_calls)s::text[])
        OR (p.proname = ANY(%(words)s::text[]) AND p.pronargs = 1 AND t.typtype = 'c')
      )
      -- Planning calls no volatile function, but puts the bodies of functions in SQL in the place of their calls.
      AND (NOT %(is_only_planned)s OR p.provolatile <> 'v' OR l.lanname = 'sql') AS is_called,
      EXISTS (
        SELECT FROM pg_catalog.pg_proc AS o
        WHERE o.proname = p.proname AND o.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
      ) AS is_shadow,
      EXISTS (
        SELECT FROM pg_catalog.pg_proc AS o
        WHERE
          o.proname = p.proname AND o.pronamespace = 'pg_catalog'::pg_catalog.regnamespace
          AND o.proargtypes = p.proargtypes
      ) AS is_hidden
    FROM pg_catalog.pg_proc AS p
    INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
    INNER JOIN pg_catalog.pg_language AS l ON p.prolang = l.oid
    LEFT JOIN pg_catalog.pg_type AS t ON p.proargtypes[0] = t.oid
    WHERE p.oid = ANY(functions) AND p.proname = ANY(%(words)s::text[])
  ) AS c
  WHERE
    CASE
      WHEN is_script THEN c.is_called AND c.is_at_home AND c.is_shadow AND NOT c.is_hidden
      ELSE c.is_called AND (c.is_qualified OR (c.is_at_home AND NOT c.is_hidden))
    END
  ORDER BY c.proname
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = fault.message;
  END IF;

  SELECT
    pg_catalog.format(
      'not run: operator %%I.%%s could be called instead of the server''s own', n.nspname, o.oprname
    ) AS message
  INTO fault
  FROM pg_catalog.pg_operator AS o
  INNER JOIN pg_catalog.pg_namespace AS n ON o.oprnamespace = n.oid
  WHERE
    o.oid >= 16384
    AND o.oprcode = ANY(functions)
    AND n.nspname = ANY(home_schemas)
    AND o.oprname = ANY(%(operators)s::text[])
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_operator AS s
      WHERE
        s.oprname = o.oprname AND s.oprnamespace = 'pg_catalog'::pg_catalog.regnamespace
        AND s.oprleft = o.oprleft AND s.oprright = o.oprright
    )
  ORDER BY o.oprname
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = fault.message;
  END IF;

  -- The types of the tables' columns, those that the statements name or that the functions take which they call, and the
  -- types in these: elements, attributes, bounds. The row type of a table is none of them.
  WITH RECURSIVE found AS (
    (
      SELECT a.atttypid AS oid, false AS is_inner
      FROM pg_catalog.pg_attribute AS a
      WHERE a.attrelid = ANY(tables) AND a.atttypid >= 16384
      UNION
      SELECT t.oid, true
      FROM pg_catalog.pg_type AS t
      WHERE t.oid >= 16384 AND t.typname = ANY(%(words)s::text[])
      UNION
      SELECT a.type, true
      FROM pg_catalog.pg_proc AS p
      CROSS JOIN LATERAL pg_catalog.unnest(p.proargtypes::oid[] || p.proallargtypes || p.prorettype) AS a (type)
      WHERE p.oid >= 16384 AND a.type >= 16384 AND p.proname = ANY(%(words)s::text[])
    )
    UNION
    SELECT i.oid, f.is_inner OR i.is_inner
    FROM found AS f
    CROSS JOIN LATERAL (
      SELECT t.typbasetype, false FROM pg_catalog.pg_type AS t WHERE t.oid = f.oid
      UNION ALL
      SELECT t.typelem, true FROM pg_catalog.pg_type AS t WHERE t.oid = f.oid
      UNION ALL
      SELECT a.atttypid, true
      FROM pg_catalog.pg_class AS c
      INNER JOIN pg_catalog.pg_attribute AS a ON c.oid = a.attrelid
      WHERE c.reltype = f.oid AND c.relkind = 'c'
      UNION ALL
      SELECT g.rngsubtype, true FROM pg_catalog.pg_range AS g WHERE f.oid IN (g.rngtypid, g.rngmultitypid)
      UNION ALL
      SELECT g.rngtypid, true FROM pg_catalog.pg_range AS g WHERE g.rngmultitypid = f.oid
    ) AS i (oid, is_inner)
    WHERE i.oid >= 16384
  )

  SELECT
    coalesce(pg_catalog.array_agg(f.oid), '{}'),
    coalesce(pg_catalog.array_agg(f.oid) FILTER (WHERE f.is_inner), '{}')
  INTO types, inner_types
  FROM found AS f;

  -- Casts that the server applies by itself, also to write rows as json; and those of such types.
  SELECT
    pg_catalog.format('not run: a cast uses the function %%I.%%I', n.nspname, p.proname) AS message
  INTO fault
  FROM pg_catalog.pg_cast AS k
  INNER JOIN pg_catalog.pg_proc AS p ON k.castfunc = p.oid
  INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
  WHERE
    k.castfunc = ANY(functions)
    AND (
      k.castcontext = 'i'
      OR k.casttarget IN ('pg_catalog.json'::pg_catalog.regtype, 'pg_catalog.jsonb'::pg_catalog.regtype)
      OR (NOT is_script AND (k.castsource = ANY(types) OR k.casttarget = ANY(types)))
    )
  ORDER BY p.proname
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = fault.message;
  END IF;

  -- Scripts may run functions of the tenant's, such as triggers: the rights of their login are the limit.
  IF is_script THEN
    RETURN;
  END IF;

  -- Estimates of ranges subtract their bounds, and a text that is read as a type is checked by the domains in it.
  SELECT
    pg_catalog.format('not run: the type %%I.%%I uses the function %%I.%%I', m.nspname, t.typname, n.nspname, p.proname)
    AS message
  INTO fault
  FROM pg_catalog.pg_depend AS d
  LEFT JOIN pg_catalog.pg_constraint AS k
    ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = k.oid
  LEFT JOIN pg_catalog.pg_operator AS o
    ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND d.refobjid = o.oid
  INNER JOIN pg_catalog.pg_type AS t
    ON t.oid = CASE WHEN k.oid IS NULL THEN d.objid ELSE k.contypid END
  INNER JOIN pg_catalog.pg_namespace AS m ON t.typnamespace = m.oid
  INNER JOIN pg_catalog.pg_proc AS p ON p.oid = coalesce(o.oprcode::oid, d.refobjid)
  INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
  WHERE
    d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
    AND p.oid = ANY(functions)
    AND CASE
      WHEN k.oid IS NOT NULL THEN k.contypid = ANY(inner_types)
      ELSE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND t.oid = ANY(types)
    END
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = fault.message;
  END IF;

  -- Expressions that the server simplifies when it plans a statement: it calls immutable functions of constants, and for
  -- policies also stable ones, to estimate how many rows they let through. Views call all of theirs.
  WITH RECURSIVE own_trees AS (
    SELECT i.indrelid AS oid, 'i' AS called, e.tree
    FROM pg_catalog.pg_index AS i
    CROSS JOIN LATERAL (VALUES (i.indexprs::text), (i.indpred::text)) AS e (tree)
    WHERE i.indrelid = ANY(tables)
    UNION ALL
    SELECT k.conrelid, 'i', k.conbin::text
    FROM pg_catalog.pg_constraint AS k
    WHERE k.conrelid = ANY(tables)
    UNION ALL
    SELECT d.adrelid, 'i', d.adbin::text
    FROM pg_catalog.pg_attrdef AS d
    WHERE d.adrelid = ANY(tables)
    UNION ALL
    SELECT s.stxrelid, 'i', s.stxexprs::text
    FROM pg_catalog.pg_statistic_ext AS s
    WHERE s.stxrelid = ANY(tables)
    UNION ALL
    SELECT p.partrelid, 'i', p.partexprs::text
    FROM pg_catalog.pg_partitioned_table AS p
    WHERE p.partrelid = ANY(tables)
    UNION ALL
    SELECT p.polrelid, 'is', e.tree
    FROM pg_catalog.pg_policy AS p
    CROSS JOIN LATERAL (VALUES (p.polqual::text), (p.polwithcheck::text)) AS e (tree)
    WHERE p.polrelid = ANY(tables)
    UNION ALL
    -- Statements that write cast a value, or NULL, to the type of each column.
    SELECT a.attrelid, 'i', '{COERCETODOMAIN :resulttype ' || a.atttypid || ' '
    FROM pg_catalog.pg_attribute AS a
    WHERE a.attrelid = ANY(tables) AND a.atttypid = ANY(types)
  ),

  -- A cast to a domain has the server simplify the constraints of the domain, and of those below it.
  bases AS (
    SELECT t.oid AS domain, t.oid AS base FROM pg_catalog.pg_type AS t WHERE t.typtype = 'd' AND t.oid >= 16384
    UNION
    SELECT b.domain, t.typbasetype
    FROM bases AS b
    INNER JOIN pg_catalog.pg_type AS t ON b.base = t.oid
    WHERE t.typtype = 'd'
  ),

  trees AS (
    SELECT o.oid, o.called, o.tree FROM own_trees AS o
    UNION
    SELECT t.oid, t.called, pg_catalog.replace(k.conbin::text, '{COERCETODOMAINVALUE ', '{VAR ')
    FROM trees AS t
    CROSS JOIN LATERAL pg_catalog.regexp_matches(t.tree, ':resulttype ([0-9]+) ', 'g') AS m (found)
    INNER JOIN bases AS b ON m.found[1]::oid = b.domain
    INNER JOIN pg_catalog.pg_constraint AS k ON b.base = k.contypid
  ),

  calls AS (
    SELECT DISTINCT
      t.oid AS relation,
      t.called,
      t.tree,
      m.found[1] AS kind,
      m.found[2]::oid AS oid
    FROM trees AS t
    CROSS JOIN LATERAL pg_catalog.regexp_matches(t.tree, ':(funcid|opno) ([0-9]+) ', 'g') AS m (found)
    WHERE m.found[2]::bigint >= 16384
  ),

  -- Functions in SQL, whose body takes the place of their call, if it may call another function of the tenant's; and
  -- functions with defaults of parameters that do. Names in quotes, and of other letters, can be spelled in many ways.
  bodies AS (
    SELECT p.oid
    FROM pg_catalog.pg_proc AS p
    INNER JOIN pg_catalog.pg_language AS l ON p.prolang = l.oid
    WHERE
      p.oid = ANY(functions)
      AND p.oid IN (SELECT coalesce(o.oprcode::oid, c.oid) FROM calls AS c LEFT JOIN pg_catalog.pg_operator AS o ON c.oid = o.oid)
      AND (
        (
          l.lanname = 'sql'
          AND (
            EXISTS (SELECT FROM pg_catalog.pg_operator AS o WHERE o.oprcode = ANY(functions))
            OR EXISTS (SELECT FROM pg_catalog.pg_cast AS k WHERE k.castfunc = ANY(functions))
            OR pg_catalog.concat(p.prosrc, pg_catalog.pg_get_function_sqlbody(p.oid)) ~ '["\x80-\U0010ffff]'
            OR EXISTS (
              SELECT FROM pg_catalog.regexp_split_to_table(
                pg_catalog.lower(pg_catalog.concat(p.prosrc, ' ', pg_catalog.pg_get_function_sqlbody(p.oid))), '[^\w$]+'
              ) AS w (word)
              INNER JOIN (
                SELECT f.proname FROM pg_catalog.pg_proc AS f WHERE f.oid = ANY(functions) AND f.oid <> p.oid
                UNION ALL
                SELECT t.typname FROM pg_catalog.pg_type AS t
                WHERE
                  t.typtype = 'd'
                  AND EXISTS (
                    SELECT FROM pg_catalog.pg_constraint AS k
                    INNER JOIN pg_catalog.pg_depend AS d
                      ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND d.objid = k.oid
                    WHERE
                      k.contypid <> 0
                      AND d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND d.refobjid = ANY(functions)
                  )
              ) AS own (name) ON pg_catalog.lower(own.name) = w.word
            )
          )
        )
        OR EXISTS (
          SELECT FROM pg_catalog.pg_depend AS d
          LEFT JOIN pg_catalog.pg_operator AS o
            ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND d.refobjid = o.oid
          WHERE
            d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
            AND d.objid = p.oid
            AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
            AND coalesce(o.oprcode::oid, d.refobjid) = ANY(functions)
        )
      )
  ),

  -- Calls of which not every one begins with a column, or with a function of the server's of nothing but a column: that
  -- is not a constant, unless the column stands for an expression.
  constants AS (
    SELECT
      c.relation,
      c.called,
      coalesce(o.oprcode::oid, c.oid) AS oid
    FROM calls AS c
    LEFT JOIN pg_catalog.pg_operator AS o ON c.kind = 'opno' AND c.oid = o.oid
    WHERE
      coalesce(o.oprcode::oid, c.oid) IN (SELECT b.oid FROM bodies AS b)
      OR (SELECT pg_catalog.count(*) FROM pg_catalog.regexp_matches(c.tree, ':' || c.kind || ' ' || c.oid || ' ', 'g'))
      > (
        SELECT pg_catalog.count(*)
        FROM pg_catalog.regexp_matches(
          c.tree,
          ':' || c.kind || ' ' || c.oid || ' [^{}]*:args \((?:\{(?:RELABELTYPE|COERCEVIAIO) :arg '
          || '|\{FUNCEXPR :funcid [0-9]{1,4} [^{}]*:args \('
          || '(?=(?:\{RELABELTYPE :arg )?\{VAR [^{}]*\}(?: [^{}]*\})?\))(?:\{RELABELTYPE :arg )?'
          || ')?\{VAR ',
          'g'
        )
      )
      OR EXISTS (
        SELECT FROM pg_catalog.pg_attribute AS a WHERE a.attrelid = c.relation AND a.attgenerated = 'v'
      )
    UNION ALL
    SELECT
      w.ev_class,
      'isv',
      coalesce(o.oprcode::oid, d.refobjid)
    FROM pg_catalog.pg_rewrite AS w
    INNER JOIN pg_catalog.pg_depend AS d
      ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
    LEFT JOIN pg_catalog.pg_operator AS o
      ON d.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass AND d.refobjid = o.oid
    WHERE
      w.ev_class = ANY(tables)
      AND d.refclassid IN ('pg_catalog.pg_proc'::pg_catalog.regclass, 'pg_catalog.pg_operator'::pg_catalog.regclass)
  )

  SELECT
    pg_catalog.format(
      'not queried: %%s uses the function %%I.%%I, which is not as in the manifest',
      c.relation::pg_catalog.regclass, n.nspname, p.proname
    ) AS message
  INTO fault
  FROM constants AS c
  INNER JOIN pg_catalog.pg_proc AS p ON c.oid = p.oid
  INNER JOIN pg_catalog.pg_namespace AS n ON p.pronamespace = n.oid
  WHERE
    p.oid = ANY(functions)
    AND (pg_catalog.strpos(c.called, p.provolatile::text) > 0 OR p.oid IN (SELECT b.oid FROM bodies AS b))
  ORDER BY p.proname
  LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = fault.message;
  END IF;
END
$pgfleet$
