"""A tenant with overloads of every function and operator that pgfleet's own queries use: none of them is called."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce

import psycopg
import pytest
from fixtures.engine_queries import FILES, names_of
from fixtures.rollout import Subject
from psycopg.sql import SQL, Literal

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.judge.unchanged import earlier_inspections, inspections_in
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.history import read_history
from pgfleet.postgres.tenant_session import open_session

pytestmark = pytest.mark.every_version

FUNCTIONS = """
SET search_path = pg_catalog;
CREATE FUNCTION public.ran(how text) RETURNS void LANGUAGE sql SET search_path = pg_catalog
  AS $$ SELECT pg_notify('ran', how) $$;

CREATE FUNCTION pg_temp.try(statement text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE statement;
  RETURN true;
EXCEPTION WHEN OTHERS THEN  -- it exists, or has a polymorphic result without a polymorphic argument
  RETURN false;
END $$;

CREATE FUNCTION pg_temp.make(name text, arguments text, result text) RETURNS boolean LANGUAGE sql AS $$
  SELECT pg_temp.try(format(
    'CREATE FUNCTION public.%I(%s) RETURNS %s LANGUAGE plpgsql IMMUTABLE AS %L',
    name, arguments, result, format('BEGIN PERFORM public.ran(%L); RETURN NULL; END', name || ' of ' || arguments)
  ))
$$;

-- Each function that the queries call, and the same with one argument, or all arguments, of another type.
SELECT count(*) FILTER (WHERE pg_temp.make(wanted.name, wanted.arguments, wanted.result))
FROM (
  SELECT DISTINCT p.proname AS name, pg_get_function_result(p.oid) AS result, (
    SELECT string_agg(
      CASE WHEN place IN (0, n) THEN type ELSE format_type(p.proargtypes[n - 1], NULL) END, ', ' ORDER BY n
    )
    FROM generate_series(1, p.pronargs) AS n
  ) AS arguments
  FROM pg_proc AS p
  CROSS JOIN unnest(:types) AS type
  CROSS JOIN LATERAL generate_series(-1, p.pronargs) AS place
  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY(:functions)
) AS wanted
"""
OPERATORS = """
SELECT count(pg_temp.make('compare', l || ', ' || r, 'boolean')) + count(pg_temp.make('join', l || ', ' || r, 'text'))
FROM unnest(:types) AS l
CROSS JOIN unnest(:types) AS r;

SELECT count(*) FILTER (WHERE pg_temp.try(format(
  'CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.%I)',
  o, l, r, CASE WHEN o ~ '^[<=>~!&@]+$' THEN 'compare' ELSE 'join' END
)))
FROM unnest(:operators) AS o
CROSS JOIN unnest(:types) AS l
CROSS JOIN unnest(:types) AS r
"""
TYPES = ("name", "text", "oid", "regclass", "int4", "int8", '"char"', "jsonb")


def overload_everything(subject: Subject) -> tuple[int, int]:
    """Creates the overloads; returns the number of functions and of operators."""
    names = [names_of(each) for each in FILES]
    functions = frozenset[str]().union(*(each.qualified for each in names))
    operators = frozenset[str]().union(*(each.operators for each in names)) - {"BETWEEN"}
    lists = {":functions": functions, ":operators": operators, ":types": TYPES}
    values = [(name, SQL("{}::text[]").format(Literal(sorted(value))).as_string()) for name, value in lists.items()]
    numbers = []
    with psycopg.connect(subject.server.cluster.dsn(subject.database)) as connection:
        for text in (FUNCTIONS, OPERATORS):
            cursor = connection.execute(reduce(lambda found, each: found.replace(*each), values, text))
            while cursor.nextset():
                pass
            numbers += [cursor.fetchall()[0][0]]
    return numbers[0], numbers[1]


def audited(subject: Subject, before: TenantEntry | None) -> TenantEntry:
    """An audit on a connection of its own, which reads the catalog only if it has changed."""
    context = subject.context
    context.earlier = earlier_inspections(
        inspections_in([before] if before else []), datetime.now(UTC), timedelta(days=1)
    )
    return audit(context.environment.tenants[0], context)


def test_no_overload_of_what_the_queries_use_is_called(adopted: Subject) -> None:
    # Checks and contracts are not sent in this tenant, because they could call the overloads.
    migrations = tuple(replace(each, checks=()) for each in adopted.manifest.migrations)
    adopted.manifest = replace(adopted.manifest, migrations=migrations, contracts=())
    functions, operators = overload_everything(adopted)
    assert (functions > 1000, operators > 1000) == (True, True), (functions, operators)
    with psycopg.connect(adopted.server.cluster.dsn(adopted.database), autocommit=True) as listening:
        listening.execute("LISTEN ran")
        listening.execute("SELECT lower('a'::name), 'a'::name || 1::bigint")
        assert len(list(listening.notifies(timeout=0))) == 2, "they are called from the schema public"
        first = audited(adopted, None)
        again = audited(adopted, first)
        with open_session(adopted.context.environment.tenants[0], adopted.context) as session:
            history = read_history(session, adopted.manifest, "test")
        rolled_out = adopted.roll_out()
        listening.execute("SELECT 1")
        assert [each.payload for each in listening.notifies(timeout=0)] == []
    assert (first.verdict, first.read, again.verdict) == (Verdict.READY, "full", Verdict.READY)
    assert again.read.startswith("unchanged since")
    assert (history.faults, rolled_out.error) == ((), None)
