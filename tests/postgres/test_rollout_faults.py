"""Faults during a rollout: the tenant is as before or as expected, and the next run completes it."""

import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fixtures.binaries import BINARIES, MAIN
from fixtures.proxy import CuttingProxy, ledger_row
from fixtures.rollout import QUICK, Before, Subject, step
from fixtures.servers import Server, started
from fixtures.waiting import until

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.documents.rollout import Result, StepStatus, TenantResult
from pgfleet.fleet.model import TransactionMode
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.locks import locked_transaction
from pgfleet.postgres.read.audit import directly

MakeProxy = Callable[..., CuttingProxy]
VICTIM = "20250328"
"""The migration in which the fault is met: neither the first nor the last."""


FIRST, INDEX = "20250315", b"CREATE INDEX IF NOT EXISTS idx_ai_conversations_summary_updated"
POINTS: dict[str, dict[str, Any]] = {
    "before the lock": {"trigger": b"pg_try_advisory_xact_lock", "after": ledger_row(FIRST)},
    "in the SQL": {"trigger": INDEX},
    "before the ledger row and the commit": {"trigger": ledger_row(VICTIM)},
    "after the commit": {"trigger": ledger_row(VICTIM), "loses_answer": True},
}
"""Where the victim's transaction loses its connection, as options of the proxy."""


@pytest.mark.parametrize("point", POINTS)
def test_a_lost_connection_fails_the_tenant_and_the_next_run_completes_it(
    briefly: Subject, point: str, cutting_proxy: MakeProxy
) -> None:
    briefly.run = directly
    before = briefly.before()
    briefly.proxy = cutting_proxy(server=briefly.server, **POINTS[point])
    result = briefly.roll_out()
    assert (result.result, briefly.proxy.cuts) == (Result.FAILED, 1)
    expected = "applied" if point == "after the commit" else None
    assert (briefly.ledger().get("20250315"), briefly.ledger().get(VICTIM)) == ("applied", expected)
    assert step(result, "20250330").status is StepStatus.NOT_REACHED
    briefly.assert_whole(before)
    completes(briefly)


@pytest.mark.parametrize("point", POINTS)
def test_a_retry_makes_up_for_a_lost_connection(briefly: Subject, point: str, cutting_proxy: MakeProxy) -> None:
    briefly.proxy = cutting_proxy(server=briefly.server, **POINTS[point])
    result = briefly.roll_out()
    assert (result.result, briefly.proxy.cuts) == (Result.DONE, 1)
    assert briefly.audit().verdict is Verdict.READY
    versions = [version for _, version in briefly.events()]
    assert versions == [each.version for each in briefly.manifest.migrations], "each once, whatever was lost"


def test_an_immediate_server_stop_leaves_every_tenant_consistent(short_manifest: Manifest) -> None:
    """The server is stopped while one tenant's script is running and others are between two of theirs."""
    with started(BINARIES[MAIN]) as server:
        expected = server.expected(short_manifest)
        subjects = [
            Subject(server=server, database=server.create_database(), manifest=short_manifest, expected=expected)
            for _ in range(4)
        ]
        befores = [each.before() for each in subjects]
        plans = [each.plan() for each in subjects]
        results: list[TenantResult] = []
        threads = [
            threading.Thread(target=lambda each=each, plan=plan: results.append(each.roll_out(plan)))
            for each, plan in zip(subjects, plans, strict=True)
        ]
        for thread in threads:
            thread.start()
        until(lambda: any(each.ledger() for each in subjects), pause_seconds=0.02)
        server.cluster.restart(signal.SIGQUIT)
        for thread in threads:
            thread.join()
        assert len(results) == 4
        for each, before in zip(subjects, befores, strict=True):
            each.assert_whole(before)
            completes(each)


def test_a_rollout_waits_a_bounded_time_for_another_sessions_lock(adopted: Subject) -> None:
    before = adopted.before()
    adopted.execute("DROP INDEX idx_ai_task_queue_status_schedule")
    plan = adopted.plan()
    with exclusive_lock(adopted, "ai_task_queue") as holder:
        result = adopted.roll_out(plan)
        holder.rollback()
    assert (result.result, result.error is not None) == (Result.FAILED, True)
    assert result.error is not None
    assert (result.error.sqlstate, "pg_stat_activity" in (result.error.advice or "")) == ("55P03", True)
    adopted.assert_whole(replace(before, statuses=adopted.statuses()))
    completes(adopted)


def test_a_retry_gets_a_lock_that_was_released(adopted: Subject) -> None:
    adopted.execute("DROP INDEX idx_ai_task_queue_status_schedule")
    plan = adopted.plan()
    with exclusive_lock(adopted, "ai_task_queue") as holder:
        timer = threading.Timer(0.6, holder.rollback)
        timer.start()
        result = adopted.roll_out(plan)
        timer.join()
    assert result.result is Result.DONE
    assert adopted.audit().verdict is Verdict.READY


def test_two_concurrent_rollouts_of_one_tenant_apply_everything_once(briefly: Subject) -> None:
    plan = briefly.plan()
    patient = replace(briefly.policy, lock_timeout_ms=60_000)  # one waits for the other, however busy the machine is
    pair = [replace(briefly, runs=number * 10, policy=patient) for number in (1, 2)]
    results: list[TenantResult] = []
    threads = [threading.Thread(target=lambda each=each: results.append(each.roll_out(plan))) for each in pair]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [(each.result, [step.error for step in each.migrations if step.error]) for each in results] == [
        (Result.DONE, [])
    ] * 2
    assert [version for _, version in briefly.events()] == [each.version for each in briefly.manifest.migrations]
    assert briefly.audit().verdict is Verdict.READY


def test_a_second_run_names_the_process_that_holds_the_lock(briefly: Subject) -> None:
    briefly.run = directly
    plan = briefly.plan()
    with briefly.server.session(briefly.database) as other, locked_transaction(other):
        result = briefly.roll_out(plan)
    errors = {each.error.message for each in result.migrations if each.error}
    assert len(errors) == 1
    assert "another run is working on this tenant: pgfleet, process" in errors.pop()
    assert briefly.rows() == {}
    completes(briefly)


@pytest.mark.parametrize("mode", TransactionMode)
def test_a_process_that_is_killed_before_the_commit_leaves_nothing_of_the_transaction(
    briefly: Subject, tmp_path: Path, cutting_proxy: MakeProxy, mode: TransactionMode
) -> None:
    """The proxy kills it after the victim's script, when it sends that row with its COMMIT."""
    briefly.policy = replace(QUICK, rollout=replace(QUICK.rollout, transaction=mode))
    processes: list[subprocess.Popen[bytes]] = []

    def kill() -> None:
        processes[0].kill()

    proxy = cutting_proxy(ledger_row(VICTIM), server=briefly.server, act=kill)
    script = ROLLOUT.format(
        paths=[str(Path(__file__).parents[1])],
        dsn=briefly.server.cluster.dsn(briefly.database).replace(f":{briefly.server.cluster.port}/", f":{proxy.port}/"),
        manifest=pickle.dumps(briefly.manifest),
        expected=pickle.dumps(briefly.expected),
        policy=pickle.dumps(briefly.policy),
    )
    before = briefly.before()
    file = tmp_path / "rollout.py"
    file.write_text(script, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(file)]) as process:
        processes.append(process)
    assert process.returncode == -signal.SIGKILL
    until(
        lambda: not briefly.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgfleet test'"),
        pause_seconds=0.02,
    )
    assert briefly.ledger() == ({} if mode is TransactionMode.TENANT else {FIRST: "applied"})
    briefly.assert_whole(before)
    completes(briefly)


ROLLOUT = """
import pickle, sys
sys.path[:0] = {paths!r}
from fixtures.binaries import BINARIES, MAIN
from fixtures.proxy import CuttingProxy, ledger_row
from fixtures.rollout import Subject
from fixtures.servers import Server
from pgfleet.postgres.read.audit import directly

class Elsewhere:
    def dsn(self, *arguments, **keywords):
        return {dsn!r}

manifest, expected, policy = pickle.loads({manifest!r}), pickle.loads({expected!r}), pickle.loads({policy!r})
subject = Subject(server=Server(Elsewhere()), database="", manifest=manifest, expected=expected, policy=policy)
subject.run = directly
subject.roll_out()
"""


def test_a_read_only_database_is_left_unchanged(briefly: Subject) -> None:
    before, plan = briefly.before(), briefly.plan()
    briefly.server.execute(f"ALTER DATABASE {briefly.database} SET default_transaction_read_only TO on")
    assert_read_only(briefly, briefly.roll_out(plan), before)
    briefly.server.execute(f"ALTER DATABASE {briefly.database} RESET default_transaction_read_only")
    completes(briefly)


def test_a_rollout_refuses_a_standby_and_succeeds_once_it_is_primary(short_manifest: Manifest) -> None:
    with started(BINARIES[MAIN], wal_level="replica") as server:
        expected = server.expected(short_manifest)
        database = server.create_database()
        subject = Subject(server=server, database=database, manifest=short_manifest, expected=expected)
        plan = subject.plan()
        signal_file = server.cluster.data_dir / "standby.signal"
        signal_file.touch()
        server.cluster.restart()
        assert subject.query("SELECT pg_is_in_recovery()") == [(True,)]
        result = subject.roll_out(plan)
        assert (result.result, result.unreachable_because) == (Result.UNREACHABLE, ConnectFailure.STANDBY)
        signal_file.unlink()
        server.cluster.restart()
        completes(subject)


def assert_read_only(subject: Subject, result: TenantResult, before: Before) -> None:
    """Refused with 25006 and with advice, and nothing is there."""
    assert (result.result, result.error is not None) == (Result.FAILED, True)
    assert result.error is not None
    assert (result.error.sqlstate, "point the DSN at the primary" in (result.error.advice or "")) == ("25006", True)
    subject.assert_whole(before)
    assert subject.rows() == {}


def test_a_wrong_password_makes_the_tenant_unreachable(briefly: Subject) -> None:
    plan = briefly.plan()
    role = briefly.server.create_role("SUPERUSER")
    briefly.server.execute(f"ALTER ROLE {role} PASSWORD 'another'")
    briefly.role = role
    result = briefly.roll_out(plan)
    assert result.result is Result.UNREACHABLE
    assert "password authentication failed" in (result.reason or "")
    briefly.role = None
    completes(briefly)


def test_an_exhausted_connection_limit_makes_the_tenant_unreachable(briefly: Subject, server: Server) -> None:
    plan = briefly.plan()
    server.execute(f"ALTER DATABASE {briefly.database} CONNECTION LIMIT 0")
    role = server.create_role()
    briefly.role = role
    assert briefly.roll_out(plan).result is Result.UNREACHABLE
    server.execute(f"ALTER DATABASE {briefly.database} CONNECTION LIMIT -1")
    briefly.role = None
    completes(briefly)


def completes(subject: Subject) -> None:
    """Asserts that the same command succeeds without the fault."""
    subject.proxy = None
    subject.run = directly
    assert subject.roll_out().result in {Result.DONE, Result.UNCHANGED}
    assert subject.audit().verdict is Verdict.READY
    assert set(subject.ledger()) == set(subject.statuses())


@contextmanager
def exclusive_lock(subject: Subject, table: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(subject.server.cluster.dsn(subject.database)) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield holder
