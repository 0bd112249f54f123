"""Faults at named points: a tenant is as it was or as it should be, never between, and the next run completes."""

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fixtures.rollout import Before, Subject, step
from fixtures.servers import BINARIES, Server, started

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.documents.rollout import Result, StepStatus, TenantResult
from pgfleet.errors import ConnectionLost
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply import migration
from pgfleet.postgres.read.audit import directly
from pgfleet.postgres.session import Session

VICTIM = "20250328"
"""The migration in which the fault is met: neither the first nor the last."""


class Fault:
    """Ends the tenant's session once, at the point, in the victim's transaction."""

    def __init__(self, subject: Subject, point: str) -> None:
        self.subject, self.point = subject, point
        self.struck: list[str] = []
        self.under_way = ""

    def at(self, point: str) -> bool:
        """Strikes if this is the point, and says whether it did."""
        if point != self.point or self.under_way != VICTIM or self.struck:
            return False
        assert self.subject.terminate() == 1
        self.struck.append(point)
        return True


@contextmanager
def fault(subject: Subject, point: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Within the block that fault strikes; the list says whether it did."""
    chosen = Fault(subject, point)
    carry_out, lock, record = migration._in_transaction, migration.tenant_lock, migration.record
    execute, commit = Session._execute, Session._commit

    def striking_commit(session: Session, depth: int) -> None:
        if not depth:
            chosen.at("before the commit")
        commit(session, depth)
        if not depth and chosen.at("after the commit"):
            raise ConnectionLost("the answer to COMMIT was lost")

    def striking_execute(session: Session, text: str, *arguments: Any) -> Any:
        if "CREATE INDEX" in text:
            chosen.at("in the SQL")
        return execute(session, text, *arguments)

    def noting(session: Session, context: Any, plan: Any, migrated: Any) -> Any:
        chosen.under_way = migrated.version
        return carry_out(session, context, plan, migrated)

    with monkeypatch.context() as patch:
        patch.setattr(migration, "_in_transaction", noting)
        patch.setattr(migration, "tenant_lock", lambda session: (chosen.at("before the lock"), lock(session))[1])
        patch.setattr(migration, "record", lambda *a, **k: (chosen.at("before the ledger row"), record(*a, **k))[1])
        patch.setattr(Session, "_execute", striking_execute)
        patch.setattr(Session, "_commit", striking_commit)
        yield chosen.struck


POINTS = ("before the lock", "in the SQL", "before the ledger row", "before the commit", "after the commit")


@pytest.mark.parametrize("point", POINTS)
def test_a_backend_that_is_terminated_ends_the_tenant_and_the_next_run_completes(
    briefly: Subject, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    briefly.run = directly
    before = briefly.before()
    with fault(briefly, point, monkeypatch) as struck:
        result = briefly.roll_out()
    assert (result.result, struck) == (Result.FAILED, [point])
    expected = "applied" if point == "after the commit" else None
    assert (briefly.ledger().get("20250315"), briefly.ledger().get(VICTIM)) == ("applied", expected)
    assert step(result, "20250330").status is StepStatus.NOT_REACHED
    briefly.assert_whole(before)
    completes(briefly)


@pytest.mark.parametrize("point", POINTS)
def test_a_backend_that_is_terminated_is_made_up_for_by_a_retry(
    briefly: Subject, point: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with fault(briefly, point, monkeypatch) as struck:
        result = briefly.roll_out()
    assert (result.result, struck) == (Result.DONE, [point])
    assert briefly.audit().verdict is Verdict.READY
    versions = [version for _, version in briefly.events()]
    assert versions == [each.version for each in briefly.manifest.migrations], "each once, whatever was lost"


def test_an_immediate_stop_of_the_server_in_the_middle(short_manifest: Manifest) -> None:
    """The server is stopped while one tenant's script is running and others are between two of theirs."""
    with started(BINARIES["embedded"]) as server:
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
        until(lambda: any(each.ledger() for each in subjects))
        server.cluster.restart("immediate")
        for thread in threads:
            thread.join()
        assert len(results) == 4
        for each, before in zip(subjects, befores, strict=True):
            each.assert_whole(before)
            completes(each)


def test_another_sessions_exclusive_lock_is_waited_for_a_bounded_time(adopted: Subject) -> None:
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


def test_another_sessions_exclusive_lock_that_is_given_back_is_got_by_a_retry(adopted: Subject) -> None:
    adopted.execute("DROP INDEX idx_ai_task_queue_status_schedule")
    plan = adopted.plan()
    with exclusive_lock(adopted, "ai_task_queue") as holder:
        timer = threading.Timer(0.6, holder.rollback)
        timer.start()
        result = adopted.roll_out(plan)
        timer.join()
    assert result.result is Result.DONE
    assert adopted.audit().verdict is Verdict.READY


def test_two_rollouts_of_one_tenant_at_once(briefly: Subject) -> None:
    plan = briefly.plan()
    pair = [replace(briefly, runs=number * 10) for number in (1, 2)]
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


def test_a_second_run_is_told_who_holds_the_tenant(briefly: Subject) -> None:
    briefly.run = directly
    plan = briefly.plan()
    with briefly.server.session(briefly.database) as other, other.transaction(), migration.tenant_lock(other):
        result = briefly.roll_out(plan)
    errors = {each.error.message for each in result.migrations if each.error}
    assert len(errors) == 1
    assert "another run is working on this tenant: pgfleet, process" in errors.pop()
    assert briefly.rows() == {}
    completes(briefly)


def test_the_process_is_killed_in_the_middle_of_a_transaction(briefly: Subject, tmp_path: Path) -> None:
    """After the script of the victim and its ledger row, before its commit."""
    script = KILLED.format(
        paths=[str(Path(__file__).parents[1])],
        dsn=briefly.server.cluster.dsn(briefly.database),
        manifest=pickle.dumps(briefly.manifest),
        expected=pickle.dumps(briefly.expected),
        victim=VICTIM,
    )
    before = briefly.before()
    file = tmp_path / "killed.py"
    file.write_text(script, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "the row is written\n"
        os.kill(process.pid, signal.SIGKILL)
    until(lambda: not briefly.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'pgfleet test'"))
    assert briefly.ledger() == {"20250315": "applied"}
    briefly.assert_whole(before)
    completes(briefly)


KILLED = """
import pickle, sys, time
sys.path[:0] = {paths!r}
from fixtures.rollout import Subject
from fixtures.servers import Server
from pgfleet.postgres.apply import migration
from pgfleet.postgres.read.audit import directly

class Elsewhere:
    def dsn(self, *arguments, **keywords):
        return {dsn!r}

original = migration.record

def record(session, migrated, *arguments, **keywords):
    original(session, migrated, *arguments, **keywords)
    if migrated.version == {victim!r}:
        print("the row is written", flush=True)
        time.sleep(60)

migration.record = record
manifest, expected = pickle.loads({manifest!r}), pickle.loads({expected!r})
Subject(server=Server(Elsewhere()), database="", manifest=manifest, expected=expected, run=directly).roll_out()
"""


def test_a_database_that_is_read_only_by_default(briefly: Subject) -> None:
    before, plan = briefly.before(), briefly.plan()
    briefly.server.execute(f"ALTER DATABASE {briefly.database} SET default_transaction_read_only TO on")
    assert_read_only(briefly, briefly.roll_out(plan), before)
    briefly.server.execute(f"ALTER DATABASE {briefly.database} RESET default_transaction_read_only")
    completes(briefly)


def test_a_standby_and_the_same_server_as_a_primary(short_manifest: Manifest) -> None:
    with started(BINARIES["embedded"], wal_level="replica") as server:
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


def test_a_wrong_password_is_this_tenants_alone(briefly: Subject) -> None:
    plan = briefly.plan()
    role = briefly.server.create_role("SUPERUSER")
    briefly.server.execute(f"ALTER ROLE {role} PASSWORD 'another'")
    briefly.role = role
    result = briefly.roll_out(plan)
    assert result.result is Result.UNREACHABLE
    assert "password authentication failed" in (result.reason or "")
    briefly.role = None
    completes(briefly)


def test_a_server_without_room_for_another_session(briefly: Subject, server: Server) -> None:
    plan = briefly.plan()
    server.execute(f"ALTER DATABASE {briefly.database} CONNECTION LIMIT 0")
    role = server.create_role()
    briefly.role = role
    assert briefly.roll_out(plan).result is Result.UNREACHABLE
    server.execute(f"ALTER DATABASE {briefly.database} CONNECTION LIMIT -1")
    briefly.role = None
    completes(briefly)


def completes(subject: Subject) -> None:
    """The same command again, without the fault."""
    subject.run = directly
    assert subject.roll_out().result in {Result.DONE, Result.UNCHANGED}
    assert subject.audit().verdict is Verdict.READY
    assert set(subject.ledger()) == set(subject.statuses())


@contextmanager
def exclusive_lock(subject: Subject, table: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(subject.server.cluster.dsn(subject.database)) as holder:
        holder.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        yield holder


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.01)
