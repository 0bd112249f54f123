"""PgBouncer in transaction mode: what works, what is refused in advance, and that nothing remains afterward."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fixtures.pooler import DEAD, POOL_SIZE, PooledServer
from fixtures.rollout import QUICK, ROWS, Subject, a_small_manifest, step
from fixtures.servers import Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import SeedStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.repair import RepairResult
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.errors import AccessRefused, BehindPooler, ConnectionFailed, DatabaseError, ScratchUnavailable
from pgfleet.fleet.pooler import Pooler
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply.repair import repair
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.embedded.binaries import Account, embedded_binaries
from pgfleet.postgres.embedded.binaries import server_major as binaries_major
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.contracts import try_contracts
from pgfleet.postgres.read.servers import identify
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.run.context import Replay
from pgfleet.run.files import load_manifest

CONCURRENTLY = Path(__file__).parents[1] / "manifests" / "concurrently" / "manifest.toml"
ALONE = "2_orders_number_index.sql runs outside a transaction, so it needs a session of its own"
FOLLOWED_BY_POOLER = {"application_name", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings"}
"""Settings that PgBouncer sets anew for each client (its manual, pool_mode)."""
LEFT = """
SELECT
  pg_backend_pid(),
  current_user::text,
  ARRAY(SELECT name FROM pg_settings WHERE source = 'session' AND setting IS DISTINCT FROM reset_val ORDER BY name),
  (SELECT count(*) FROM pg_prepared_statements),
  (SELECT count(*) FROM pg_cursors WHERE is_holdable),
  (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
  (SELECT count(*) FROM pg_class WHERE pg_my_temp_schema() <> 0 AND relnamespace = pg_my_temp_schema())
"""


@pytest.fixture
def subject(
    pooled: PooledServer, empty_database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> Subject:
    """A new tenant behind the pooler, with nothing in it."""
    return Subject(server=pooled, database=empty_database, manifest=shipped_manifest, expected=expected)


@pytest.fixture
def orders(pooled: PooledServer, empty_database: str) -> Subject:
    """One with a migration that runs outside a transaction."""
    manifest = load_manifest(CONCURRENTLY)
    return Subject(server=pooled, database=empty_database, manifest=manifest, expected=pooled.expected(manifest))


@contextmanager
def through(subject: Subject) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(subject.server.dsn(subject.database).text, prepare_threshold=None) as connection:
        yield connection


def assert_nothing_is_left(subject: Subject) -> None:
    """Looks at every session of the server that the pool has, from within the pool."""
    with ExitStack() as stack:
        clients = [stack.enter_context(through(subject)) for _ in range(POOL_SIZE)]
        found = [client.execute(LEFT).fetchone() for client in clients]  # their transactions hold a session each
    assert len({each[0] for each in found if each}) == POOL_SIZE
    for each in filter(None, found):
        assert each[1] == "postgres"
        assert set(each[2]) <= FOLLOWED_BY_POOLER
        assert each[3:] == (0, 0, 0, 0)


def test_a_pooler_is_detected(pooled: PooledServer, database: str) -> None:
    through_pooler, direct = pooled.dsn(database), Dsn(pooled.cluster.dsn(database))
    for dsn, pooler in (
        (through_pooler, Pooler.TRANSACTION),
        (direct, None),
        (replace(through_pooler, pooler=Pooler.SESSION), Pooler.SESSION),
        (replace(direct, pooler=Pooler.TRANSACTION), Pooler.TRANSACTION),
    ):
        with Session(dsn) as session:
            [[(pid, is_standby)]] = session.fetch(BACKEND)
            assert (session.pooler_before(pid), is_standby) == (pooler, False)


def test_audit_rollout_and_repair_work_through_a_pooler(subject: Subject) -> None:
    """Rehearsed, rolled out, counted, seeded, audited, damaged, repaired; and then there is nothing to do."""
    assert subject.roll_out(dry_run=True).result is Result.DONE
    assert (subject.has_ledger(), subject.rows()) == (False, {})
    result = subject.roll_out()
    assert result.result is Result.DONE
    assert {each.status for each in (*result.migrations, *result.seeds)} == {StepStatus.DONE}
    subject.execute(ROWS)
    entry = subject.audit()
    assert (entry.verdict, entry.pooler, entry.standby) == (Verdict.READY, Pooler.TRANSACTION, False)
    assert {each.status for each in entry.seeds} == {SeedStatus.PRESENT}
    assert {each.table: each.rows for each in entry.counts}["ai_conversations"] == 20
    assert set(subject.ledger().values()) == {"applied"}
    subject.execute("DROP INDEX idx_ai_task_queue_status_schedule")
    context = subject.context
    assert repair(context.environment.tenants[0], context, dry_run=True).result is RepairResult.REPAIRED
    assert repair(context.environment.tenants[0], context, dry_run=False).result is RepairResult.REPAIRED
    assert subject.roll_out().result is Result.UNCHANGED
    assert_nothing_is_left(subject)


@pytest.mark.parametrize("whole", [True, False])
def test_contracts_leave_nothing_prepared(subject: Subject, template: str, whole: bool) -> None:
    """Those that work, and those of which a statement fails in the middle."""
    if whole:
        subject.server.drop_database(subject.database)
        subject.server.execute(f"CREATE DATABASE {subject.database} TEMPLATE {template}")
    with Session(subject.server.dsn(subject.database)) as session:
        found = try_contracts(session, subject.manifest.contracts, {})
    assert [bool(each.failures) for each in found] == [not whole] * len(subject.manifest.contracts)
    assert_nothing_is_left(subject)


SCRIPT = """
SET search_path TO pg_catalog; SET statement_timeout TO '7s'; SET work_mem TO '1MB'; SET ROLE pg_monitor; RESET ROLE;
CREATE TEMPORARY TABLE scrap (a integer); SELECT pg_advisory_lock(4711); CREATE TABLE public.kept (a integer);
"""


@pytest.mark.parametrize("fails", [False, True])
def test_a_scripts_session_changes_are_reset(pooled: PooledServer, empty_database: str, fails: bool) -> None:
    manifest = a_small_manifest({"1_kept.sql": SCRIPT + ("SELECT 1/0;" if fails else "")})
    expected = pooled.expected(a_small_manifest({"1_kept.sql": SCRIPT}))
    subject = Subject(server=pooled, database=empty_database, manifest=manifest, expected=expected)
    assert subject.roll_out().result is (Result.FAILED if fails else Result.DONE)
    assert_nothing_is_left(subject)


def test_many_tenants_share_two_server_sessions(subject: Subject) -> None:
    """Four schemas of one database, all at once: each waits for its turn, and none works in another's."""
    homes = [f"tenant_{number}" for number in range(4)]
    subject.execute("; ".join(f"CREATE SCHEMA {home}" for home in homes))
    subjects = [replace(subject, home=home, plans=[], policy=replace(QUICK, lock_timeout_ms=20_000)) for home in homes]
    with ThreadPoolExecutor(len(homes)) as threads:
        results = list(threads.map(lambda each: each.roll_out().result, subjects))
        verdicts = list(threads.map(lambda each: each.audit().verdict, subjects))
    assert (results, verdicts) == ([Result.DONE] * len(homes), [Verdict.READY] * len(homes))
    assert subject.query("SELECT to_regclass('public.ai_conversations')") == [(None,)]
    assert_nothing_is_left(subject)


def test_a_plan_refuses_scripts_that_run_outside_a_transaction(orders: Subject) -> None:
    plan = orders.plan()
    assert [each.action for each in plan.migrations] == [Action.APPLY, Action.REFUSE, Action.APPLY]
    assert ALONE in (plan.of("2").reason or "")
    assert "point the tenant's DSN at the server itself" in (plan.of("2").reason or "")
    result = orders.roll_out(plan)
    assert result.result is Result.FAILED
    assert [each.status for each in result.migrations] == [StepStatus.DONE, StepStatus.FAILED, StepStatus.NOT_REACHED]
    error = step(result, "2").error
    assert error is not None
    assert (ALONE in error.message, error.advice and "DSN at the server itself" in error.advice) == (True, True)
    assert (orders.ledger(), orders.events()) == ({"1": "applied"}, [("applied", "1")])
    assert orders.query("SELECT to_regclass('orders_number')") == [(None,)]
    assert_nothing_is_left(orders)


def test_a_rollout_refuses_a_nontransactional_script_if_the_plan_did_not_know_the_pooler(orders: Subject) -> None:
    """The plan was made past the pooler, and is carried out through it."""
    pooled, orders.server = orders.server, Server(orders.server.cluster)
    plan = orders.plan()
    assert plan.of("2").action is Action.APPLY
    orders.server = pooled
    error = step(orders.roll_out(plan), "2").error
    assert error is not None
    assert ALONE in error.message
    assert (orders.ledger(), orders.events()) == ({"1": "applied"}, [("applied", "1")])
    assert_nothing_is_left(orders)


def test_a_nontransactional_migration_that_was_run_by_hand_is_adopted(orders: Subject) -> None:
    for each in orders.manifest.migrations:
        orders.execute(each.script.sql.replace("CONCURRENTLY", ""))
    assert orders.roll_out(dry_run=True).result is Result.DONE
    assert orders.roll_out().result is Result.DONE
    assert orders.ledger() == {"1": "adopted", "2": "adopted", "3": "adopted"}


def test_no_statement_runs_outside_a_transaction_through_a_pooler(pooled: PooledServer, empty_database: str) -> None:
    with Session(pooled.dsn(empty_database)) as session:
        with pytest.raises(BehindPooler):
            session.run_outside_transaction("CREATE DATABASE never")
        with pytest.raises(
            ScratchUnavailable, match=r"a pooler in transaction mode.*; set the environment's scratch_dsn"
        ):
            scratch_database(session.dsn, Limits()).__enter__()
    assert pooled.cluster.major  # and the pool is none the worse
    with Session(Dsn(pooled.cluster.dsn())) as session:
        assert session.fetch(Query("SELECT count(*) FROM pg_database WHERE datname IN ('never')")) == [[(0,)]]


def test_the_manifest_is_replayed_elsewhere(pooled: PooledServer, small: Callable[..., Subject]) -> None:
    """On the embedded server where that is of the same version; where `scratch_dsn` leads past the pooler, there."""
    subject = small({"1_one.sql": "CREATE TABLE one (a integer)"})
    context, major, own = subject.context, pooled.major, pooled.dsn(subject.database)
    if major == embedded_major():
        assert find_expected(context, Replay(major, "public"), own).fingerprint == subject.expected.fingerprint
    else:
        with pytest.raises(ScratchUnavailable, match="set the environment's scratch_dsn"):
            find_expected(context, Replay(major, "public"), own)
    subject.policy = replace(subject.policy, scratch_dsn=pooled.admin)
    assert find_expected(subject.context, Replay(major, "public"), own).fingerprint == subject.expected.fingerprint


def embedded_major() -> int:
    return binaries_major(embedded_binaries(), Account(name="this user"))


def test_a_rejected_startup_parameter_has_its_own_reason(pooled: PooledServer, empty_database: str) -> None:
    error = error_of(Dsn(pooled.dsn(empty_database).text + "?options=-csearch_path%3Dx"))
    assert (type(error), error.connect_failure) == (AccessRefused, ConnectFailure.WRONG_DSN)
    assert "unsupported startup parameter: options" in str(error)


def test_an_unreachable_server_behind_a_pooler_affects_only_its_own_tenants(
    pooled: PooledServer, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    error = error_of(pooled.dsn(DEAD))
    assert (type(error), error.connect_failure) == (ConnectionFailed, ConnectFailure.BEHIND_POOLER)
    tenants = [pooled.tenant(DEAD), pooled.tenant(database)]
    identity = identify(tenants, pooled.context(shipped_manifest, expected, *tenants))
    assert identity is not None
    assert (identity.tenant, identity.major, identity.can_replay) == (database, pooled.major, False)


def error_of(dsn: Dsn) -> DatabaseError:
    with Session(dsn, limits=Limits(connect_timeout_seconds=5)) as session, pytest.raises(DatabaseError) as caught:
        session.fetch(Query("SELECT 1"))
    return caught.value
