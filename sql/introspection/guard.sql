-- Fails unless the server would run nothing of the tenant's for statements with these names. Returns nothing.
--
-- Most tenants contain nothing that is worth a closer look: the relations are ordinary tables without rules and
-- descendants, and the tenant has no function of a name that the statements contain, no operator, no cast, and no
-- function that anything uses that the server evaluates when it plans a statement. Finding that out takes the server a
-- fraction of the time that the closer look does. The first relations are those of queries, which must exist, and are
-- locked against redefinition.
DO $pgfleet_guard$
DECLARE
  home_path text := pg_catalog.current_setting('pgfleet.home_path');
  titles text[] := %(titles)s;
  queried integer := %(queried)s;
  found_first oid[];
  found_now oid[];
  trusted oid[];
  names text;
BEGIN
  PERFORM pg_catalog.set_config('search_path', home_path, true);
  found_first := ARRAY(SELECT pg_catalog.to_regclass(t.title) FROM pg_catalog.unnest(titles) AS t (title));
  trusted := ARRAY(SELECT pg_catalog.to_regclass(t.title) FROM pg_catalog.unnest(%(relations)s::text[]) AS t (title));
  PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  found_now := found_first;

  names := (
    SELECT pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', ')
    FROM pg_catalog.pg_class AS c
    WHERE
      c.oid = ANY(found_first[:queried])
      AND c.relkind IN ('r', 'p')
      AND c.oid >= 16384
  );
  IF names IS NOT NULL THEN
    EXECUTE 'LOCK TABLE ' || names || ' IN ACCESS SHARE MODE';
    PERFORM pg_catalog.set_config('search_path', home_path, true);
    found_now := ARRAY(SELECT pg_catalog.to_regclass(t.title) FROM pg_catalog.unnest(titles) AS t (title));
    PERFORM pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
  END IF;

  IF
    found_now IS NOT DISTINCT FROM found_first
    AND pg_catalog.array_position(found_now[:queried], NULL) IS NULL
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS c
      WHERE
        c.oid = ANY(found_now)
        AND c.oid >= 16384
        AND (c.relkind <> 'r' OR c.relhasrules OR c.relhassubclass)
    )
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_operator AS o WHERE o.oid >= 16384)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_cast AS k WHERE k.oid >= 16384)
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_proc AS p
      -- A function call: the planner would estimate an = ANY for every word.
      WHERE p.oid >= 16384 AND pg_catalog.array_position(%(words)s::text[], p.proname::text) IS NOT NULL
    )
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE
        d.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
        AND d.refobjid >= 16384
        AND d.classid IN (
          'pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
          'pg_catalog.pg_attrdef'::pg_catalog.regclass, 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass,
          'pg_catalog.pg_policy'::pg_catalog.regclass, 'pg_catalog.pg_type'::pg_catalog.regclass,
          'pg_catalog.pg_rewrite'::pg_catalog.regclass
        )
    )
    AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_class AS c WHERE c.oid = ANY(trusted) AND c.relkind IN ('v', 'm', 'f')
    )
  THEN
    -- A second line of defense, where the server has it: no view and no foreign table can be read.
    IF %(has_queries)s AND pg_catalog.current_setting('restrict_nonsystem_relation_kind', true) IS NOT NULL THEN
      PERFORM pg_catalog.set_config('restrict_nonsystem_relation_kind', 'view, foreign-table', true);
    END IF;
    RETURN;
  END IF;

  -- The closer looks: blocks that are only compiled if they are needed. An empty text does nothing.
  EXECUTE %(look_at_queries)s;
  EXECUTE %(look_at_script)s;
END
$pgfleet_guard$
