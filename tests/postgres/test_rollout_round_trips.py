"""What a rollout costs: round trips and catalog reads; and that what it knows without a new look is still so."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fixtures.proxy import CountingProxy, CuttingProxy
from fixtures.rollout import Subject, step

from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.postgres.read.audit import directly

MOST_ROUND_TRIPS, MOST_CATALOG_READS = 45, 10
CATALOG_READS = (b"\nWITH home_path AS MATERIALIZED", b"\nEXECUTE pgfleet_")
SCRIPTS = {
    "1_one.sql": "CREATE TABLE one (id integer PRIMARY KEY);",
    "2_two.sql": "CREATE TABLE two (id integer PRIMARY KEY);",
    "3_three.sql": "CREATE TABLE three (id integer PRIMARY KEY);",
}
Small = Callable[..., Subject]
MakeProxy = Callable[..., CuttingProxy]


@pytest.fixture
def counting(subject: Subject) -> Iterator[Subject]:
    """An empty tenant, and a proxy that counts what its rollout sends."""
    proxy: Any = CountingProxy(subject.server.cluster.port, *CATALOG_READS)
    subject.proxy, subject.run = proxy, directly
    yield subject
    proxy.close()


def test_an_empty_tenant_costs_few_round_trips_and_one_catalog_read_per_migration(counting: Subject) -> None:
    plan, proxy = counting.plan(), counting.proxy
    result = counting.roll_out(plan)
    assert result.result is Result.DONE
    assert isinstance(proxy, CountingProxy)
    connecting = 4  # the request for encryption, the start, and two for the password
    assert proxy.round_trips - connecting <= MOST_ROUND_TRIPS
    assert proxy.found <= MOST_CATALOG_READS
    assert counting.audit().verdict is Verdict.READY


@pytest.mark.parametrize("is_changed", [False, True])
def test_a_tenant_that_is_as_planned_is_not_read_before_its_first_script(counting: Subject, is_changed: bool) -> None:
    counting.known = {}
    plan, proxy = counting.plan(), counting.proxy
    if is_changed:
        counting.execute("CREATE TABLE another ()")
    assert counting.roll_out(plan).result is Result.DONE
    assert isinstance(proxy, CountingProxy)
    assert proxy.found == MOST_CATALOG_READS - (not is_changed)
    assert counting.audit().verdict is Verdict.READY


def test_a_migration_applied_by_another_session_is_adopted(small: Small, cutting_proxy: MakeProxy) -> None:
    """The proxy has another session create the table after pgfleet's last catalog read and before its script."""
    subject = small(SCRIPTS)
    plan = subject.plan()
    subject.proxy = cutting_proxy(
        b"CREATE TABLE two", server=subject.server, forwards=True, act=lambda: subject.execute(SCRIPTS["2_two.sql"])
    )
    result = subject.roll_out(plan)
    assert (result.result, subject.proxy.cuts) == (Result.DONE, 1)
    assert [each.action for each in result.migrations] == [Action.APPLY, Action.ADOPT, Action.APPLY]
    assert subject.ledger() == {"1": "applied", "2": "adopted", "3": "applied"}


def test_damage_by_another_session_is_reported_and_the_other_migrations_continue(
    small: Small, cutting_proxy: MakeProxy
) -> None:
    subject = small(SCRIPTS)
    plan = subject.plan()
    damage = "ALTER TABLE one DROP CONSTRAINT one_pkey"
    subject.proxy = cutting_proxy(
        b"CREATE TABLE two", server=subject.server, forwards=True, act=lambda: subject.execute(damage)
    )
    result = subject.roll_out(plan)
    assert [each.status for each in result.migrations] == [StepStatus.FAILED, StepStatus.DONE, StepStatus.DONE]
    error = step(result, "1").error
    assert error is not None
    assert "it was proven and committed, but is drifted now" in error.message
    assert subject.ledger() == dict.fromkeys("123", "applied")


def test_a_script_that_fails_on_an_unchanged_catalog_runs_once(small: Small, cutting_proxy: MakeProxy) -> None:
    """Its division by zero shows only in a tenant with rows."""
    script = "CREATE TABLE two (id integer); SELECT 1 / (1 - count(*)) FROM one;"
    subject = small({**SCRIPTS, "2_two.sql": script})
    plan, rows = subject.plan(), "INSERT INTO one VALUES (1) ON CONFLICT DO NOTHING"
    subject.proxy = cutting_proxy(
        b"1 - count", server=subject.server, forwards=True, always=True, act=lambda: subject.execute(rows)
    )
    result = subject.roll_out(plan)
    assert step(result, "2").status is StepStatus.FAILED
    assert subject.proxy.cuts == 1
    assert subject.ledger() == {"1": "applied", "3": "applied"}
