"""What a rollout does about drift: it fixes what it can prove, with consent, and reports everything else."""

from collections.abc import Callable

import pytest
from fixtures.rollout import Subject, step

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.documents.rollout import Result, StepStatus, TenantResult
from pgfleet.postgres.apply import repair as engine

NOTES = "CREATE TABLE IF NOT EXISTS notes (id integer PRIMARY KEY, body text NOT NULL);"
TAGS = "CREATE TABLE IF NOT EXISTS tags (id integer); CREATE INDEX IF NOT EXISTS tags_id ON tags (id);"
LATER = "CREATE TABLE IF NOT EXISTS later (id integer);"
HAS_NOTES = "SELECT to_regclass('notes') IS NOT NULL"
LOST = (
    "table public.notes is missing; its rows are lost: restore it from a backup, or create it empty with "
    "pgfleet rollout ENV --recreate notes"
)
PRICE = "ALTER TABLE items ADD COLUMN IF NOT EXISTS price integer;"
INDEX = "CREATE INDEX IF NOT EXISTS items_price ON items (price);"
HAS_PRICE = "SELECT count(*) FROM pg_attribute WHERE attrelid = 'items'::regclass AND attname IN ('price', 'amount')"
LOST_VALUES = (
    "column public.items.price is missing; its values are lost: restore them from a backup, or add it without them "
    "with pgfleet rollout ENV --recreate items.price"
)


@pytest.fixture
def notes(small: Callable[..., Subject]) -> Subject:
    """A tenant with two tables of migration 1, and rows in one of them."""
    subject = small({"1_notes.sql": NOTES + TAGS, "2_later.sql": LATER})
    assert subject.roll_out().result is Result.DONE
    subject.execute("INSERT INTO notes SELECT n, 'text' FROM generate_series(1, 100) AS n")
    return subject


def repair(subject: Subject) -> TenantRepair:
    context = subject.context
    return engine.repair(context.environment.tenants[0], context, dry_run=False)


def remaining(result: TenantResult) -> list[str]:
    return [each.identity for each in result.remaining]


@pytest.mark.parametrize("scope", [{}, {"repair": True}, {"rerun": ("1",)}], ids=["plain", "repair", "rerun"])
def test_a_lost_table_is_never_created_again_without_consent(notes: Subject, scope: dict[str, object]) -> None:
    notes.execute("DROP TABLE notes")
    plan = notes.plan(**scope)
    assert (plan.of("1").action, plan.of("1").reason) == (Action.LEAVE, LOST)
    result = notes.roll_out(plan)
    assert (result.result, remaining(result)) == (Result.UNCHANGED, ["public.notes"])
    assert notes.query(HAS_NOTES) == [(False,)]
    assert notes.audit().verdict is Verdict.BLOCKED


@pytest.mark.parametrize("name", ["notes", "public.notes"])
def test_with_consent_a_lost_table_is_created_empty(notes: Subject, name: str) -> None:
    notes.execute("DROP TABLE notes")
    result = notes.roll_out(recreate=(name, "other"))
    assert (result.result, step(result, "1").action, remaining(result)) == (Result.DONE, Action.REAPPLY, [])
    assert notes.query("SELECT count(*) FROM notes") == [(0,)]
    assert notes.audit().verdict is Verdict.READY


def test_other_drift_of_a_script_that_would_create_a_lost_table_is_fixed_by_statements(notes: Subject) -> None:
    notes.execute("DROP TABLE notes; DROP INDEX tags_id")
    left = notes.roll_out()
    assert (step(left, "1").action, remaining(left)) == (Action.LEAVE, ["public.notes", "public.tags_id"])
    repaired = notes.roll_out(repair=True)
    assert (step(repaired, "1").action, step(repaired, "1").status) == (Action.REPAIR, StepStatus.DONE)
    assert (remaining(repaired), notes.query(HAS_NOTES)) == (["public.notes"], [(False,)])


def test_a_later_script_does_not_create_a_lost_table_either(small: Callable[..., Subject]) -> None:
    subject = small({"1_notes.sql": NOTES, "2_again.sql": NOTES + LATER})
    plan = subject.plan()
    subject.roll_out(plan.model_copy(update={"migrations": plan.migrations[:1]}))
    subject.execute("DROP TABLE notes")
    result = subject.roll_out()
    error = step(result, "2").error
    assert error is not None
    assert error.message == "it would create public.notes again, without the rows that were lost"
    assert subject.query("SELECT to_regclass('notes'), to_regclass('later')") == [(None, None)]


@pytest.fixture
def items(small: Callable[..., Subject]) -> Subject:
    """A tenant with 50 rows, whose column `amount` came with the table, and `price` later."""
    scripts = {"1_items.sql": "CREATE TABLE IF NOT EXISTS items (id int, amount int);", "2_price.sql": PRICE}
    subject = small({**scripts, "3_index.sql": INDEX})
    assert subject.roll_out().result is Result.DONE
    subject.execute("INSERT INTO items SELECT n, n, n FROM generate_series(1, 50) AS n")
    return subject


@pytest.mark.parametrize("scope", [{}, {"repair": True}, {"rerun": ("2",)}], ids=["plain", "repair", "rerun"])
def test_a_lost_column_is_never_added_again_without_consent(items: Subject, scope: dict[str, object]) -> None:
    items.execute("ALTER TABLE items DROP price")
    plan = items.plan(**scope)
    assert (plan.of("2").action, plan.of("2").reason) == (Action.LEAVE, LOST_VALUES)
    assert plan.of("3").action is Action.LEAVE, "its index is on the column"
    assert (plan.statements, plan.recreate) == ((), ())
    result = items.roll_out(plan)
    lost = ["public.items.price", "public.items_price"]
    assert (result.result, remaining(result), items.query(HAS_PRICE)) == (Result.UNCHANGED, lost, [(1,)])
    repaired = repair(items)
    assert (repaired.result, repaired.versions, repaired.statements) == (RepairResult.UNCHANGED, (), ())
    assert {each.repair.reason for each in repaired.remaining if each.repair} == {
        LOST_VALUES.partition("; ")[2],
        "column items.price must be restored first",
    }
    assert items.audit().verdict is Verdict.BLOCKED


@pytest.mark.parametrize("name", ["items.price", "public.items.price"])
def test_with_consent_a_lost_column_is_added_without_its_values(items: Subject, name: str) -> None:
    items.execute("ALTER TABLE items DROP price")
    result = items.roll_out(recreate=(name, "other"))
    assert (step(result, "2").action, remaining(result)) == (Action.REAPPLY, ["public.items_price"])
    assert items.query("SELECT count(*), count(price) FROM items") == [(50, 0)]
    assert (items.roll_out().result, items.audit().verdict) == (Result.DONE, Verdict.READY)


def test_with_consent_statements_add_a_lost_column_that_no_script_does(items: Subject) -> None:
    items.execute("ALTER TABLE items DROP amount")
    for scope in ({}, {"repair": True}):
        plan = items.plan(**scope)
        assert (plan.of("1").action, plan.statements) == (Action.LEAVE, ())
        assert (plan.of("1").reason or "").endswith("pgfleet rollout ENV --repair --recreate items.amount")
    assert items.plan(recreate=("items.amount",)).of("1").reason == (
        "running it again is not proven to fix its drift; --repair fixes it"
    )
    plan = items.plan(repair=True, recreate=("items.amount",))
    assert [each.sql for each in plan.statements] == ["ALTER TABLE items ADD COLUMN amount integer"]
    result = items.roll_out(plan)
    assert (step(result, "1").action, result.result, remaining(result)) == (Action.REPAIR, Result.DONE, [])
    assert items.query("SELECT count(*), count(amount) FROM items") == [(50, 0)]


def test_with_consent_a_lost_serial_column_gets_new_numbers(small: Callable[..., Subject]) -> None:
    subject = small({"1_t.sql": "CREATE TABLE IF NOT EXISTS t (id serial, body text);"})
    subject.roll_out()
    subject.execute("INSERT INTO t (body) VALUES ('a'), ('b'); ALTER TABLE t DROP id")
    assert remaining(subject.roll_out(repair=True)) == ["public.t_id_seq", "public.t.id"]
    assert subject.roll_out(repair=True, recreate=("t.id",)).error is None
    assert (subject.audit().verdict, subject.query("SELECT id FROM t")) == (Verdict.READY, [(1,), (2,)])


def test_a_renamed_column_is_not_added_again(items: Subject) -> None:
    items.execute("ALTER TABLE items RENAME price TO cost")
    assert "its values are lost (was the column renamed?)" in (items.plan().of("2").reason or "")


@pytest.mark.parametrize(
    ("damage", "action"),
    [("TRUNCATE items", Action.REAPPLY), ("DROP SCHEMA pgfleet CASCADE", Action.APPLY)],
    ids=["no rows", "no ledger"],
)
def test_a_column_that_held_nothing_as_far_as_is_known_is_added_again(
    items: Subject, damage: str, action: Action
) -> None:
    items.execute(f"ALTER TABLE items DROP price; {damage}")
    result = items.roll_out()
    assert (step(result, "2").action, result.result) == (action, Result.DONE)
    assert items.audit().verdict is Verdict.READY


def test_a_partitioned_table_has_the_rows_of_its_partitions(small: Callable[..., Subject]) -> None:
    table = "CREATE TABLE IF NOT EXISTS items (id int) PARTITION BY RANGE (id);"
    part = "CREATE TABLE IF NOT EXISTS part PARTITION OF items DEFAULT;"
    subject = small({"1_items.sql": table + part, "2_price.sql": PRICE})
    subject.roll_out()
    subject.execute("INSERT INTO items VALUES (1, 2); ALTER TABLE items DROP price")
    assert subject.plan().of("2").reason == LOST_VALUES
    subject.execute("TRUNCATE items")
    assert subject.plan().of("2").action is Action.REAPPLY


def test_a_generated_column_holds_nothing_that_can_be_lost(small: Callable[..., Subject]) -> None:
    column = "ALTER TABLE items ADD COLUMN IF NOT EXISTS double int GENERATED ALWAYS AS (id * 2) STORED;"
    subject = small({"1_items.sql": "CREATE TABLE IF NOT EXISTS items (id int);", "2_double.sql": column})
    subject.roll_out()
    subject.execute("INSERT INTO items VALUES (1); ALTER TABLE items DROP double")
    assert (subject.roll_out().result, subject.query("SELECT double FROM items")) == (Result.DONE, [(2,)])


def test_a_later_script_does_not_add_a_lost_column_either(small: Callable[..., Subject]) -> None:
    scripts = {"1_items.sql": "CREATE TABLE IF NOT EXISTS items (id int);", "2_price.sql": PRICE}
    subject = small({**scripts, "3_again.sql": PRICE + LATER})
    plan = subject.plan()
    subject.roll_out(plan.model_copy(update={"migrations": plan.migrations[:2]}))
    subject.execute("INSERT INTO items VALUES (1, 2); ALTER TABLE items DROP price")
    error = step(subject.roll_out(), "3").error
    assert error is not None
    assert error.message == "it would create public.items.price again, without the values that were lost"
    assert subject.query(f"SELECT to_regclass('later'), ({HAS_PRICE})") == [(None, 0)]


def test_the_lost_values_of_an_attribute_are_left_to_a_person(small: Callable[..., Subject]) -> None:
    script = "CREATE TYPE pair AS (a int, b text); CREATE DOMAIN pairs AS pair[]; CREATE TABLE t (c pairs);"
    subject = small({"1_t.sql": script})
    subject.roll_out()
    subject.execute("INSERT INTO t VALUES (ARRAY[ROW(1, 'x')::pair]); ALTER TYPE pair DROP ATTRIBUTE b")
    repaired = repair(subject)
    assert (repaired.statements, subject.audit().verdict) == ((), Verdict.BLOCKED)
    [difference] = subject.audit().migrations[0].differences
    assert difference.repair is not None
    assert "rows with this type have lost the values of b" in (difference.repair.reason or "")


def test_a_script_that_replaces_a_view_on_a_table_with_another_column_is_not_run_again(
    small: Callable[..., Subject],
) -> None:
    views = "CREATE OR REPLACE VIEW v1 AS SELECT * FROM t; CREATE OR REPLACE VIEW v2 AS SELECT * FROM v1;"
    subject = small({"1_t.sql": f"CREATE TABLE IF NOT EXISTS t (a int); {views}"})
    subject.roll_out()
    subject.execute("DROP VIEW v2; ALTER TABLE t ADD extra int")
    assert subject.plan().of("1").action is Action.LEAVE
    repaired = repair(subject)
    column = "a" if subject.server.major >= 16 else "v1.a"
    assert [each.sql for each in repaired.statements] == [f"CREATE VIEW v2 AS\n SELECT {column}\n   FROM v1"]
    assert (repaired.error, subject.audit().verdict) == (None, Verdict.READY)


def test_a_script_is_not_run_again_before_the_view_that_its_view_reads_is_there(small: Callable[..., Subject]) -> None:
    table = "CREATE TABLE IF NOT EXISTS t (a int); CREATE OR REPLACE VIEW v1 AS SELECT * FROM t;"
    subject = small({"1_t.sql": table, "2_v.sql": "CREATE OR REPLACE VIEW v2 AS SELECT * FROM v1;"})
    subject.roll_out()
    subject.execute("DROP VIEW v1 CASCADE; ALTER TABLE t ADD extra int")
    assert {each.action for each in subject.plan().migrations} == {Action.LEAVE}
    repaired = repair(subject)
    assert (repaired.error, len(repaired.statements), subject.audit().verdict) == (None, 2, Verdict.READY)


def test_statements_fix_drift_before_pending_migrations_run(small: Callable[..., Subject]) -> None:
    scripts = {"1_notes.sql": NOTES, "2_wide.sql": "ALTER TABLE notes ADD COLUMN IF NOT EXISTS wide text;"}
    subject = small(scripts)
    subject.execute(NOTES)
    subject.execute("ALTER TABLE notes ALTER body TYPE varchar(9)")
    plan = subject.plan(repair=True)
    assert [each.action for each in plan.migrations] == [Action.REPAIR, Action.APPLY]
    assert [each.sql for each in plan.statements] == ["ALTER TABLE notes ALTER COLUMN body TYPE text USING body::text"]
    result = subject.roll_out(plan)
    assert (result.result, [each.status for each in result.migrations]) == (Result.DONE, [StepStatus.DONE] * 2)
    assert result.repair is not None
    assert (result.repair.result, remaining(result)) == (RepairResult.REPAIRED, [])
    assert subject.events() == [("repaired", "1"), ("applied", "2")]
    assert subject.audit().verdict is Verdict.READY


def test_a_repair_that_fails_fails_the_tenant_and_not_its_migrations(small: Callable[..., Subject]) -> None:
    subject = small({"1_notes.sql": NOTES, "2_later.sql": LATER}, v2='requires = ["1"]')
    subject.execute(NOTES)
    subject.execute("ALTER TABLE notes ALTER body DROP NOT NULL; INSERT INTO notes VALUES (1, NULL)")
    result = subject.roll_out(repair=True)
    assert (result.result, remaining(result)) == (Result.FAILED, ["public.notes.body"])
    assert result.repair is not None
    assert result.repair.error is not None
    assert result.repair.error.sqlstate == "23502"
    assert [each.status for each in result.migrations] == [StepStatus.SKIPPED, StepStatus.DONE]
    assert subject.query("SELECT body FROM notes") == [(None,)]


def test_a_repair_that_was_not_planned_does_not_run(notes: Subject) -> None:
    notes.execute("ALTER TABLE tags ALTER id TYPE bigint")
    plan = notes.plan(repair=True)
    notes.execute("ALTER TABLE notes ALTER body TYPE varchar(9)")
    result = notes.roll_out(plan)
    assert result.repair is not None
    assert result.repair.error is not None
    assert "needs a different repair" in result.repair.error.message
    assert remaining(result) == ["public.notes.body", "public.tags.id"]


def test_a_repair_made_since_the_plan_is_not_made_again(notes: Subject) -> None:
    notes.execute("ALTER TABLE tags ALTER id TYPE bigint")
    plan = notes.plan(repair=True)
    notes.execute("ALTER TABLE tags ALTER id TYPE integer")
    result = notes.roll_out(plan)
    assert result.repair is not None
    assert (result.result, result.repair.result) == (Result.DONE, RepairResult.UNCHANGED)


def test_a_dry_run_with_a_repair_leaves_nothing(notes: Subject) -> None:
    notes.execute("ALTER TABLE tags ALTER id TYPE bigint")
    before, events = notes.audit(), notes.events()
    result = notes.roll_out(repair=True, dry_run=True)
    assert (result.result, step(result, "1").status, remaining(result)) == (Result.DONE, StepStatus.DONE, [])
    assert (notes.audit(), notes.events()) == (before, events)


def test_what_reapplying_fixes_and_what_it_leaves_is_in_the_result(notes: Subject) -> None:
    notes.execute("DROP INDEX tags_id; ALTER TABLE notes ALTER body DROP NOT NULL")
    result = notes.roll_out()
    assert (step(result, "1").action, step(result, "1").status) == (Action.REAPPLY, StepStatus.DONE)
    assert remaining(result) == ["public.notes.body"]


DATA = {
    "an index that is lost": ("CREATE INDEX IF NOT EXISTS i ON t (n); UPDATE t SET n = n + 1", "DROP INDEX i"),
    "an index beside a new row": ("CREATE INDEX IF NOT EXISTS i ON t (n); INSERT INTO t VALUES (7)", "DROP INDEX i"),
    "a type as before": (
        "ALTER TABLE t ALTER n TYPE bigint; UPDATE t SET n = n * 100",
        "ALTER TABLE t ALTER n TYPE int",
    ),
    "a type with an expression": ("ALTER TABLE t ALTER n TYPE bigint USING n * 100", "ALTER TABLE t ALTER n TYPE int"),
    "a default as before": ("ALTER TABLE t ALTER n SET DEFAULT 2; DELETE FROM t WHERE n = 5", "ALTER t SET DEFAULT 1"),
    "row security as before": (
        "DROP POLICY p ON t; ALTER TABLE t DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
    ),
}


@pytest.mark.parametrize("name", DATA)
def test_a_migration_that_changes_rows_is_not_run_again_because_of_drift(
    small: Callable[..., Subject], name: str
) -> None:
    table = (
        "CREATE TABLE t (n int DEFAULT 1); ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t USING (true)"
    )
    script, damage = DATA[name]
    subject = small({"1_t.sql": table, "2_change.sql": script})
    assert subject.roll_out().result is Result.DONE
    subject.execute("INSERT INTO t VALUES (3), (5)")
    subject.execute(damage.replace("ALTER t", "ALTER TABLE t ALTER n"))
    rows = subject.query("SELECT n FROM t ORDER BY n")
    assert subject.roll_out().result is Result.UNCHANGED
    assert repair(subject).result is RepairResult.REPAIRED
    assert (subject.audit().verdict, subject.query("SELECT n FROM t ORDER BY n")) == (Verdict.READY, rows)
