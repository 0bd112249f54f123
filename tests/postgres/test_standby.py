"""A hot standby is audited and never written to; a server that refuses connections has a reason of its own."""

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest
from fixtures.rollout import Subject
from fixtures.standby import DAMAGED, EMPTY, ORDINARY, ORDINARY_SESSIONS, READY, Standby

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import Verdict
from pgfleet.documents.plan import Scope
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.documents.rollout import Result
from pgfleet.errors import AccessRefused, DatabaseError, ScratchUnavailable
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply.repair import preview, repair
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.servers import identify
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.postgres.session import Session
from pgfleet.rollout.planning import plan_tenant
from pgfleet.run.context import Replay

LONGEST_WAIT_SECONDS = 120
WHAT, ADVICE = "standby: its server is a read-only standby", "point the DSN at the primary"
SAID = f"{WHAT}; {ADVICE}"


@pytest.fixture
def subject(standby: Standby, shipped_manifest: Manifest) -> Callable[[str], Subject]:
    """A tenant on the standby, by its database."""
    expected = standby.expected_catalog
    return lambda name: Subject(server=standby, database=name, manifest=shipped_manifest, expected=expected)


@pytest.mark.parametrize(("database", "verdict"), [(READY, Verdict.READY), (EMPTY, Verdict.BLOCKED)])
def test_a_standby_is_audited(subject: Callable[[str], Subject], database: str, verdict: Verdict) -> None:
    entry = subject(database).audit()
    assert (entry.verdict, entry.reason, entry.standby, entry.pooler) == (verdict, None, True, None)


def test_a_complete_tenant_on_a_standby_needs_no_primary(subject: Callable[[str], Subject]) -> None:
    assert subject(READY).roll_out().result is Result.UNCHANGED


@pytest.mark.parametrize(("database", "migrations"), [(EMPTY, True), (DAMAGED, False)], ids=["migrations", "seeds"])
def test_a_plan_with_changes_refuses_a_standby(
    subject: Callable[[str], Subject], database: str, migrations: bool
) -> None:
    tenant = subject(database)
    plan = tenant.plan(migrations=migrations)
    assert (plan.obstacle, plan.reason, plan.unreachable_because) == (Verdict.UNREACHABLE, SAID, ConnectFailure.STANDBY)
    result = tenant.roll_out(plan)
    assert (result.result, result.reason, result.unreachable_because) == (
        Result.UNREACHABLE,
        SAID,
        ConnectFailure.STANDBY,
    )
    assert result.error is not None
    assert (result.error.message, (result.error.advice or "").startswith(ADVICE)) == (WHAT, True)


def test_a_server_that_became_a_standby_after_the_plan_is_refused(
    subject: Callable[[str], Subject],
) -> None:
    tenant = subject(EMPTY)
    before = tenant.audit().model_copy(update={"standby": False})
    plan = plan_tenant(before, tenant.manifest, tenant.expected, Scope())
    assert plan.changes
    for dry_run in (True, False):
        result = tenant.roll_out(plan, dry_run=dry_run)
        assert (result.result, result.reason, result.migrations) == (Result.UNREACHABLE, SAID, ())


def test_a_repair_refuses_a_standby(subject: Callable[[str], Subject]) -> None:
    context = subject(DAMAGED).context
    tenant = context.environment.tenants[0]
    found: list[TenantRepair] = [preview(tenant, context), repair(tenant, context, dry_run=False)]
    for each in found:
        assert (each.result, each.unreachable_because) == (RepairResult.UNREACHABLE, ConnectFailure.STANDBY)
        assert each.error is not None
        assert str(each.error.message) == WHAT


def test_no_manifest_is_replayed_on_a_standby(subject: Callable[[str], Subject], standby: Standby) -> None:
    context = subject(EMPTY).context
    identity = identify(context.environment.tenants, context)
    assert identity is not None
    assert identity.can_replay is False
    with pytest.raises(ScratchUnavailable, match=r"it is a standby.*; set the environment's scratch_dsn"):
        find_expected(context, Replay(standby.major, "public"), standby.dsn(EMPTY))


def test_a_dsn_that_requires_a_primary_fails(standby: Standby) -> None:
    error = error_of(Dsn(f"{standby.cluster.dsn(EMPTY)}?target_session_attrs=read-write"))
    assert (type(error), error.connect_failure) == (AccessRefused, ConnectFailure.STANDBY)


def test_a_standby_with_no_connection_left_is_unreachable(standby: Standby) -> None:
    """Those that it has are for superusers."""
    dsn = standby.cluster.dsn(EMPTY, ORDINARY)
    standby.kept.close_all()
    with ExitStack() as stack:
        for _ in range(ORDINARY_SESSIONS):
            stack.enter_context(psycopg.connect(dsn))
        error = error_of(Dsn(dsn))
    assert (error.connect_failure, error.transient) == (ConnectFailure.TOO_MANY_CONNECTIONS, True)


def test_a_server_that_shuts_down_starts_or_recovers_has_its_own_reason(standby: Standby) -> None:
    dsn = standby.dsn(READY)
    with psycopg.connect(dsn.text):  # a smart shutdown waits for it
        assert standby.process is not None
        standby.process._postgres.send_signal(signal.SIGTERM)
        wait_for(dsn, ConnectFailure.SHUTTING_DOWN)
    standby.stop()
    for settings, because in (
        ({"restore_command": "sleep 60"}, ConnectFailure.STARTING),
        ({"hot_standby": "off"}, ConnectFailure.RECOVERING),
    ):
        standby.start(is_ready=False, **settings)
        wait_for(dsn, because)
        standby.stop(signal.SIGQUIT)


def wait_for(dsn: Dsn, because: ConnectFailure) -> None:
    """A postmaster is given its signals, listens and goes on to its next state in its own time."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    found: DatabaseError | None = None
    while found is None or found.connect_failure is not because:
        assert time.monotonic() < deadline, f"still {found}"
        try:
            with Session(dsn) as session:
                session.fetch(Query("SELECT 1"))
        except DatabaseError as error:
            found = error
    assert found.transient


def error_of(dsn: Dsn) -> DatabaseError:
    with Session(dsn) as session, pytest.raises(DatabaseError) as caught:
        session.fetch(Query("SELECT 1"))
    return caught.value
