"""Rollouts that a dead process or server breaks off are completed by the next one."""

import contextvars
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest
from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.rolled_out import QUICK, begun, is_begun, left, results, roll_out
from fixtures.servers import started
from fixtures.waiting import until
from prefect import State
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate

from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.fleet.secret import Dsn
from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.run.context import Granularity
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, load_result
from pgfleet.tasks.support.server_lease import limit_name

pytestmark = pytest.mark.usefixtures("prefect_api")


def until_begun(dsns: list[str], unless: Callable[[], bool] = lambda: False) -> None:
    """Waits until a rollout has committed something in one of them; it may be over soon after."""
    with ExitStack() as stack:
        connections = [stack.enter_context(psycopg.connect(dsn, autocommit=True)) for dsn in dsns]
        until(lambda: unless() or any(map(is_begun, connections)), pause_seconds=0.02)


def audited() -> dict[str, Verdict]:
    state = audit_fleet(ENVIRONMENT, granularity=Granularity.TENANT, return_state=True)
    document: AuditDocument | None = load_result(state.state_details.flow_run_id, AUDIT_DOCUMENT)
    assert document is not None
    return {each.name: each.verdict for each in document.tenants}


def test_a_command_that_is_killed_in_the_middle_is_run_again_and_completes(
    fleet: Fleet, pgfleet: CommandLine, new_dsn: Callable[[], str]
) -> None:
    """One tenant after another, so that there is a middle."""
    dsns = [new_dsn() for _ in range(3)]
    fleet.policy("max_connections_per_server = 1")
    for number, dsn in enumerate(dsns):
        fleet.tenant(f"t{number}", dsn)
    silently = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
    process = pgfleet.started("rollout", ENVIRONMENT, "--yes", "--granularity", "tenant", **silently)
    until_begun(dsns, unless=lambda: process.poll() is not None)
    assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    give_back_slots(dsns[0])
    assert begun(dsns) != set(dsns), "it was in the middle"
    for verdict in audited().values():
        assert verdict in {Verdict.READY, Verdict.BLOCKED}
    again = pgfleet("rollout", ENVIRONMENT, "--yes", "--format", "json", "--granularity", "tenant")
    assert again.returncode == 0, again.stderr
    document = RolloutDocument.model_validate_json(again.stdout)
    assert set(results(document).values()) <= {"done", "unchanged"}


def give_back_slots(dsn: str) -> None:
    """As if the leases of the killed process had ended: the session's Prefect server does not look for those."""
    name = limit_name(libpq.server(Dsn(dsn)))
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(name, GlobalConcurrencyLimitUpdate(active_slots=0))


def test_a_server_that_stops_in_the_middle_of_a_wave_and_comes_back(fleet: Fleet) -> None:
    with started(embedded_binaries()) as server:
        dsns = [server.cluster.dsn(server.create_database()) for _ in range(3)]
        fleet.policy("max_connections_per_server = 2").policy("failure_budget = {main = 3}")
        for number, dsn in enumerate(dsns):
            fleet.tenant(f"t{number}", dsn)
        states: list[State] = []
        context = contextvars.copy_context()

        def run() -> None:
            states.append(rollout_fleet(ENVIRONMENT, granularity=Granularity.TENANT, return_state=True))

        thread = threading.Thread(target=context.run, args=(run,))
        thread.start()
        until_begun(dsns)
        server.cluster.restart(signal.SIGQUIT)
        thread.join()
        assert set(results(left(states[0])).values()) <= {"done", "failed", "unreachable"}
        _, again = roll_out(**QUICK)
        assert set(results(again).values()) <= {"done", "unchanged"}
