"""A server never has more connections of ours than it is to have, over all waves, threads and processes together."""

import json
import os
import shutil
import socket
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
from uuid import UUID, uuid4

import httpx
import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.sampling import Sampling
from fixtures.servers import Server
from fixtures.waiting import until
from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import ThreadPoolTaskRunner

from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.flows._scheduler import run_in_turn
from pgfleet.flows.audit import audit_fleet
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.read.run_context import load_context
from pgfleet.postgres.read.servers import workers_for
from pgfleet.run.context import Granularity
from pgfleet.run.settings import SERVER
from pgfleet.tasks.support.leases import Leases, limit_name
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, load_result
from pgfleet.tasks.support.server_lease import ServerSlots, prefect_slots

LONGEST_START_SECONDS, LONGEST_WAIT_SECONDS = 120, 30
TURNS = 150
"""So many take a process longer than the five seconds after which it lets others have their turn."""
SCRIPT = Path(__file__).parent / "taking_turns.py"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


def slots_in_use(server: str) -> int:
    with get_client(sync_client=True) as client:
        return client.read_global_concurrency_limit_by_name(limit_name(server)).active_slots


@pytest.mark.usefixtures("prefect_api")
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
        for tenant, future in run_in_turn(context, lambda each: work.submit(each.name)):
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
    home, port = tmp_path_factory.mktemp("prefect"), free_port()
    shutil.copy(prefect_tables, home / "prefect.db")
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
        **SERVER,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": "prefect.server.concurrency.lease_storage.filesystem",
        "PREFECT_SERVER_SERVICES_REPOSSESSOR_LOOP_SECONDS": "1",
        "PREFECT_SERVER_UI_ENABLED": "false",
    }
    command = [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    log = (home / "server.log").open("wb")
    with log, subprocess.Popen(command, env=environment, stdout=log, stderr=log) as server:
        try:
            until(lambda: answers(f"{environment['PREFECT_API_URL']}/health"), LONGEST_START_SECONDS)
            yield environment
        finally:
            server.terminate()


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


Begin = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def begin(shared_prefect: Mapping[str, str], embedded_server: Server) -> Iterator[Begin]:
    """Begins a process that takes turns with others at connecting, two at once in all."""
    with ExitStack() as stack:

        def begun(name: str, times: int, seconds: float, threads: int) -> "subprocess.Popen[str]":
            arguments = [embedded_server.cluster.dsn(), name, str(times), str(seconds), str(threads)]
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


def test_two_processes_are_connected_no_more_than_one_may_be_and_both_get_on(
    begin: Begin, embedded_server: Server, shared_prefect: Mapping[str, str]
) -> None:
    """Whoever is first has more to do than one turn, and would go on until it is done."""
    with Sampling(embedded_server.cluster.dsn(), "pgfleet turn") as sampling:
        both = [begin(f"pgfleet turn {number}", TURNS, 0.05, 8) for number in (1, 2)]
        start(*both)
        assert [each.wait(LONGEST_START_SECONDS) for each in both] == [0, 0]
    assert sampling.most == 2
    (one_began, one_ended), (other_began, other_ended) = sampling.spans.values()
    assert max(one_began, other_began) < min(one_ended, other_ended)
    with temporary_settings({PREFECT_API_URL: shared_prefect["PREFECT_API_URL"]}):
        assert slots_in_use(libpq.server(embedded_server.admin)) == 0


def test_the_slots_of_a_process_that_was_killed_come_back(
    begin: Begin, embedded_server: Server, shared_prefect: Mapping[str, str]
) -> None:
    process, server = begin("pgfleet killed", 2, 600, 2), libpq.server(embedded_server.admin)
    start(process)
    assert [said(process), said(process)] == ["connected", "connected"]
    process.kill()
    with temporary_settings({PREFECT_API_URL: shared_prefect["PREFECT_API_URL"]}):
        slots = ServerSlots(Leases(2))
        with pytest.raises(ConnectionLimitTimeout, match="are other processes'"):
            slots.take(server, 0.5)
        expire(Path(shared_prefect["PREFECT_HOME"]) / "concurrency_leases")
        give_back = slots.take(server, LONGEST_WAIT_SECONDS)
        give_back()
        slots.rest()
        until(lambda: slots_in_use(server) == 0)


def expire(leases: Path) -> None:
    """As if a minute had passed, in which nobody renewed them."""
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    found = [each for each in leases.glob("*.json") if each.name != "expirations.json"]
    assert len(found) == 3, "those of the process that was killed, and that another waits"
    for each in found:
        each.write_text(json.dumps({**json.loads(each.read_text()), "expiration": past}))
    (leases / "expirations.json").write_text(json.dumps({each.stem: past for each in found}))


def test_an_idle_slot_goes_back_by_itself_and_one_in_use_stays(prefect_api: str, embedded_server: Server) -> None:
    slots, server = ServerSlots(Leases(2), turn_seconds=0.5), "idle.internal:5432"
    first, second = slots.take(server, 1), slots.take(server, 1)
    assert slots_in_use(server) == 2
    first()
    until(lambda: slots_in_use(server) == 1)
    time.sleep(0.6)  # one more look of the keeper's
    assert slots_in_use(server) == 1
    slots.rest()
    assert slots_in_use(server) == 1
    second()
    assert slots_in_use(server) == 0


class SlowLeases(Leases):
    """Prefect has an answer to the first question, and none to the second until `answers` is set."""

    def __init__(self) -> None:
        super().__init__(2)
        self.asked, self.answers = threading.Semaphore(0), threading.Event()
        self._is_first = True

    def lease(self, server: str) -> UUID | None:
        is_first, self._is_first = self._is_first, False
        self.asked.release()
        assert is_first or self.answers.wait(LONGEST_WAIT_SECONDS)
        return uuid4()

    def release(self, server: str, lease: UUID) -> None: ...


def test_a_run_leases_each_slot_once_for_all_its_waves_and_keeps_none(
    prefect_api: str,
    fleet: Fleet,
    ready_dsn: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
    embedded_server: Server,
) -> None:
    leased, lease = [], Leases.lease

    def counting(self: Leases, server: str) -> UUID | None:
        found = lease(self, server)
        leased.append(found)
        return found

    monkeypatch.setattr(Leases, "lease", counting)
    fleet.policy("max_connections_per_server = 2").policy("wave_size = 2")
    for number in range(6):
        fleet.tenant(f"t{number}", ready_dsn())
    state = audit_fleet(ENVIRONMENT, granularity=Granularity.STEP, return_state=True)
    assert state.is_completed(), state.message
    server = libpq.server(embedded_server.admin)
    assert len([each for each in leased if each]) <= 2
    assert slots_in_use(server) == 0


def test_a_slot_is_kept_after_its_turn_until_somebody_waits_for_one(prefect_api: str) -> None:
    slots, other = (ServerSlots(Leases(1), turn_seconds=0.1) for _ in range(2))
    server = "turns.internal:5432"
    for _ in range(3):
        give_back = slots.take(server, 1)
        time.sleep(0.2)
        give_back()
        assert slots_in_use(server) == 1
    give_back = slots.take(server, 1)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(copy_context().run, other.take, server, LONGEST_WAIT_SECONDS)
        until(lambda: Leases(1).is_awaited(server))
        assert not waiting.done()
        time.sleep(2)  # the slots have looked
        give_back()
        waiting.result(LONGEST_WAIT_SECONDS)()
    for each in (slots, other):
        each.rest()
    assert not Leases(1).is_awaited(server)
    assert slots_in_use(server) == 0


def test_nobody_waits_for_the_answer_to_anothers_question_while_a_slot_is_idle() -> None:
    leases, server = SlowLeases(), "slow.internal:5432"
    slots = ServerSlots(leases)
    give_back = slots.take(server, 1)
    with ThreadPoolExecutor(2) as pool:
        asking = pool.submit(slots.take, server, LONGEST_WAIT_SECONDS)
        assert [leases.asked.acquire(timeout=LONGEST_WAIT_SECONDS) for _ in range(2)] == [True, True]
        waiting = pool.submit(slots.take, server, LONGEST_WAIT_SECONDS)
        give_back()
        waiting.result(LONGEST_WAIT_SECONDS)
        assert not asking.done()
        leases.answers.set()
        asking.result(LONGEST_WAIT_SECONDS)


def test_a_limit_that_is_set_anew_holds_for_everybody(prefect_api: str) -> None:
    slots, other, server = ServerSlots(Leases(2)), ServerSlots(Leases(2)), "limit.internal:5432"
    slots.allow(server, 1)
    give_back = slots.take(server, 1)
    with pytest.raises(ConnectionLimitTimeout):
        other.take(server, 0.3)
    other.allow(server, 2)
    other.take(server, 1)()
    give_back()
    for each in (slots, other):
        each.rest()


def test_an_inventory_is_read_by_a_slot_that_other_processes_reckon_with(
    prefect_api: str, fleet: Fleet, embedded_server: Server, embedded_template: str
) -> None:
    """It waits for one of theirs, and keeps none."""
    name, server = embedded_server.create_database(embedded_template), libpq.server(embedded_server.admin)
    inventory = f'{{kind = "databases", dsn = "{embedded_server.cluster.dsn()}", like = "{name}"}}'
    fleet.policy("max_connections_per_server = 1").policy(f"inventory = {inventory}")
    another = ServerSlots(Leases(1))
    another.allow(server, 1)
    give_back = another.take(server, LONGEST_WAIT_SECONDS)
    another.rest()
    with Sampling(embedded_server.cluster.dsn(), "pgfleet inventory") as sampling, ThreadPoolExecutor(1) as pool:
        reading = pool.submit(copy_context().run, load_context, ENVIRONMENT, slots=prefect_slots)
        time.sleep(1)
        assert (reading.done(), sampling.most, slots_in_use(server)) == (False, 0, 1)
        give_back()
        context = reading.result(LONGEST_WAIT_SECONDS)
    assert [each.name for each in context.environment.tenants] == [name]
    assert slots_in_use(server) == 0


def test_a_prefect_that_does_not_answer_is_the_tenants_reason_and_soon(
    prefect_api: str, fleet: Fleet, embedded_server: Server, embedded_template: str
) -> None:
    """Nothing is connected to without leave, nothing waits for ever, and nobody asks it a hundred times."""
    from pgfleet.postgres.read.audit import audit

    fleet.tenant("acme", embedded_server.cluster.dsn(embedded_template))
    context = load_context(ENVIRONMENT, run="unanswered")
    with temporary_settings({PREFECT_API_URL: f"http://127.0.0.1:{free_port()}/api"}):
        context.limiter.slots = ServerSlots(Leases(8))
        with Sampling(embedded_server.cluster.dsn(), "pgfleet unanswered") as sampling:
            began = time.monotonic()
            entries = [audit(context.environment.tenants[0], context) for _ in range(100)]
    assert time.monotonic() - began < LONGEST_WAIT_SECONDS
    assert {str(each.verdict) for each in entries} == {"unreachable"}
    [reason] = {each.reason or "" for each in entries}
    assert reason.startswith(f"no connection to {libpq.server(embedded_server.admin)} may be opened: Prefect's API, ")
    assert reason.endswith("(ConnectError: [Errno 111] Connection refused); look at PREFECT_API_URL")
    assert sampling.most == 0
