"""The repair of a tenant, and its order."""

from collections.abc import Iterable
from dataclasses import replace

from unit.literals import an_expected_catalog
from unit.repair_objects import (
    a_column,
    a_constraint,
    a_policy,
    a_sequence,
    a_table,
    a_trigger,
    a_view,
    an_index,
    changed,
    missing,
    told,
)

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.catalog.repair_facts import Dependent, Facts, RepairFacts
from pgfleet.repair.model import Strategy
from pgfleet.repair.plan import RepairPlan, plan_repair

INDEX = an_index("CREATE INDEX i ON t")
KEY = a_constraint("PRIMARY KEY (c)")
REFERENCE = a_constraint("FOREIGN KEY (c) REFERENCES u(c)", "t.r")


def planned(
    *differences: Difference,
    expected: ExpectedCatalog | None = None,
    alone: Iterable[str] = (),
    facts: Facts | None = None,
) -> RepairPlan:
    known = expected or an_expected_catalog(("1", [each.expected for each in differences]))
    return plan_repair(differences, known, (), ("3", "1", "2"), alone=tuple(alone), facts=facts or {})


def texts(plan: RepairPlan) -> list[str]:
    return [each.split(" -- ")[0].split(" AS\n")[0] for each in told(plan.statements)]


def reapplying(*steps: tuple[str, list[CatalogObject]], restored: Iterable[CatalogObject]) -> ExpectedCatalog:
    reruns = Reapplicable(missing=frozenset(each.identity for each in restored))
    return replace(an_expected_catalog(*steps), reapplicable=reruns)


def test_what_needs_other_objects_comes_last() -> None:
    plan = planned(
        missing(a_sequence(table="t", owned_by="t.c")),
        missing(a_column(default="nextval('t_c_seq'::regclass)", definition="bigint")),
        missing(REFERENCE),
        missing(KEY),
        missing(INDEX),
        missing(a_view()),
        missing(a_trigger()),
        missing(a_policy()),
    )
    assert texts(plan) == [
        "CREATE SEQUENCE t_c_seq AS bigint INCREMENT BY 1 MINVALUE 1 MAXVALUE 99 START WITH 1 CACHE 1",
        "ALTER TABLE t ADD COLUMN c bigint",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (c)",
        "CREATE INDEX i ON t",
        "CREATE VIEW v",
        "late: ALTER SEQUENCE t_c_seq OWNED BY t.c",
        "late: SELECT pg_catalog.setval('t_c_seq', max(c)) FROM t HAVING max(c) >= 1",
        "late: ALTER TABLE t ADD CONSTRAINT r FOREIGN KEY (c) REFERENCES u(c)",
        "late: CREATE TRIGGER g",
        "late: CREATE POLICY p ON t",
    ]


def test_an_object_of_several_migrations_is_fixed_once() -> None:
    both = [changed(INDEX, an_index("CREATE INDEX i ON u"), version=each) for each in ("1", "2")]
    assert texts(planned(*both)) == ["DROP INDEX i", "CREATE INDEX i ON t"]


def test_a_view_that_two_columns_need_dropped_is_made_again_after_both() -> None:
    first = a_view(" SELECT t.c, t.d\n   FROM t", name="z")
    second = a_view(" SELECT c\n   FROM z", name="y")
    columns = [(a_column(f"t.{each}"), a_column(f"t.{each}", type="varchar(9)")) for each in "cd"]
    wrong = [changed(wanted, found) for wanted, found in columns]
    wrong += [changed(each, replace_columns(each)) for each in (second, first)]
    views = tuple(Dependent(identity=each.identity, description=each.identity.name) for each in (first, second))
    facts = {wanted.identity: RepairFacts(dependents=views) for wanted, _ in columns}
    assert texts(planned(*wrong, facts=facts)) == [
        "DROP VIEW IF EXISTS y",
        "DROP VIEW IF EXISTS z",
        "ALTER TABLE t ALTER COLUMN c TYPE text USING c::text",
        "ALTER TABLE t ALTER COLUMN d TYPE text USING d::text",
        "CREATE VIEW z",
        "CREATE VIEW y",
    ]


def replace_columns(view: CatalogObject) -> CatalogObject:
    return replace(view, attributes={**view.attributes, "columns": ["a text"]})


def test_reruns_come_in_the_manifests_order_with_those_whose_work_they_may_undo() -> None:
    other = a_column("t.d")
    expected = reapplying(("1", [a_table(), other]), ("2", [a_table(unlogged=True), other]), restored=[other])
    plan = planned(missing(other), expected=expected)
    assert (plan.versions, plan.statements, plan.changes) == (("1", "2"), (), True)


def test_a_migration_outside_a_transaction_is_left_to_a_rollout() -> None:
    expected = reapplying(("1", [INDEX, KEY]), restored=[INDEX, KEY])
    plan = planned(missing(INDEX), expected=expected, alone=["1"])
    [(_, repair)] = plan.remaining
    assert (repair.strategy, plan.changes, plan.targets) == (Strategy.BY_HAND, False, ())
    assert "1 runs outside a transaction" in (repair.reason or "")


def test_differences_implied_by_a_lost_table_remain_with_it() -> None:
    wrong = (missing(a_table()), missing(a_column()), missing(INDEX))
    gone = planned(*wrong)
    assert (gone.changes, gone.targets, [each.identity.name for each, _ in gone.remaining]) == (False, (), ["t"])


def test_what_is_right_has_no_plan() -> None:
    plan = planned()
    assert (plan.versions, plan.statements, plan.targets, plan.remaining, plan.changes) == ((), (), (), (), False)


def test_a_digest_is_of_what_is_run_and_of_nothing_else() -> None:
    expected = reapplying(("1", [INDEX, KEY]), restored=[KEY])
    plan = planned(missing(KEY), missing(INDEX), expected=expected)
    left = planned(missing(KEY), missing(INDEX), missing(a_table("u"), version="2"), expected=expected)
    assert left.remaining
    assert plan.digest(["a"]) == left.digest(["a"])
    others = {
        plan.digest(["a"]),
        plan.digest(["b"]),
        planned(missing(KEY), expected=expected).digest(["a"]),
        planned(missing(INDEX), expected=expected).digest([]),
    }
    assert len(others) == 4


def test_a_view_is_created_after_those_that_it_reads() -> None:
    views = [a_view(f" SELECT a\n   FROM {read}", name=name) for name, read in (("a", "b"), ("b", "c"), ("c", "t"))]
    assert texts(planned(*map(missing, views))) == ["CREATE VIEW c", "CREATE VIEW b", "CREATE VIEW a"]
