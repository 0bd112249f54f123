"""Rollouts with `transaction = "tenant"`: all of a tenant, or nothing."""

import threading
from collections.abc import Callable
from dataclasses import replace

import psycopg
import pytest
from fixtures.rollout import QUICK, Subject, step

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.fleet.model import Policy, TransactionMode

WHOLE: Policy = replace(QUICK, rollout=replace(QUICK.rollout, transaction=TransactionMode.TENANT))
SCRIPTS = {
    "1_users.sql": "CREATE TABLE users (id int PRIMARY KEY);",
    "2_posts.sql": "CREATE TABLE posts (id int PRIMARY KEY);",
    "3_tags.sql": "CREATE TABLE tags (id int PRIMARY KEY);",
}


LOCKING = """
CREATE TABLE posts (id int PRIMARY KEY);
DO $$ BEGIN IF to_regclass('busy') IS NOT NULL THEN LOCK TABLE busy; END IF; END $$;
"""


def whole(subject: Subject) -> Subject:
    return replace(subject, policy=WHOLE, plans=[])


def transactions(subject: Subject) -> list[object]:
    """When the transactions began that wrote the ledger's rows."""
    return subject.query("SELECT DISTINCT recorded_at FROM pgfleet.ledger")


def ended(result: object) -> list[tuple[str, StepStatus]]:
    return [(each.version, each.status) for each in result.migrations]  # type: ignore[attr-defined]


def test_everything_of_a_tenant_is_one_transaction(subject: Subject) -> None:
    tenant = whole(subject)
    result = tenant.roll_out()
    assert (result.result, result.error) == (Result.DONE, None)
    assert {each.status for each in result.migrations} == {StepStatus.DONE}
    assert [each.rows_added for each in result.seeds] == [2]
    assert tenant.audit().verdict is Verdict.READY
    assert len(transactions(tenant)) == 1
    assert tenant.roll_out().result is Result.UNCHANGED


def test_a_failure_rolls_back_everything_and_says_what_failed(small: Callable[..., Subject]) -> None:
    tenant = whole(small(SCRIPTS))
    tenant.execute("CREATE TYPE posts AS (a int)")  # the second migration needs the name
    for dry_run in (True, False):
        result = tenant.roll_out(dry_run=dry_run)
        assert result.result is Result.FAILED
        assert ended(result) == [
            ("1", StepStatus.ROLLED_BACK),
            ("2", StepStatus.FAILED),
            ("3", StepStatus.NOT_REACHED),
        ]
        assert step(result, "1").detail == "rolled back, because 2 failed"
        assert step(result, "2").error is not None
        assert step(result, "3").detail == "2 failed, and the tenant's rollout is one transaction"
        assert tenant.query("SELECT to_regclass('users'), to_regclass('pgfleet.ledger')") == [(None, None)]


def test_a_script_outside_a_transaction_is_refused_and_nothing_runs(small: Callable[..., Subject]) -> None:
    scripts = {**SCRIPTS, "4_index.sql": "CREATE INDEX CONCURRENTLY tags_id ON tags (id);"}
    tenant = whole(small(scripts, v4="transactional = false"))
    plan = tenant.plan()
    assert plan.of("4").action is Action.REFUSE
    result = tenant.roll_out(plan)
    assert ended(result) == [*((n, StepStatus.NOT_REACHED) for n in "123"), ("4", StepStatus.FAILED)]
    assert step(result, "4").error is not None
    assert "4_index.sql runs outside a transaction" in step(result, "4").error.message  # type: ignore[union-attr]
    assert tenant.statuses() == dict.fromkeys("1234", "pending")


def test_a_lock_restarts_the_transaction_and_fails_the_migration_that_waits(small: Callable[..., Subject]) -> None:
    scripts = {**SCRIPTS, "2_posts.sql": LOCKING}
    tenant = whole(small(scripts))
    tenant.execute("CREATE TABLE busy ()")
    with psycopg.connect(tenant.server.cluster.dsn(tenant.database)) as holder:
        holder.execute("LOCK TABLE busy IN SHARE MODE")
        result = tenant.roll_out()
        holder.rollback()
    assert ended(result) == [("1", StepStatus.ROLLED_BACK), ("2", StepStatus.FAILED), ("3", StepStatus.NOT_REACHED)]
    assert step(result, "2").error is not None
    assert step(result, "2").error.sqlstate == "55P03"  # type: ignore[union-attr]
    assert tenant.query("SELECT to_regclass('users')") == [(None,)]
    assert tenant.roll_out().result is Result.DONE


def test_a_session_that_is_killed_is_restarted(small: Callable[..., Subject]) -> None:
    tenant = whole(small({**SCRIPTS, "2_posts.sql": "CREATE TABLE posts (); SELECT pg_sleep(1);"}))
    timer = threading.Timer(0.7, tenant.terminate)
    timer.start()
    result = tenant.roll_out()
    timer.join()
    assert (result.result, result.error) == (Result.DONE, None)
    assert len(transactions(tenant)) == 1


def test_a_value_of_an_enum_cannot_be_used_in_the_transaction_that_adds_it(small: Callable[..., Subject]) -> None:
    """A dry run says so, because the rollout would fail too."""
    tenant = whole(
        small(
            {
                "1_kinds.sql": "CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (k kind);",
                "2_add.sql": "ALTER TYPE kind ADD VALUE 'b';",
                "3_use.sql": "ALTER TABLE t ALTER k SET DEFAULT 'b';",
            }
        )
    )
    assert replace(tenant, policy=QUICK).roll_out(adopt_through=None).result is Result.DONE
    fresh = whole(tenant)
    fresh.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public; DROP SCHEMA pgfleet CASCADE")
    fresh.execute("CREATE TYPE kind AS ENUM ('a'); CREATE TABLE t (k kind)")
    for dry_run in (True, False):
        result = fresh.roll_out(dry_run=dry_run)
        failed = step(result, "3")
        assert failed.status is StepStatus.FAILED
        assert failed.error is not None
        assert failed.error.sqlstate == "55P04"
        assert 'set transaction = "migration"' in (failed.error.advice or "")


def test_deferred_constraints_are_checked_after_each_migration(small: Callable[..., Subject]) -> None:
    tenant = whole(
        small(
            {
                "1_a.sql": "CREATE TABLE a (id int PRIMARY KEY);"
                "CREATE TABLE b (a int REFERENCES a DEFERRABLE INITIALLY DEFERRED);",
                "2_rows.sql": "INSERT INTO b VALUES (1); INSERT INTO a VALUES (1);",
                "3_wrong.sql": "ALTER TABLE b ADD n int;",
            }
        )
    )
    assert tenant.roll_out().result is Result.DONE


def test_drift_is_fixed_in_the_same_transaction(adopted: Subject) -> None:
    tenant = whole(adopted)
    before = tenant.before()
    tenant.execute("DROP INDEX idx_ai_task_queue_status_schedule; ALTER TABLE ai_conversations DROP COLUMN summary")
    result = tenant.roll_out(recreate=("ai_conversations.summary",))
    assert result.result is Result.DONE
    assert {each.action for each in result.migrations if each.status is StepStatus.DONE} == {Action.REAPPLY}
    assert tenant.audit().verdict is Verdict.READY
    tenant.assert_whole(before)


def test_reverts_of_a_tenant_are_one_transaction(small: Callable[..., Subject]) -> None:
    downs = {f"{n}.down.sql": f"DROP TABLE {name};" for n, name in (("1", "users"), ("2", "absent"), ("3", "tags"))}
    subject = small(SCRIPTS, downs, **{f"v{n}": f'revert = "{n}.down.sql"' for n in "123"})
    assert subject.roll_out().result is Result.DONE
    tenant = whole(subject)
    result = tenant.roll_out(revert_to="none")
    assert ended(result) == [("3", StepStatus.ROLLED_BACK), ("2", StepStatus.FAILED), ("1", StepStatus.NOT_REACHED)]
    assert tenant.statuses() == dict.fromkeys("123", "applied")
    assert tenant.roll_out(revert_to="2").result is Result.DONE


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_migration_that_is_not_proven_rolls_back_everything(small: Callable[..., Subject], dry_run: bool) -> None:
    check = "[[migrations.checks]]\nname = 'never'\nquery = 'SELECT 1'\nreturns = [[2]]"
    tenant = whole(small(SCRIPTS, v2=check))
    result = tenant.roll_out(dry_run=dry_run)
    assert result.result is Result.FAILED
    assert StepStatus.DONE not in {status for _, status in ended(result)}
    assert tenant.query("SELECT to_regclass('users')") == [(None,)]
