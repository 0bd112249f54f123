"""Waves on workers, with a Prefect server on PostgreSQL, each a process of its own."""

import contextvars
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import partial
from typing import Any

import psycopg
import pytest
from fixtures.fleet import Fleet
from fixtures.servers import Server
from fixtures.waiting import until
from fixtures.workers import POOL, Workers
from prefect import State
from prefect.client.orchestration import get_client
from prefect.exceptions import Abort
from prefect.states import Cancelling

from pgfleet.cli.audit import run_audit
from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.errors import FleetError
from pgfleet.flows.audit import audit_fleet
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.run import settings
from pgfleet.run.context import Granularity
from pgfleet.run.progress import listening
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, ROLLOUT_DOCUMENT, load_result
from pgfleet.tasks.support.stop_signal import STOP_TAG

pytestmark = pytest.mark.usefixtures("workers")
QUICK: dict[str, Any] = {"granularity": Granularity.TENANT}
LONGEST_NOTICE_SECONDS = 180
OF_EACH_RUN = {"run_id", "started_at", "finished_at", "since", "read_at"}
DISTRIBUTED = f'distribute = true\nwork_pool = "{POOL}"\nworker_silence = "60s"\nwave_size = 2'


@pytest.fixture
def spread(fleet: Fleet, workers: Workers) -> Fleet:
    """A fleet whose waves of two go to the workers, in the file that they read."""
    fleet.file = workers.fleet_file
    settings.use(config=fleet.file, manifest=workers.manifest)
    return fleet.policy(DISTRIBUTED)


def audit(**parameters: Any) -> AuditDocument:
    state = audit_fleet("test", compare=False, return_state=True, **QUICK, **parameters)
    document = load_result(state.state_details.flow_run_id, AUDIT_DOCUMENT)
    assert document is not None, state.message
    return document


def test_an_audit_by_two_workers_is_that_of_one_process(
    spread: Fleet, ready_dsn: Callable[[], str], embedded_server: Server, workers: Workers
) -> None:
    drifted = ready_dsn()
    embedded_server.execute("DROP INDEX idx_ai_task_queue_status_schedule", database_of(drifted))
    spread.tenant("acme", ready_dsn(), ring="canary").tenant("lost", "postgresql://x@127.0.0.1:1/x", ring="canary")
    spread.tenant("ember", drifted).tenant("cobalt", ready_dsn())
    here_and_there = []
    for policy in ("wave_size = 2", DISTRIBUTED):  # the first leaves with Prefect what the workers then need not make
        spread.replace_policy(policy)
        here_and_there.append(audit(full=True))
    here, there = here_and_there
    assert untimed(there.model_dump()) == untimed(here.model_dump())
    assert [each.verdict for each in there.tenants] == ["ready", "unreachable", "blocked", "ready"]
    waves = workers.children(there.run_id)
    assert [(each["name"], each["deployment_id"] is None) for each in waves] == [
        ("wave 1 · canary", False),
        ("wave 2 · main", False),
    ]
    assert {workers.took_up(each) for each in waves} == {"one", "two"}


def untimed(value: Any) -> Any:
    """The same, less what is another in each run: ids and times."""
    if isinstance(value, dict):
        return {key: untimed(each) for key, each in value.items() if key not in OF_EACH_RUN}
    return [untimed(each) for each in value] if isinstance(value, list | tuple) else value


@pytest.fixture
def silent_dsn() -> Iterator[str]:
    """Where somebody listens and never says a word, so that a wave is under way until nobody waits any more."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"postgresql://x@127.0.0.1:{listener.getsockname()[1]}/x"


def test_a_run_that_a_worker_runs_takes_its_waves_with_it_when_it_is_cancelled(
    spread: Fleet, silent_dsn: str, workers: Workers
) -> None:
    spread.tenant("acme", silent_dsn)
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(audit_fleet)
        named = {"name": POOL, "work_pool_name": POOL, "entrypoint": "pgfleet.flows.audit.audit_fleet"}
        deployment_id = client.create_deployment(flow_id, **named)
        parameters = {"environment": "test"}
        run_id = str(client.create_flow_run_from_deployment(deployment_id, parameters=parameters).id)
        [wave] = until(lambda: [each for each in workers.children(run_id) if each["state_type"] == "RUNNING"])
        client.set_flow_run_state(run_id, Cancelling())
    assert until(lambda: workers.ended(run_id)) == "CANCELLED"
    # Its process reports that it was terminated, until the worker that terminated it reports why.
    until(lambda: workers.ended(wave["id"]) == "CANCELLED")


def test_a_wave_whose_worker_dies_is_run_again_and_if_its_tenants_fail_then_the_ring_s_other_wave_stops(
    spread: Fleet, new_dsn: Callable[[], str], embedded_server: Server, workers: Workers
) -> None:
    """The worker dies in a wave's second tenant, which fails when the wave is run again.

    The other wave finishes the tenant that it works on, and starts no other.
    """
    dsns = {name: new_dsn() for name in ("acme", "borealis", "cobalt", "dynamo")}
    for name, dsn in dsns.items():
        spread.tenant(name, dsn)
    spread.policy('lock_timeout = "10min"\nstatement_timeout = "10min"\nmax_workers = 1')
    embedded_server.execute("CREATE TABLE ai_messages ()", database_of(dsns["borealis"]))  # a migration fails
    notes = Notes()
    with psycopg.connect(dsns["borealis"]) as first, psycopg.connect(dsns["cobalt"]) as second:
        for each in (first, second):
            # The first thing that a rollout makes in a tenant; it waits for the session that makes the same.
            each.execute("CREATE SCHEMA pgfleet")
        running = in_a_thread(rollout_fleet, notes)
        until(lambda: is_done(dsns["acme"]), report=workers.report)
        until(lambda: is_waited_for(dsns["borealis"]) and is_waited_for(dsns["cobalt"]), report=workers.report)
        until(lambda: "acme done" in notes.finished and len(notes.finished) == len(dsns) + 1)  # all planned, one done
        waves = partial(rollout_waves, workers, workers.newest("rollout"))
        workers.kill(killed := workers.took_up(waves()[0]))
        killed_at = time.monotonic()
        workers.start("three")
        first.rollback()
        until(lambda: STOP_TAG in tags_of("wave 2 · main", waves()), report=workers.report)
        second.rollback()
    document = load_result(running.result().state_details.flow_run_id, ROLLOUT_DOCUMENT)
    assert document is not None
    assert document.outcome == "Halted"
    assert {each.name: each.result for each in document.tenants} == {
        "acme": "done",
        "borealis": "failed",
        "cobalt": "done",
        "dynamo": "not_reached",
    }
    [acme, *_] = document.tenants
    assert {each.detail for each in acme.migrations} == {"done already when its turn came"}
    assert [is_done(dsns[name]) for name in ("acme", "cobalt")] == [True, True]
    runs = waves()
    assert [(each["name"], each["state"]["type"]) for each in runs] == [
        ("wave 1 · main", "CRASHED"),
        ("wave 2 · main", "FAILED"),
        ("wave 1 · main", "FAILED"),
    ]
    assert [workers.took_up(each) for each in (runs[0], runs[2])] == [killed, "three"]
    [(noted_at, note)] = notes.noted
    assert note == "wave 1 was lost (no heartbeat for 60 s) and is run again"
    assert noted_at - killed_at < LONGEST_NOTICE_SECONDS
    finished = sorted(each.split()[0] for each in notes.finished[len(dsns) :])
    assert finished == ["acme", "borealis", "cobalt", "dynamo"], "each once"
    [ring] = document.rings
    assert [(each.number, each.tenants["done"], each.attempts) for each in ring.waves] == [(1, 1, 2), (2, 1, 1)]
    first_wave, second_wave = ring.waves
    assert first_wave.started_at < second_wave.finished_at, "on two workers at once"
    assert second_wave.started_at < first_wave.finished_at


def database_of(dsn: str) -> str:
    return dsn.rsplit("/", 1)[-1]


def tags_of(name: str, runs: list[dict[str, Any]]) -> list[str]:
    [found] = [each["tags"] for each in runs if each["name"] == name]
    return found


def rollout_waves(workers: Workers, run_id: str) -> list[dict[str, Any]]:
    return [each for each in workers.children(run_id) if each["name"].startswith("wave")]


def is_done(dsn: str) -> bool:
    with psycopg.connect(dsn) as connection:
        if connection.execute("SELECT to_regclass('pgfleet.ledger')").fetchone() == (None,):
            return False
        return connection.execute("SELECT count(*) FROM pgfleet.ledger WHERE state = 'applied'").fetchone() == (1,)


def is_waited_for(dsn: str) -> bool:
    ours = "datname = current_database() AND application_name LIKE 'pgfleet rollout%' AND wait_event_type = 'Lock'"
    with psycopg.connect(dsn) as connection:
        return connection.execute(f"SELECT count(*) FROM pg_stat_activity WHERE {ours}").fetchone() == (1,)


def in_a_thread(flow: Any, notes: "Notes") -> "Future[State]":
    """A run of the flow that does not block the test, with what it reports in the meantime."""
    context, running = contextvars.copy_context(), Future[State]()

    def run() -> None:
        with listening(notes):
            try:
                running.set_result(flow("test", return_state=True, **QUICK))
            except BaseException as error:  # noqa: BLE001 (it is for the test to judge)
                running.set_exception(error)

    threading.Thread(target=context.run, args=(run,), daemon=True).start()
    return running


class Notes:
    def __init__(self) -> None:
        self.noted: list[tuple[float, str]] = []
        self.finished: list[str] = []

    def begin(self, phase: str, tenants: int) -> None: ...

    def finish(self, tenant: str, result: str) -> None:
        self.finished.append(f"{tenant} {result}")

    def note(self, message: str) -> None:
        self.noted.append((time.monotonic(), message))

    def step(self, work: str, done: int, total: int) -> None: ...

    def plan(self, plan: RolloutPlan) -> None: ...


def test_a_run_of_the_command_line_that_is_cancelled_in_prefect_ends_itself_and_its_waves(
    spread: Fleet, silent_dsn: str, workers: Workers
) -> None:
    spread.tenant("acme", silent_dsn)
    before = workers.newest("audit")
    running = in_a_thread(audit_fleet, Notes())
    run_id = until(lambda: workers.newest("audit") not in {before, None} and workers.newest("audit"))
    [wave] = until(lambda: workers.children(run_id))
    with get_client(sync_client=True) as client:
        client.set_flow_run_state(run_id, Cancelling())
    with pytest.raises(Abort, match="cancelled in Prefect"):
        running.result(60)
    assert workers.ended(run_id) == "CANCELLED"
    # Its process reports that it was terminated, until the worker that terminated it reports why.
    until(lambda: workers.ended(wave["id"]) == "CANCELLED")


def test_a_command_that_is_interrupted_takes_its_waves_with_it(
    spread: Fleet, silent_dsn: str, workers: Workers
) -> None:
    spread.tenant("acme", silent_dsn)
    before = workers.newest("audit")
    command = workers.spawn("command", "pgfleet", "audit", "test")
    run_id = until(lambda: workers.newest("audit") not in {before, None} and workers.newest("audit"))
    [wave] = until(lambda: workers.children(run_id))
    command.send_signal(signal.SIGINT)
    assert command.wait(60) == 130, workers.log("command")
    # Its process reports that it was terminated, until the worker that terminated it reports why.
    until(lambda: workers.ended(wave["id"]) == "CANCELLED")


def test_without_a_work_pool_or_a_deployment_one_line_says_what_to_run(fleet: Fleet) -> None:
    fleet.tenant("acme", "postgresql://x@127.0.0.1:1/x").policy("distribute = true")
    with pytest.raises(
        FleetError, match=r"environments.test.work_pool: Prefect has no work pool 'pgfleet'; run prefect "
    ):
        audit_fleet("test")
    with get_client(sync_client=True) as client:
        client.request("POST", "/work_pools/", json={"name": "pgfleet", "type": "process"})
    with pytest.raises(FleetError, match=r"no deployment 'plan-wave/pgfleet'; run PGFLEET_WORK_POOL='pgfleet' prefect"):
        rollout_fleet("test")
    with pytest.raises(FleetError, match=r"no deployment 'audit-wave/pgfleet'"):  # exit status 2
        run_audit("test", granularity=Granularity.TENANT)
