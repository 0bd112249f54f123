"""A migration that runs outside a transaction: started, finished, interrupted, resumed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fixtures.proxy import CuttingProxy, ledger_row
from fixtures.rollout import Subject, step
from fixtures.servers import Server
from fixtures.waiting import until

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.postgres.read.audit import directly
from pgfleet.run.files import load_manifest

MANIFEST = Path(__file__).parents[1] / "manifests" / "concurrently" / "manifest.toml"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('orders_number')"


@pytest.fixture
def orders(server: Server, empty_database: str) -> Subject:
    manifest = load_manifest(MANIFEST)
    found = Subject(server=server, database=empty_database, manifest=manifest, expected=server.expected(manifest))
    found.execute(manifest.migrations[0].script.sql + "INSERT INTO orders SELECT generate_series(1, 100)")
    return found


@contextmanager
def held_up(subject: Subject) -> Iterator[psycopg.Connection[Any]]:
    """Another session's open transaction, for whose end a build must wait."""
    with psycopg.connect(subject.server.cluster.dsn(subject.database)) as other:
        other.execute("INSERT INTO orders VALUES (1000)")
        yield other


def in_thread(work: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    return thread, found


def building(subject: Subject) -> list[tuple[Any, ...]]:
    return subject.query(
        "SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND state = 'active' AND query LIKE 'CREATE UNIQUE INDEX%'"
    )


def test_the_ledger_says_started_and_then_applied(orders: Subject) -> None:
    orders.policy = replace(orders.policy, lock_timeout_ms=10_000)
    with held_up(orders) as other:
        thread, found = in_thread(orders.roll_out)
        until(lambda: orders.ledger().get("2") == "started", pause_seconds=0.02)
        other.rollback()
        thread.join()
    assert found[0].result is Result.DONE
    assert orders.ledger() == {"1": "adopted", "2": "applied", "3": "applied"}
    assert orders.events() == [("adopted", "1"), ("started", "2"), ("applied", "2"), ("applied", "3")]
    assert (orders.query(VALID), orders.audit().verdict) == ([(True,)], Verdict.READY)


def test_a_build_that_fails_leaves_neither_an_index_nor_a_row_in_the_ledger(orders: Subject) -> None:
    orders.execute("INSERT INTO orders VALUES (7)")
    result = orders.roll_out()
    failed = step(result, "2").error
    assert failed is not None
    assert (failed.sqlstate, failed.file) == ("23505", "2_orders_number_index.sql")
    assert step(result, "3").status is StepStatus.NOT_REACHED
    assert (orders.query(VALID), orders.ledger()) == ([], {"1": "adopted"})
    assert orders.events()[-1] == ("abandoned", "2")
    orders.execute("DELETE FROM orders WHERE ctid = (SELECT max(ctid) FROM orders WHERE number = 7)")
    assert orders.roll_out().result is Result.DONE


def test_a_build_that_waits_too_long_is_retried(orders: Subject) -> None:
    """Its attempt leaves an INVALID index behind, which must not be taken for one."""
    with held_up(orders) as other:
        thread, found = in_thread(orders.roll_out)
        until(lambda: orders.query(VALID) == [(False,)] and not building(orders), pause_seconds=0.02)
        other.rollback()
        thread.join()
    assert found[0].result is Result.DONE
    assert (orders.query(VALID), orders.ledger()["2"]) == ([(True,)], "applied")


def test_a_blocked_build_is_resumed_by_the_next_run(orders: Subject) -> None:
    """As long as that transaction is open, what was begun cannot be taken back either."""
    orders.run = directly
    with held_up(orders):
        failed = step(orders.roll_out(), "2").error
    assert failed is not None
    assert (failed.sqlstate, orders.ledger()["2"]) == ("55P03", "started")
    assert orders.statuses()["2"] is MigrationStatus.DRIFTED
    assert orders.roll_out().result is Result.DONE
    assert (orders.query(VALID), orders.ledger()["2"]) == ([(True,)], "applied")


def test_a_crash_during_the_build_shows_as_drifted_and_the_next_run_resumes(orders: Subject) -> None:
    orders.run = directly
    orders.policy = replace(orders.policy, lock_timeout_ms=10_000)
    with held_up(orders) as other:
        thread, found = in_thread(orders.roll_out)
        until(lambda: bool(orders.query(VALID)), pause_seconds=0.02)
        [(pid,)] = building(orders)
        orders.query(f"SELECT pg_terminate_backend({pid})")
        thread.join()
        other.rollback()
    assert found[0].result is Result.FAILED
    assert (orders.query(VALID), orders.ledger()["2"]) == ([(False,)], "started")
    assert orders.statuses()["2"] is MigrationStatus.DRIFTED
    assert orders.plan().of("2").action is Action.REAPPLY
    assert orders.roll_out().result is Result.DONE
    assert (orders.query(VALID), orders.ledger()["2"]) == ([(True,)], "applied")


def test_a_crash_between_the_build_and_the_ledger_row_does_not_build_again(
    orders: Subject, cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    orders.run = directly
    orders.proxy = cutting_proxy(ledger_row("2"), server=orders.server, after=b"CREATE UNIQUE INDEX CONCURRENTLY")
    assert (orders.roll_out().result, orders.proxy.cuts) == (Result.FAILED, 1)
    made = orders.query("SELECT 'orders_number'::regclass::oid")
    assert (orders.ledger()["2"], orders.plan().of("2").action) == ("started", Action.ADOPT)
    assert orders.roll_out().result is Result.DONE
    assert (orders.query("SELECT 'orders_number'::regclass::oid"), orders.ledger()["2"]) == (made, "adopted")


def test_a_dry_run_exercises_neither_the_build_nor_what_requires_it(orders: Subject) -> None:
    result = orders.roll_out(dry_run=True)
    assert [each.status for each in result.migrations] == [
        StepStatus.DONE,
        StepStatus.NOT_EXERCISED,
        StepStatus.NOT_EXERCISED,
    ]
    assert (
        step(result, "2").detail == "2_orders_number_index.sql runs outside a transaction, so it cannot be rolled back"
    )
    assert (orders.query(VALID), orders.has_ledger()) == ([], False)
