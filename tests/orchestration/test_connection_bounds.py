"""A server never has more pgfleet connections than its limit, over all waves, threads, and processes together."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.ports import free_port
from fixtures.prefect import Records
from fixtures.prefect_server import server_on_copy
from fixtures.sampling import Sampling
from fixtures.servers import Server
from fixtures.waiting import until
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner

from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.fleet.secret import Dsn
from pgfleet.flows.audit import audit_fleet
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.read.run_context import load_context
from pgfleet.postgres.read.servers import workers_for
from pgfleet.postgres.read.turns import run_in_turn
from pgfleet.run import progress
from pgfleet.run.connection_limiter import ConnectionLimiter
from pgfleet.run.context import Granularity
from pgfleet.run.settings import SERVER
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, load_result
from pgfleet.tasks.support.server_lease import ServerLeases, limit_name, server_leases

LONGEST_START_SECONDS, LONGEST_WAIT_SECONDS = 120, 30
SCRIPT = Path(__file__).parent / "connecting_process.py"


def slots_in_use(server: str) -> int:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(limit_name(server)).active_slots


@pytest.mark.usefixtures("prefect_api", "first_migration")
def test_an_audit_on_64_threads_keeps_to_the_share_of_what_its_role_may_have(
    fleet: Fleet, embedded_server: Server, embedded_template: str, records: Records
) -> None:
    """Of the role's six connections, half."""
    role = embedded_server.create_role("CONNECTION LIMIT 6")
    embedded_server.execute(f"GRANT pg_read_all_data TO {role}")
    fleet.policy("max_workers = 64").policy(f'scratch_dsn = "{embedded_server.cluster.socket_dsn()}"')
    for number in range(40):
        name = embedded_server.create_database(embedded_template)
        fleet.tenant(f"t{number:02}", embedded_server.dsn(name, role).text)
    with Sampling(embedded_server.cluster.dsn(), f"pgfleet audit {ENVIRONMENT}") as sampling:
        state = audit_fleet(ENVIRONMENT, granularity=Granularity.TENANT, return_state=True)
    document = load_result(state.state_details.flow_run_id, AUDIT_DOCUMENT)
    assert document is not None, state.message
    assert [each.name for each in document.tenants] == [f"t{number:02}" for number in range(40)]
    assert {str(each.verdict) for each in document.tenants} == {"ready"}, document.tenants[0]
    assert 1 < sampling.most <= 3
    server = libpq.server(embedded_server.admin)
    with get_client(sync_client=True) as client:
        limit = client.read_global_concurrency_limit_by_name(limit_name(server))
    assert (limit.limit, limit.active_slots) == (3, 0)
    said = "PostgreSQL 18, at most 3 connections at once: 6 of "
    [wave] = records.children(str(state.state_details.flow_run_id))
    [survey] = [each for each in records.task_runs(wave["id"]) if each["name"].startswith("identify")]
    assert survey["state"]["message"].startswith(said)
    until(lambda: [each for each in records.logs() if f"{server}: {said}" in each["message"]])


@pytest.mark.usefixtures("prefect_api")
def test_a_server_that_answers_slowly_holds_up_no_other(
    fleet: Fleet, embedded_server: Server, embedded_template: str
) -> None:
    """Nothing of the first server's ends before all of the other's has; the same server by its socket is another."""
    slow, quick = embedded_server.cluster.dsn(embedded_template), embedded_server.cluster.socket_dsn(embedded_template)
    fleet.policy("max_connections_per_server = 2")
    for number in range(6):
        fleet.tenant(f"slow-{number}", slow, schema=f"s{number}")
    for number in range(12):
        fleet.tenant(f"quick-{number}", quick, schema=f"s{number}")
    context = load_context(ENVIRONMENT)
    counted, all_quick = threading.Semaphore(0), threading.Event()

    @task
    def work(name: str) -> bool:
        if name.startswith("slow"):
            return all_quick.wait(LONGEST_WAIT_SECONDS)
        counted.release()
        return True

    @flow(task_runner=ThreadPoolTaskRunner(workers_for(context.environment)))
    def wave() -> list[tuple[str, bool]]:
        found = []
        for [tenant], future in run_in_turn(context, lambda chunk: work.submit(chunk[0].name)):
            found.append((tenant.name, future.result()))
            if len(found) == 12:
                all_quick.set()
        return found

    found = wave()
    assert [name.split("-")[0] for name, _ in found] == ["quick"] * 12 + ["slow"] * 6
    assert all(held for _, held in found)


@pytest.fixture(scope="module")
def shared_prefect(tmp_path_factory: pytest.TempPathFactory, prefect_tables: Path) -> Iterator[Mapping[str, str]]:
    """The environment of processes that share a Prefect server of their own, whose leases are files.

    The session's own does not look for leases that have ended.
    """
    home = tmp_path_factory.mktemp("prefect")
    own = {
        **SERVER,
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "1",
    }
    with server_on_copy(prefect_tables, home, own) as address:
        others = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        yield {**others, "PREFECT_HOME": str(home), "PREFECT_API_URL": address}


Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(shared_prefect: Mapping[str, str], embedded_server: Server) -> Iterator[Begin]:
    """Starts a process that connects to the server, to which all together may have three connections.

    Through its socket, which makes it another server: this process asks one Prefect server for leases of a name.
    """
    with ExitStack() as stack:

        def begun(name: str, times: int, seconds: float, threads: int) -> "subprocess.Popen[str]":
            arguments = [embedded_server.cluster.socket_dsn(), name, str(times), str(seconds), str(threads)]
            process = subprocess.Popen(
                [sys.executable, str(SCRIPT), *arguments],
                env={**shared_prefect, "PYTHONPATH": str(Path.cwd())},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.communicate)
            stack.callback(process.kill)
            return process

        yield begun


def socket_name(server: Server) -> str:
    return libpq.server(Dsn(server.cluster.socket_dsn()))


def said(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def start(*processes: "subprocess.Popen[str]") -> None:
    """All at once, when all are ready."""
    assert [said(each) for each in processes] == ["ready"] * len(processes)
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()


def test_two_processes_together_keep_to_the_limit_and_both_make_progress(
    begin: Begin, embedded_server: Server, shared_prefect: Mapping[str, str]
) -> None:
    with Sampling(embedded_server.cluster.dsn(), "pgfleet turn") as sampling:
        both = [begin(f"pgfleet turn {number}", 150, 0.05, 8) for number in (1, 2)]
        start(*both)
        assert [each.wait(LONGEST_START_SECONDS) for each in both] == [0, 0]
    assert 2 <= sampling.most <= 3
    (one_began, one_ended), (other_began, other_ended) = sampling.spans.values()
    assert max(one_began, other_began) < min(one_ended, other_ended)
    with temporary_settings({PREFECT_API_URL: shared_prefect["PREFECT_API_URL"]}):
        assert slots_in_use(socket_name(embedded_server)) == 0


class Notes:
    """A progress listener that keeps the notes."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def begin(self, phase: str, tenants: int) -> None: ...

    def finish(self, tenant: str, said: str) -> None: ...

    def step(self, work: str, done: int, total: int) -> None: ...

    def plan(self, plan: RolloutPlan) -> None: ...

    def note(self, said: str) -> None:
        self.notes.append(said)


def test_a_second_process_starts_beside_a_large_one_and_gets_the_slots_of_a_killed_one(
    begin: Begin, embedded_server: Server, shared_prefect: Mapping[str, str]
) -> None:
    large, server = begin("pgfleet large", 8, 600, 8), socket_name(embedded_server)
    start(large)
    assert [said(large), said(large)] == ["connected", "connected"]
    small = begin("pgfleet small", 1, 600, 1)
    start(small)
    began = time.monotonic()
    assert said(small) == "connected"
    assert time.monotonic() - began < LONGEST_WAIT_SECONDS / 3
    for each in (large, small):
        each.kill()
    listener = Notes()
    with temporary_settings({PREFECT_API_URL: shared_prefect["PREFECT_API_URL"]}), progress.listening(listener):
        leases = ServerLeases(3, wait_seconds=0.5)
        with pytest.raises(ConnectionLimitTimeout, match=r"runs have leased all .* 0\.5 s"):
            leases.acquire(server)
        [note] = listener.notes
        assert note.endswith("waiting until one is returned. Leases of a killed run expire within 90 s.")
        with pytest.raises(ConnectionLimitTimeout):
            leases.acquire(server)  # without waiting again
        assert len(listener.notes) == 1
        expire(Path(shared_prefect["PREFECT_HOME"]) / "concurrency_leases")
        leases = ServerLeases(3)
        leases.acquire(server)
        until(lambda: slots_in_use(server) == 1)
        leases.release([server])
        assert slots_in_use(server) == 0


def expire(leases: Path) -> None:
    """As if a minute had passed without a renewal."""
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    found = [each for each in leases.glob("*.json") if each.name != "expirations.json"]
    assert len(found) == 2
    for each in found:
        each.write_text(json.dumps({**json.loads(each.read_text()), "expiration": past}))
    (leases / "expirations.json").write_text(json.dumps({each.stem: past for each in found}))


@pytest.mark.usefixtures("first_migration")
def test_a_small_run_starts_within_seconds_while_a_large_one_is_under_way(
    prefect_api: str, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    fleet.tenant("acme", ready_dsn())
    large, server = ServerLeases(8), libpq.server(embedded_server.admin)
    large.want(server, 200)
    large.allow(server, 8)  # other tests have left a limit of their own
    large.acquire(server)
    assert (large.slots(server), slots_in_use(server)) == (7, 7)
    began = time.monotonic()
    state = audit_fleet(ENVIRONMENT, return_state=True)
    assert time.monotonic() - began < LONGEST_WAIT_SECONDS
    assert state.is_completed(), state.message
    assert slots_in_use(server) == 7
    large.release([server])
    assert slots_in_use(server) == 0


def test_a_run_takes_more_slots_once_another_returns_them(prefect_api: str) -> None:
    first, second, server = ServerLeases(8), ServerLeases(8, grow_seconds=0), "growing.internal:5432"
    for each in (first, second):
        each.want(server, 200)
        each.acquire(server)
    assert (first.slots(server), second.slots(server)) == (7, 1)
    second.acquire(server)
    assert second.slots(server) == 1
    first.release([server])
    second.acquire(server)
    assert second.slots(server) == 7
    second.release([server])
    assert slots_in_use(server) == 0


def test_a_run_takes_no_more_slots_than_it_has_tenants(prefect_api: str) -> None:
    leases, server = ServerLeases(8), "small.internal:5432"
    leases.want(server, 3)
    leases.acquire(server)
    assert leases.slots(server) == 3
    leases.release([server])


def test_a_run_returns_the_slots_that_a_server_does_not_allow(prefect_api: str) -> None:
    leases, server = ServerLeases(8), "few.internal:5432"
    leases.want(server, 200)
    leases.acquire(server)
    leases.allow(server, 4)
    leases.acquire(server)
    assert (leases.slots(server), slots_in_use(server)) == (3, 3)
    leases.release([server])
    assert slots_in_use(server) == 0


def test_a_task_that_takes_a_lease_does_not_return_it_at_its_end(prefect_api: str) -> None:
    """Prefect returns, at the end of a task, the leases that were taken in its context."""
    server = "task.internal:5432"

    @task
    def take(leases: ServerLeases) -> None:
        leases.acquire(server)

    @flow
    def wave() -> int:
        leases = ServerLeases(2)
        take.submit(opaque(leases)).wait()
        found = slots_in_use(server)
        leases.release([server])
        return found

    assert wave() == 1
    assert slots_in_use(server) == 0


@pytest.mark.usefixtures("first_migration")
def test_the_waves_of_a_run_return_their_slots(
    prefect_api: str, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    fleet.policy("max_connections_per_server = 2").policy("wave_size = 2")
    for number in range(6):
        fleet.tenant(f"t{number}", ready_dsn())
    state = audit_fleet(ENVIRONMENT, granularity=Granularity.STEP, return_state=True)
    assert state.is_completed(), state.message
    assert slots_in_use(libpq.server(embedded_server.admin)) == 0


def test_a_changed_limit_applies_to_all_runs(prefect_api: str) -> None:
    one, other = ServerLeases(2), ServerLeases(2, wait_seconds=0.3)
    server = "limit.internal:5432"
    one.allow(server, 1)
    one.acquire(server)
    with pytest.raises(ConnectionLimitTimeout):
        other.acquire(server)
    other.release([server])
    other.allow(server, 2)
    other.acquire(server)
    for each in (one, other):
        each.release([server])
    assert slots_in_use(server) == 0


def test_release_ends_a_wait(prefect_api: str) -> None:
    """As after Ctrl+C, when a task still waits for the first slot."""
    one, other, server = ServerLeases(1), ServerLeases(1), "interrupted.internal:5432"
    one.acquire(server)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(copy_context().run, other.acquire, server)
        time.sleep(0.5)  # long enough to get a slot, if one were free
        assert not waiting.done()
        other.release([server])
        with pytest.raises(ConnectionLimitTimeout):
            waiting.result(LONGEST_WAIT_SECONDS)
    one.release([server])


def test_an_inventory_is_read_within_the_limit_that_processes_share(
    prefect_api: str, fleet: Fleet, embedded_server: Server, embedded_template: str
) -> None:
    """It waits for a slot, and returns it."""
    name, server = embedded_server.create_database(embedded_template), libpq.server(embedded_server.admin)
    inventory = f'{{kind = "databases", dsn = "{embedded_server.cluster.dsn()}", like = "{name}"}}'
    fleet.policy("max_connections_per_server = 1").policy(f"inventory = {inventory}")
    another = ServerLeases(1)
    another.allow(server, 1)
    another.acquire(server)
    with Sampling(embedded_server.cluster.dsn(), "pgfleet inventory") as sampling, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(copy_context().run, load_context, ENVIRONMENT, leases=server_leases)
        time.sleep(1)
        assert (reading.done(), sampling.most, slots_in_use(server)) == (False, 0, 1)
        another.release([server])
        context = reading.result(LONGEST_WAIT_SECONDS)
    assert [each.name for each in context.environment.tenants] == [name]
    assert slots_in_use(server) == 0


def test_if_prefect_does_not_answer_tenants_are_unreachable_at_once(
    prefect_api: str, fleet: Fleet, embedded_server: Server, embedded_template: str
) -> None:
    """No connection is opened without a lease, and Prefect is not asked for each tenant."""
    from pgfleet.postgres.read.audit import audit

    fleet.tenant("acme", embedded_server.cluster.dsn(embedded_template))
    context = load_context(ENVIRONMENT, run="unanswered")
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        context.limiter = ConnectionLimiter(8, timeout_seconds=LONGEST_WAIT_SECONDS, leases=ServerLeases(8))
        with Sampling(embedded_server.cluster.dsn(), "pgfleet unanswered") as sampling:
            began = time.monotonic()
            entries = [audit(context.environment.tenants[0], context) for _ in range(100)]
    assert time.monotonic() - began < LONGEST_WAIT_SECONDS
    assert {str(each.verdict) for each in entries} == {"unreachable"}
    [reason] = {each.reason or "" for each in entries}
    assert reason.startswith(f"cannot open a connection to {libpq.server(embedded_server.admin)}: the Prefect API, ")
    assert reason.endswith("(ConnectError: [Errno 111] Connection refused); check PREFECT_API_URL")
    assert sampling.most == 0
