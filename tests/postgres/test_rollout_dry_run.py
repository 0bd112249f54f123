"""A dry run leaves a tenant unchanged and reports what a rollout would leave."""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
from fixtures.manifests import linear_manifest
from fixtures.proxy import CuttingProxy, ledger_row
from fixtures.rollout import Subject
from fixtures.servers import Server

from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.postgres.apply.one_transaction import ATTEMPTS

LEDGER = ledger_row("20250315")
STATE = """
SELECT 'class', relname::text, relfilenode::text FROM pg_class WHERE oid >= 16384
UNION ALL SELECT 'schema', nspname::text, NULL FROM pg_namespace
UNION ALL SELECT 'function', proname::text, xmin::text FROM pg_proc WHERE oid >= 16384
ORDER BY 1, 2, 3
"""


def test_a_dry_run_leaves_nothing(subject: Subject) -> None:
    before = subject.query(STATE)
    result = subject.roll_out(dry_run=True)
    assert (result.result, {each.status for each in result.migrations}) == (Result.DONE, {StepStatus.DONE})
    assert [(each.before.rows, each.after.rows) for each in result.counts] == [(None, 0), (None, 0)]
    assert subject.query(STATE) == before


def test_a_dry_run_reports_the_same_differences_as_the_real_run(adopted: Subject) -> None:
    adopted.execute("""
        ALTER TABLE ai_messages ALTER content TYPE varchar(9);
        DROP INDEX idx_ai_conversations_summary_updated;
        DROP TABLE ai_conversation_reflections;
        ALTER TABLE skill_workflows DROP CONSTRAINT skill_workflows_name_version_key;
    """)
    before = adopted.query(STATE)
    dry_run = adopted.roll_out(dry_run=True)
    assert adopted.query(STATE) == before
    real = adopted.roll_out()

    def told(result: Any) -> list[Any]:
        return [(each.version, each.status, each.residual, each.error) for each in result.migrations]

    assert told(dry_run) == told(real)
    assert {each.action for each in real.migrations} >= {Action.REAPPLY, Action.LEAVE}


def test_a_dry_run_releases_its_locks_while_it_waits_for_another(adopted: Subject) -> None:
    """It must not sit on what it has locked so far while it waits to try again."""
    adopted.execute("DROP INDEX idx_ai_task_queue_status_schedule, ai_guardrails.idx_policy_rules_priority")
    dsn = adopted.server.cluster.dsn(adopted.database)
    with psycopg.connect(dsn) as holder, psycopg.connect(dsn, autocommit=True) as traffic:
        holder.execute("LOCK TABLE ai_guardrails.policy_rules IN ROW EXCLUSIVE MODE")
        found: list[Any] = []
        thread = threading.Thread(target=lambda: found.append(adopted.roll_out(dry_run=True)))
        thread.start()
        traffic.execute("SET lock_timeout TO '20s'")
        deadline = time.monotonic() + 1  # the attempts to get the lock take longer
        while time.monotonic() < deadline:
            traffic.execute("INSERT INTO ai_task_queue (task_type) VALUES ('x')")
            time.sleep(0.02)  # as a service that writes now and then
        holder.rollback()
        thread.join()
    assert found[0].result is Result.DONE


def test_a_lost_connection_restarts_the_dry_run_and_commits_nothing(
    briefly: Subject, cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    """The next statement must not run on a new connection, outside the transaction."""
    before = briefly.query(STATE)
    briefly.proxy = cutting_proxy(LEDGER, server=briefly.server)
    result = briefly.roll_out(dry_run=True)
    assert (result.result, briefly.proxy.cuts) == (Result.DONE, 1)
    assert briefly.query(STATE) == before


def test_a_dry_run_that_loses_every_connection_fails_and_changes_nothing(
    briefly: Subject, cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    before = briefly.query(STATE)
    briefly.proxy = cutting_proxy(LEDGER, server=briefly.server, always=True)
    assert briefly.roll_out(dry_run=True).result is Result.FAILED
    assert briefly.proxy.cuts == ATTEMPTS
    assert briefly.query(STATE) == before


PARENT_AND_CHILD = """
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE child (parent_id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED);
"""


def dry_run_of(server: Server, database: str, *scripts: str) -> list[tuple[StepStatus, str | None]]:
    """The status of each migration in a dry run in an empty tenant, with its detail or error."""
    manifest = linear_manifest(*scripts)
    subject = Subject(server=server, database=database, manifest=manifest, expected=server.expected(manifest))
    result = subject.roll_out(dry_run=True)
    return [(each.status, each.error.message if each.error else each.detail) for each in result.migrations]


def test_a_dry_run_checks_deferred_constraints_after_each_migration(server: Server, empty_database: str) -> None:
    steps = dry_run_of(
        server,
        empty_database,
        PARENT_AND_CHILD,
        "INSERT INTO child VALUES (1); INSERT INTO parent VALUES (1)",
        "ALTER TABLE child ADD COLUMN note text",
        "INSERT INTO child VALUES (2); INSERT INTO parent VALUES (2)",
    )
    assert steps == [(StepStatus.DONE, None)] * 4


def test_a_violated_deferred_constraint_fails_its_migration(server: Server, empty_database: str) -> None:
    in_tenants = "current_database() NOT LIKE 'pgfleet_scratch%'"
    orphan = f"DO $$ BEGIN IF {in_tenants} THEN INSERT INTO child VALUES (1); END IF; END $$"
    steps = dry_run_of(server, empty_database, PARENT_AND_CHILD, orphan, "CREATE TABLE later (id int)")
    [created, (status, message), later] = steps
    assert (created[0], status, later[0]) == (StepStatus.DONE, StepStatus.FAILED, StepStatus.NOT_REACHED)
    assert message is not None
    assert 'violates foreign key constraint "child_parent_id_fkey"' in message


def test_a_new_enum_value_that_is_used_is_not_exercised(server: Server, empty_database: str) -> None:
    scripts = [
        "CREATE TYPE mood AS ENUM ('happy'); CREATE TABLE person (mood mood)",
        "ALTER TYPE mood ADD VALUE 'sad'",
        "INSERT INTO person VALUES ('sad')",
        "CREATE TABLE later (id int)",
    ]
    steps = dry_run_of(server, empty_database, *scripts)
    assert [status for status, _ in steps] == [StepStatus.DONE] * 2 + [StepStatus.NOT_EXERCISED] * 2
    assert "unsafe use of new value" in str(steps[2][1])
    assert steps[3][1] == "required migration 3 was not exercised"
