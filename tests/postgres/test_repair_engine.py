"""Repairs of one tenant: complete and proven, or without any effect."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fixtures.proxy import COMMIT, CuttingProxy
from fixtures.rollout import Subject, a_small_manifest
from fixtures.servers import Server, apply_manifest

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.errors import ConnectionLost, TryAgain
from pgfleet.fleet.model import Acceptance
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply import repair as engine
from pgfleet.postgres.locks import tenant_lock_of_session
from pgfleet.rollout.repair_summary import RepairOutcome, outcome_of
from pgfleet.run.context import RunContext
from pgfleet.run.files import load_manifest

SHRUNK = "ALTER TABLE ai_messages ALTER content TYPE varchar(2000)"
NULLABLE = "ALTER TABLE ai_messages ALTER role DROP NOT NULL"
NULLS = "UPDATE ai_messages SET role = NULL"
INDEX = "idx_ai_task_queue_status_schedule"
CONCURRENTLY = Path(__file__).parents[1] / "manifests" / "concurrently" / "manifest.toml"
TABLE = "CREATE TABLE IF NOT EXISTS one (id integer, name text);"


def repair(subject: Subject, *, dry_run: bool = False, digest: str | None = None) -> TenantRepair:
    """A new run of a repair of this tenant."""
    subject.runs += 1
    return again(subject, dry_run=dry_run, digest=digest)


def again(subject: Subject, *, dry_run: bool = False, digest: str | None = None) -> TenantRepair:
    """Another try of the run under way."""
    context = subject.context
    return engine.repair(context.environment.tenants[0], context, dry_run=dry_run, digest=digest)


def preview(subject: Subject) -> TenantRepair:
    context = subject.context
    return engine.preview(context.environment.tenants[0], context)


def message(found: TenantRepair) -> str:
    assert found.error is not None
    return found.error.message


def statements(found: TenantRepair) -> list[str]:
    return [each.sql for each in found.statements]


def has_index(subject: Subject) -> bool:
    return bool(subject.query(f"SELECT to_regclass('{INDEX}')")[0][0])


@pytest.fixture
def harbor(adopted: Subject) -> Subject:
    """In the ledger, and one column is of another type."""
    adopted.execute(SHRUNK)
    return adopted


def test_a_dry_run_reports_the_statements_and_changes_nothing(grown: Subject) -> None:
    grown.execute(SHRUNK)
    before, planned = grown.before(), preview(grown)
    found = repair(grown, dry_run=True)
    assert (found.result, found.error, found.remaining, found.not_repairable) == (RepairResult.REPAIRED, None, (), ())
    assert statements(found) == ["ALTER TABLE ai_messages ALTER COLUMN content TYPE text USING content::text"]
    assert "rewrites the table" in found.statements[0].hazards
    assert [each.identity for each in found.repaired] == ["public.ai_messages.content"]
    assert (planned.digest, statements(planned)) == (found.digest, statements(found))
    assert (grown.before(), grown.has_ledger()) == (before, False)


@pytest.mark.every_version
def test_a_repair_is_run_proven_and_recorded(harbor: Subject) -> None:
    before, events = harbor.before(), harbor.events()
    digest = repair(harbor, dry_run=True).digest
    found = repair(harbor, digest=digest)
    assert (found.result, found.error, found.digest) == (RepairResult.REPAIRED, None, digest)
    assert harbor.audit().verdict is Verdict.READY
    assert harbor.events() == [*events, ("repaired", "20250315")]
    assert (harbor.ledger(), harbor.rows()) == (before.ledger, before.rows), "its row stays"
    [(run_id,)] = harbor.query("SELECT run_id FROM pgfleet.ledger WHERE version = '20250315'")
    assert run_id == f"run-{harbor.runs}"
    assert repair(harbor).result is RepairResult.UNCHANGED


def test_a_repaired_migration_without_a_ledger_row_is_adopted(grown: Subject) -> None:
    grown.execute(SHRUNK)
    assert repair(grown).error is None
    assert (grown.ledger(), grown.events()) == ({"20250315": "adopted"}, [("repaired", "20250315")])


@pytest.mark.every_version
def test_a_rerun_is_used_if_it_is_proven_and_statements_otherwise(harbor: Subject) -> None:
    subject = harbor
    subject.execute(f"DROP INDEX {INDEX}, idx_ai_conversations_summary_updated")
    found = repair(subject)
    assert (found.versions, len(found.statements), found.error) == (("20250315", "20250328"), 1, None)
    assert subject.audit().verdict is Verdict.READY
    assert subject.events()[-2:] == [("repaired", "20250315"), ("repaired", "20250328")]


def test_a_tenant_that_has_changed_since_the_approval_is_unchanged(harbor: Subject) -> None:
    digest = repair(harbor, dry_run=True).digest
    harbor.execute(NULLABLE)
    before, events = harbor.before(), harbor.events()
    found = repair(harbor, digest=digest)
    assert (found.result, "has changed since" in message(found)) == (RepairResult.FAILED, True)
    assert (harbor.before(), harbor.events()) == (before, events)
    harbor.execute("ALTER TABLE ai_messages ALTER role SET NOT NULL, ALTER content TYPE text")
    assert "has changed since" in message(repair(harbor, digest=digest)), "nor is nothing what was agreed to"


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_statement_that_rows_violate_rolls_everything_back(harbor: Subject, dry_run: bool) -> None:
    harbor.execute(f"{NULLABLE}; {NULLS}; DROP INDEX {INDEX}")
    before, events = harbor.before(), harbor.events()
    found = repair(harbor, dry_run=dry_run)
    assert (found.result, found.repaired, found.versions) == (RepairResult.FAILED, (), ("20250315",))
    assert len(found.statements) == 2
    assert found.error is not None
    assert (found.error.sqlstate, found.error.file) == ("23502", "statement 2")
    assert "existing rows conflict" in (found.error.advice or "")
    assert (harbor.before(), harbor.events()) == (before, events)


def test_a_script_that_would_lose_rows_trips_the_guard(small: Callable[..., Subject]) -> None:
    script = f"{TABLE} CREATE INDEX IF NOT EXISTS one_id ON one (id); DELETE FROM one;"
    subject = small({"1_one.sql": script}, rest='[[counts]]\ntable = "one"')
    subject.expected = replace(subject.expected, repeats=frozenset())  # as if the DELETE could not be recognized
    subject.execute(f"{script} INSERT INTO one VALUES (1); DROP INDEX one_id")
    found = repair(subject)
    assert (found.result, found.versions) == (RepairResult.FAILED, ("1",))
    assert "rows would be lost" in message(found)
    assert (subject.query("SELECT id FROM one"), subject.has_ledger()) == ([(1,)], False)


ROW = b"'repaired', 'public', '20250315'"
POINTS: dict[str, dict[str, Any]] = {
    "before the guards are read": {"trigger": b"pg_stat_get_xact"},
    "before the statement": {"trigger": b"ALTER TABLE ai_messages"},
    "before the ledger row": {"trigger": ROW},
    "before the commit": {"trigger": COMMIT, "after": ROW},
}
"""Where the repair loses its connection, as options of the proxy."""


@pytest.mark.parametrize("point", POINTS)
def test_a_lost_connection_leaves_the_tenant_as_it_was(
    harbor: Subject, point: str, cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    before, events = harbor.before(), harbor.events()
    digest = repair(harbor, dry_run=True).digest
    harbor.proxy = cutting_proxy(server=harbor.server, **POINTS[point])
    with pytest.raises(ConnectionLost):
        repair(harbor, digest=digest)
    assert (harbor.proxy.cuts, harbor.before(), harbor.events()) == (1, before, events)
    assert (again(harbor, digest=digest).error, harbor.audit().verdict) == (None, Verdict.READY)


def test_the_next_attempt_recognizes_a_commit_whose_answer_was_lost(
    harbor: Subject, cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    digest = repair(harbor, dry_run=True).digest
    harbor.proxy = cutting_proxy(COMMIT, server=harbor.server, after=ROW, loses_answer=True)
    with pytest.raises(ConnectionLost):
        repair(harbor, digest=digest)
    assert harbor.audit().verdict is Verdict.READY
    events = harbor.events()
    found = again(harbor, digest=digest)
    assert (found.result, found.error, harbor.events()) == (RepairResult.REPAIRED, None, events)
    assert "earlier attempt" in (found.detail or "")
    assert "has changed since" in message(repair(harbor, digest=digest)), "another run has done nothing"


def test_a_tenant_locked_by_another_run_is_a_transient_error(harbor: Subject) -> None:
    with harbor.server.session(harbor.database) as other, tenant_lock_of_session(other), pytest.raises(TryAgain):
        repair(harbor)


@pytest.mark.every_version
def test_a_repair_in_a_home_schema_touches_no_other_schema(
    server: Server, empty_database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    homes = ("acme", 'Odd "Home.x')
    for home in homes:
        quoted = home.replace('"', '""')
        server.execute(f'CREATE SCHEMA "{quoted}"', empty_database)
        with server.session(empty_database, home) as session:
            apply_manifest(session, shipped_manifest)
            session.run_script(f"{SHRUNK}; DROP INDEX {INDEX}")
    acme, odd = (
        Subject(server=server, database=empty_database, manifest=shipped_manifest, expected=expected, home=home)
        for home in homes
    )
    other = acme.audit()
    found = repair(odd)
    assert (found.result, found.error, len(found.statements)) == (RepairResult.REPAIRED, None, 2)
    assert (odd.audit().verdict, acme.audit()) == (Verdict.READY, other)
    assert (odd.ledger(), acme.ledger()) == ({"20250315": "adopted"}, {})
    assert (repair(acme).error, acme.audit().verdict) == (None, Verdict.READY)


class Accepting(Subject):
    """A tenant whose fleet file accepts that the index is missing."""

    @property
    def context(self) -> RunContext:
        context = super().context
        context.today = date(2026, 1, 1)
        return context


def accepting(subject: Subject) -> Accepting:
    acceptance = Acceptance(
        tenant="*",
        kind="index",
        identity=f"public.{INDEX}",
        change="missing",
        owner="ana",
        reason="known",
        until=date(2026, 12, 31),
    )
    return Accepting(
        server=subject.server,
        database=subject.database,
        manifest=subject.manifest,
        expected=subject.expected,
        policy=replace(subject.policy, acceptances=(acceptance,)),
    )


def test_accepted_differences_are_not_repaired(grown: Subject) -> None:
    subject = accepting(grown)
    subject.execute(f"DROP INDEX {INDEX}")
    assert repair(subject).result is RepairResult.UNCHANGED
    subject.execute(SHRUNK)
    found = repair(subject)
    assert ([each.identity for each in found.repaired], found.error) == (["public.ai_messages.content"], None)
    assert (has_index(subject), subject.audit().verdict) == (False, Verdict.READY)
    assert (subject.events(), subject.ledger()) == ([("repaired", "20250315")], {}), "it is not whole, so not adopted"


def test_a_migration_outside_a_transaction_is_left_to_a_rollout(server: Server, empty_database: str) -> None:
    manifest = load_manifest(CONCURRENTLY)
    orders = Subject(server=server, database=empty_database, manifest=manifest, expected=server.proven(manifest))
    orders.roll_out()
    orders.execute("DROP INDEX orders_number; ALTER TABLE orders ALTER note TYPE varchar(9)")
    found = repair(orders)
    [left] = found.remaining
    assert (left.identity, left.repair and left.repair.way) == ("public.orders_number", "by hand")
    assert "2 runs outside a transaction" in (left.repair.reason or "" if left.repair else "")
    assert ([each.identity for each in found.repaired], found.versions) == (["public.orders.note"], ())
    assert outcome_of([found], dry_run=False) is RepairOutcome.FAILED
    assert (orders.roll_out().error, orders.audit().verdict) == (None, Verdict.READY)


CHECK = '[[migrations.checks]]\nname = "nobody is nameless"\nquery = "SELECT count(*) FROM one WHERE name IS NULL"\n'


def checked(small: Callable[..., Subject]) -> Subject:
    """A tenant with a column of another length, and a check of its rows."""
    subject = small({"1_one.sql": TABLE}, v1=f"{CHECK}returns = [[0]]")
    subject.execute(f"{TABLE} INSERT INTO one VALUES (1, 'a')")
    return subject


def test_a_failed_check_without_differences_is_not_repairable(small: Callable[..., Subject]) -> None:
    subject = checked(small)
    subject.execute("UPDATE one SET name = NULL")
    found = repair(subject)
    assert (found.result, found.statements) == (RepairResult.UNCHANGED, ())
    [beyond] = found.not_repairable
    assert (beyond.version, beyond.status) == ("1", MigrationStatus.DRIFTED)
    assert "nobody is nameless" in beyond.reason
    assert outcome_of([found], dry_run=False) is RepairOutcome.FAILED


def test_a_repair_whose_checks_fail_afterwards_is_not_proven(small: Callable[..., Subject]) -> None:
    subject = checked(small)
    subject.execute("UPDATE one SET name = NULL; ALTER TABLE one ALTER name TYPE varchar(9)")
    before = subject.before()
    assert "1 is drifted afterwards: check 'nobody is nameless' fails" in message(repair(subject))
    assert (subject.before(), subject.has_ledger()) == (before, False)
    subject.execute("UPDATE one SET name = 'b'")
    assert (repair(subject).error, subject.audit().verdict) == (None, Verdict.READY)


def test_a_check_of_another_migration_that_a_rerun_breaks_is_not_proven(small: Callable[..., Subject]) -> None:
    scripts = {
        "1_one.sql": TABLE,
        "2_two.sql": "CREATE INDEX IF NOT EXISTS two ON one (id); UPDATE one SET name = NULL;",
    }
    subject = small(scripts, v1=f"{CHECK}returns = [[0]]")
    expected = subject.server.proven(a_small_manifest(scripts))
    subject.expected = replace(expected, repeats=frozenset())  # as if the UPDATE could not be recognized
    subject.execute(f"{TABLE} INSERT INTO one VALUES (1, 'a'); {scripts['2_two.sql']} UPDATE one SET name = 'a'")
    subject.roll_out()
    subject.execute("DROP INDEX two")
    found = repair(subject)
    assert (found.versions, "that passed do not pass afterwards: nobody" in message(found)) == (("2",), True)
    assert subject.query("SELECT name FROM one") == [("a",)]


def test_a_migration_that_was_never_applied_is_left_to_a_rollout(subject: Subject) -> None:
    found = repair(subject)
    assert (found.result, subject.has_ledger()) == (RepairResult.UNCHANGED, False)
    assert {(each.status, each.reason) for each in found.not_repairable} == {
        (MigrationStatus.PENDING, "never applied: run pgfleet rollout")
    }
    assert outcome_of([found], dry_run=False) is RepairOutcome.COMPLETED


def test_a_dropped_table_that_reapplying_is_not_proven_to_restore_is_left_to_a_person(harbor: Subject) -> None:
    harbor.expected = harbor.server.expected(harbor.manifest)
    harbor.execute("DROP TABLE ai_task_queue")
    found = repair(harbor)
    assert [each.identity for each in found.remaining] == ["public.ai_task_queue"]
    assert [each.identity for each in found.repaired] == ["public.ai_messages.content"]
    assert harbor.events()[-1] == ("repaired", "20250315")
    assert harbor.ledger()["20250315"] == "adopted"


def test_a_missing_privilege_is_reported(harbor: Subject) -> None:
    harbor.role = harbor.server.create_role()
    harbor.server.execute(f"GRANT pg_read_all_data TO {harbor.role}", harbor.database)
    before = harbor.before()
    found = repair(harbor)
    assert (found.result, found.error and found.error.sqlstate) == (RepairResult.FAILED, "42501")
    assert harbor.before() == before


SEQUENCES = {
    "run again by its migration": {
        "1_t.sql": "CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY, a text)",
        "2_s.sql": "CREATE SEQUENCE IF NOT EXISTS s; ALTER TABLE t ALTER id SET DEFAULT nextval('s')",
    },
    "made by an earlier migration than the default": {
        "1_t.sql": "CREATE SEQUENCE IF NOT EXISTS s; CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY, a text)",
        "2_s.sql": "ALTER TABLE t ALTER id SET DEFAULT nextval('s')",
    },
    "owned": {
        "1_t.sql": "CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY, a text)",
        "2_s.sql": "CREATE SEQUENCE IF NOT EXISTS s OWNED BY t.id; ALTER TABLE t ALTER id SET DEFAULT nextval('s')",
    },
    "descending": {
        "1_t.sql": "CREATE SEQUENCE IF NOT EXISTS s INCREMENT -1; "
        "CREATE TABLE IF NOT EXISTS t (id bigint PRIMARY KEY DEFAULT nextval('s'), a text)",
    },
    "of two tables": {
        "1_t.sql": "CREATE SEQUENCE s; CREATE TABLE u (id bigint PRIMARY KEY DEFAULT nextval('s'));"
        "CREATE TABLE t (id bigint PRIMARY KEY DEFAULT nextval('s'), a text)",
    },
}
INSERT = "INSERT INTO t (a) SELECT 'a' FROM generate_series(1, 3)"


@pytest.mark.every_version
@pytest.mark.parametrize("name", SEQUENCES)
def test_a_lost_sequence_continues_after_the_values_in_use(small: Callable[..., Subject], name: str) -> None:
    """Whether a rollout or a repair creates it again."""
    subject = small(SEQUENCES[name])
    subject.roll_out()
    subject.execute(f"{INSERT}; DROP SEQUENCE s CASCADE")
    subject.roll_out()
    assert repair(subject).result is RepairResult.REPAIRED
    assert subject.audit().verdict is Verdict.READY
    subject.execute(INSERT)


def test_a_lost_sequence_whose_values_are_unknown_is_left_to_a_person(small: Callable[..., Subject]) -> None:
    table = "CREATE TABLE IF NOT EXISTS t (id text PRIMARY KEY, a text)"
    default = "ALTER TABLE t ALTER id SET DEFAULT 'n' || nextval('s')"
    subject = small({"1_t.sql": f"CREATE SEQUENCE IF NOT EXISTS s; {table}; {default}"})
    subject.roll_out()
    subject.execute(f"{INSERT}; DROP SEQUENCE s CASCADE")
    subject.roll_out()
    repair(subject)
    found = {each.identity: each.repair and each.repair.reason for each in subject.audit().migrations[0].differences}
    assert found == {
        "public.s": "its current value is lost: create it, and set it after the last value in use",
        "public.t.id": "sequence s must be restored first",
    }
