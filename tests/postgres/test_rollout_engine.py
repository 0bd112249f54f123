"""Rollouts of one tenant: what they do, do not touch, and report."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from fixtures.rollout import Subject, a_small_manifest, step

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus

FIRST = "CREATE TABLE IF NOT EXISTS one (id integer);"
SECOND = "ALTER TABLE one ADD COLUMN IF NOT EXISTS name text;"


def test_an_empty_tenant_gets_every_migration(subject: Subject) -> None:
    result = subject.roll_out()
    assert (result.result, result.error) == (Result.DONE, None)
    assert {(each.action, each.status) for each in result.migrations} == {(Action.APPLY, StepStatus.DONE)}
    assert [(each.name, each.status, each.rows_added) for each in result.seeds] == [
        ("policy_rules", StepStatus.DONE, 2)
    ]
    assert [(each.before.rows, each.after.rows) for each in result.counts] == [(None, 0), (None, 0)]
    assert all(each.duration_ms is not None for each in result.migrations)
    assert subject.audit().verdict is Verdict.READY
    versions = [each.version for each in subject.manifest.migrations]
    assert subject.ledger() == dict.fromkeys(versions, "applied")
    assert subject.events() == [("applied", version) for version in versions]


def test_a_tenant_that_is_as_expected_is_not_written_to(migrated: Subject) -> None:
    """A transaction that writes is given a number; the WAL also has what the server writes on its own account."""
    events = migrated.events()

    def writes() -> bool:
        next_number = "SELECT pg_snapshot_xmax(pg_current_snapshot())::text"
        before = migrated.query(next_number)
        result = migrated.roll_out()
        assert (result.result, result.migrations[0].status) == (Result.UNCHANGED, StepStatus.SKIPPED)
        return migrated.query(next_number) != before

    assert not all(writes() for _ in range(3)), "autovacuum may have written once, and hardly thrice"
    assert migrated.events() == events


def test_a_tenant_migrated_by_hand_is_adopted_without_running_anything(grown: Subject) -> None:
    made = grown.query("SELECT oid, xmin, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace")
    result = grown.roll_out()
    assert {(each.action, each.status) for each in result.migrations} == {(Action.ADOPT, StepStatus.DONE)}
    assert {event for event, _ in grown.events()} == {"adopted"}
    assert grown.ledger() == dict.fromkeys(grown.statuses(), "adopted")
    assert made == grown.query(
        "SELECT oid, xmin, relfilenode FROM pg_class WHERE relnamespace = 'public'::regnamespace"
    )


def test_drift_is_fixed_and_no_row_is_lost(adopted: Subject) -> None:
    before = adopted.before()
    adopted.execute("DROP INDEX idx_ai_task_queue_status_schedule; ALTER TABLE ai_conversations DROP COLUMN summary")
    result = adopted.roll_out(recreate=("ai_conversations.summary",))
    restored = [each.version for each in result.migrations if each.action is Action.REAPPLY]
    assert (result.result, restored) == (Result.DONE, ["20250315", "20250328"])
    assert adopted.audit().verdict is Verdict.READY
    assert adopted.events()[-2:] == [("healed", "20250315"), ("healed", "20250328")]
    adopted.assert_whole(before)


def test_reapplying_fixes_what_it_is_proven_to_fix_and_leaves_other_drift_as_it_is(adopted: Subject) -> None:
    adopted.execute(
        "DROP INDEX idx_ai_task_queue_status_schedule; ALTER TABLE ai_messages ALTER content TYPE varchar(9)"
    )
    result = adopted.roll_out()
    assert (result.result, step(result, "20250315").status) == (Result.DONE, StepStatus.DONE)
    remaining = [each.identity for migration in adopted.audit().migrations for each in migration.differences]
    assert remaining == ["public.ai_messages.content"]


def test_drift_that_reapplying_is_not_proven_to_fix_is_left_as_it_is(adopted: Subject) -> None:
    adopted.execute("ALTER TABLE ai_messages ALTER content TYPE varchar(9)")
    before, events = adopted.audit(), adopted.events()
    result = adopted.roll_out()
    left = step(result, "20250315")
    assert (result.result, left.action, left.status) == (Result.UNCHANGED, Action.LEAVE, StepStatus.SKIPPED)
    assert left.detail == "running it again is not proven to fix its drift; --repair fixes it"
    assert (adopted.audit(), adopted.events()) == (before, events)


def test_a_requested_rerun_runs_the_migration_again(migrated: Subject) -> None:
    result = migrated.roll_out(rerun=("20250328",))
    assert (step(result, "20250328").action, step(result, "20250328").status) == (Action.RERUN, StepStatus.DONE)
    assert migrated.events()[-1] == ("rerun", "20250328")


def test_a_scope_of_p0_runs_only_p0_migrations(subject: Subject) -> None:
    result = subject.roll_out(priority="P0")
    assert {each.priority for each in result.migrations} == {"P0"}
    assert subject.audit().verdict is Verdict.DEGRADED


def test_migrations_that_require_a_failed_one_are_not_reached_and_others_run(small: Callable[..., Subject]) -> None:
    subject = small(
        {"1_one.sql": FIRST, "2_two.sql": SECOND, "3_other.sql": "CREATE TABLE IF NOT EXISTS other ();"},
        v2='requires = ["1"]',
    )
    subject.execute("CREATE VIEW one AS SELECT 1")
    result = subject.roll_out()
    assert [each.status for each in result.migrations] == [StepStatus.FAILED, StepStatus.NOT_REACHED, StepStatus.DONE]
    assert step(result, "2").detail == "required migration 1 is not applied"
    assert (result.result, subject.ledger()) == (Result.FAILED, {"3": "applied"})


def test_a_script_that_changed_after_it_ran_is_reported_and_fails_nothing(migrated: Subject) -> None:
    first, *others = migrated.manifest.migrations
    script = replace(first.script, sql=f"{first.script.sql}\n-- later", checksum="another")
    migrated.manifest = replace(migrated.manifest, migrations=(replace(first, script=script), *others))
    plan = migrated.plan()
    assert [each.version for each in plan.migrations if each.altered] == ["20250315"]
    result = migrated.roll_out(plan)
    assert (result.result, step(result, "20250315").altered) == (Result.UNCHANGED, True)


def test_an_error_says_where_it_is_and_what_to_do(small: Callable[..., Subject]) -> None:
    third = "INSERT INTO one\n  (nonsense) VALUES ('ü');"
    script = f"{FIRST}\n-- für später\nCREATE TABLE IF NOT EXISTS two ();\n{third}\n"
    subject = small({"1_one.sql": FIRST})
    subject.manifest = a_small_manifest({"1_one.sql": script})
    before = subject.audit()
    [failed] = subject.roll_out().migrations
    error = failed.error
    assert error is not None
    assert (error.sqlstate, error.file, error.line, error.column) == ("42703", "1_one.sql", 5, 4)
    assert (error.message, bool(error.advice)) == ('column "nonsense" of relation "one" does not exist', True)
    assert subject.audit() == before, "its first two statements are taken back"
    assert subject.ledger() == {}


def test_a_check_that_fails_afterwards_commits_nothing(small: Callable[..., Subject]) -> None:
    check = '[[migrations.checks]]\nname = "rows"\nquery = "SELECT count(*) FROM one"\nreturns = [[1]]'
    subject = small({"1_one.sql": FIRST}, v1=check)
    [failed] = subject.roll_out().migrations
    assert failed.error is not None
    assert "check 'rows' fails: missing: 1; unexpected: 0" in failed.error.message
    assert (subject.query("SELECT to_regclass('one')"), subject.ledger()) == ([(None,)], {})


def test_a_migration_without_objects_and_checks_is_applied_once(small: Callable[..., Subject]) -> None:
    subject = small({"1_one.sql": FIRST, "2_data.sql": "INSERT INTO one VALUES (1);"})
    dry_run = subject.roll_out(dry_run=True)
    assert (dry_run.result, subject.ledger()) == (Result.DONE, {})
    assert [subject.roll_out().result, subject.roll_out().result] == [Result.DONE, Result.UNCHANGED]
    assert (subject.query("SELECT id FROM one"), subject.ledger()) == ([(1,)], {"1": "applied", "2": "applied"})


def test_a_script_runs_with_the_policys_limits_and_the_runs_application_name(small: Callable[..., Subject]) -> None:
    names = ("lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout", "application_name")
    recording = "".join(f"INSERT INTO one SELECT '{name}', current_setting('{name}');" for name in names)
    subject = small({"1_one.sql": f"CREATE TABLE IF NOT EXISTS one (name text, value text); {recording}"})
    assert subject.roll_out().result is Result.DONE
    assert dict(subject.query("SELECT name, value FROM one")) == {
        "lock_timeout": "300ms",
        "statement_timeout": "30s",
        "idle_in_transaction_session_timeout": "10s",
        "application_name": "pgfleet test",
    }


@pytest.mark.parametrize("role", ["SET SESSION ROLE pg_monitor", "SET SESSION AUTHORIZATION pg_monitor"])
def test_settings_and_roles_of_a_script_do_not_affect_the_next(small: Callable[..., Subject], role: str) -> None:
    setting = f"SET search_path TO pg_catalog; SET statement_timeout TO 1; {role}"
    subject = small({"1_one.sql": f"{FIRST} {setting};", "2_two.sql": SECOND + " SELECT pg_sleep(0.01);"})
    result = subject.roll_out()
    assert (result.result, result.error) == (Result.DONE, None)


def test_a_later_migration_that_a_reapplied_one_undoes_is_rerun(small: Callable[..., Subject]) -> None:
    def function(body: str) -> str:
        return f"CREATE OR REPLACE FUNCTION says() RETURNS text LANGUAGE sql AS $$ SELECT '{body}' $$;"

    first = f"{FIRST} CREATE INDEX IF NOT EXISTS one_id ON one (id); {function('first')}"
    subject = small({"1_one.sql": first, "2_two.sql": function("second")})
    subject.roll_out()
    subject.execute("DROP INDEX one_id")
    plan = subject.plan()
    assert [each.action for each in plan.migrations] == [Action.REAPPLY, Action.RERUN]
    alone = plan.model_copy(update={"migrations": (plan.migrations[0],)})
    failed = subject.roll_out(alone).migrations[0].error
    assert failed is not None
    assert "damages objects of other migrations" in failed.message
    assert subject.roll_out(plan).result is Result.DONE
    assert subject.query("SELECT says()") == [("second",)]


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("DROP INDEX idx_ai_task_queue_status_schedule", "is not now"),
        ("ALTER TABLE ai_guardrails.policy_rules DROP COLUMN company_deny_list", "is drifted now"),
    ],
    ids=["what was to be left alone", "what was to be adopted"],
)
def test_a_tenant_that_changed_after_the_plan_is_unchanged(adopted: Subject, damage: str, said: str) -> None:
    adopted.execute("DELETE FROM pgfleet.ledger WHERE version = '20250401'")
    plan = adopted.plan()
    adopted.execute(damage)
    events = adopted.events()
    result = adopted.roll_out(plan)
    [failed] = [each for each in result.migrations if each.status is StepStatus.FAILED]
    assert failed.error is not None
    assert said in failed.error.message
    assert [event for event, _ in adopted.events()[len(events) :]] in ([], ["adopted"])


def test_a_migration_applied_by_someone_else_meanwhile_is_not_run_twice(briefly: Subject) -> None:
    plan = briefly.plan()
    briefly.roll_out(plan)
    events = briefly.events()
    result = briefly.roll_out(plan)
    assert {each.status for each in result.migrations} == {StepStatus.DONE}
    assert {each.detail for each in result.migrations} == {"done already when its turn came"}
    assert briefly.events() == events


def test_the_ledger_keeps_tenants_of_one_database_apart(briefly: Subject) -> None:
    briefly.execute("CREATE SCHEMA acme; CREATE SCHEMA globex")
    acme, globex = replace(briefly, home="acme"), replace(briefly, home="globex")
    assert (acme.roll_out().result, globex.audit().verdict) == (Result.DONE, Verdict.BLOCKED)
    assert globex.ledger() == {}
    assert globex.roll_out().result is Result.DONE
    assert {acme.audit().verdict, globex.audit().verdict} == {Verdict.READY}
