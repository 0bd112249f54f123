"""pgfleet never has more connections to a server than allowed."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from fixtures.rollout import Subject
from fixtures.sampling import Sampling
from fixtures.servers import POLICY, Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import Verdict
from pgfleet.documents.repair import RepairResult
from pgfleet.documents.rollout import Result
from pgfleet.errors import ConnectionLimitTimeout
from pgfleet.fleet.model import Environment, Tenant
from pgfleet.manifest.model import Manifest
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.apply import repair
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.servers import identify, workers_for
from pgfleet.postgres.scratch.evidence import gather_evidence
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.postgres.session import Session
from pgfleet.run.connection_limiter import ConnectionLimiter
from pgfleet.run.context import Replay, RunContext
from pgfleet.run.files import load_manifest

MANIFEST = load_manifest(Path(__file__).parents[1] / "manifests" / "concurrently" / "manifest.toml")
SOON_SECONDS = 60.0
"""How long a step that needs a second connection would wait before it fails."""


def test_with_64_threads_and_a_limit_of_3_there_are_3_connections(
    server: Server, template: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    tenants = [server.tenant(template, name=f"t{number}") for number in range(40)]
    policy = replace(POLICY, max_connections_per_server=3)
    context = server.context(shipped_manifest, expected, *tenants, policy=policy)
    with Sampling(server.cluster.dsn(), "pgfleet test") as sampling, ThreadPoolExecutor(64) as pool:
        entries = list(pool.map(lambda tenant: audit(tenant, context), tenants))
    assert {each.verdict for each in entries} == {Verdict.READY}
    assert 1 < sampling.most <= 3


@pytest.fixture
def alone(server: Server, empty_database: str) -> Iterator[Subject]:
    """A tenant, one of its migrations in no transaction, on a server that may have one connection of ours."""

    class Alone(Subject):
        @property
        def context(self) -> RunContext:
            context = super().context
            context.limiter = ConnectionLimiter(1, timeout_seconds=SOON_SECONDS)
            return context

    made = Alone(server=server, database=empty_database, manifest=MANIFEST, expected=server.expected(MANIFEST))
    with Sampling(server.cluster.dsn(), "pgfleet test") as sampling:
        yield made
    assert sampling.most <= 1


def test_one_connection_is_enough_for_a_replay_a_rollout_and_a_repair(alone: Subject) -> None:
    context = alone.context
    alone.expected = find_expected(context, Replay(alone.server.major, "public"), alone.server.admin)
    assert alone.audit().verdict is Verdict.BLOCKED
    assert alone.roll_out(dry_run=True).result is not Result.FAILED
    assert alone.roll_out().result is Result.DONE
    assert alone.audit().verdict is Verdict.READY
    alone.execute("ALTER TABLE orders ALTER number DROP NOT NULL")
    tenant = context.environment.tenants[0]
    assert repair.repair(tenant, alone.context, dry_run=True).result is RepairResult.REPAIRED
    assert repair.repair(tenant, alone.context, dry_run=False).result is RepairResult.REPAIRED


def test_one_connection_is_enough_for_the_proof_of_a_manifest(embedded_server: Server) -> None:
    limits = Limits(limiter=ConnectionLimiter(1, timeout_seconds=SOON_SECONDS), application_name="pgfleet test")
    evidence = gather_evidence(MANIFEST, embedded_server.admin, limits)
    assert not evidence.failed
    assert all(each.changes == () for each in evidence.second_runs.findings.values())


def test_a_connection_counts_until_the_server_has_ended_its_process(server: Server) -> None:
    """A server takes some milliseconds to end a process, and the next connection would come on top."""
    limits = Limits(limiter=ConnectionLimiter(1, timeout_seconds=SOON_SECONDS), application_name="pgfleet farewell")
    counted = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgfleet farewell'"
    with psycopg.connect(server.cluster.dsn(), autocommit=True) as other:
        for _ in range(50):
            with Session(server.admin, limits=limits) as session:
                session.fetch(Query("SELECT 1"))
            assert other.execute(counted).fetchone() == (0,)


def test_a_connection_that_could_not_be_opened_does_not_count(server: Server) -> None:
    brief_limits = Limits(limiter=ConnectionLimiter(1, timeout_seconds=0.2), application_name="pgfleet test")
    lost = Session(server.dsn("nowhere"), limits=brief_limits)
    for _ in range(2):
        with pytest.raises(Exception, match="does not exist"):
            lost.fetch(Query("SELECT 1"))
    with Session(server.admin, limits=brief_limits) as session:
        session.fetch(Query("SELECT 1"))


def test_a_connection_that_replaces_a_lost_one_takes_its_place(server: Server) -> None:
    limits = Limits(limiter=ConnectionLimiter(1, timeout_seconds=0.2), application_name="pgfleet test")
    with Session(server.admin, limits=limits) as session:
        [[(pid,)]] = session.fetch(Query("SELECT pg_backend_pid()"))
        server.execute(f"SELECT pg_terminate_backend({pid}, 5000)")
        with pytest.raises(Exception, match=r"terminat|closed"):
            session.fetch(Query("SELECT 1"))
        session.fetch(Query("SELECT 1"))
        with Session(server.admin, limits=limits) as other, pytest.raises(ConnectionLimitTimeout):
            other.fetch(Query("SELECT 1"))
    with Session(server.admin, limits=limits) as other:
        other.fetch(Query("SELECT 1"))


def test_a_tenant_that_gets_no_connection_is_unreachable_with_the_reason(
    server: Server, template: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    context = server.context(shipped_manifest, expected, server.tenant(template))
    context.limiter = ConnectionLimiter(1, timeout_seconds=0.1)
    release = context.limiter.acquire(libpq.server(server.admin))
    try:
        entry = audit(context.environment.tenants[0], context)
    finally:
        release()
    assert entry.verdict is Verdict.UNREACHABLE
    assert entry.reason == (
        f"connection limit of 127.0.0.1:{server.cluster.port} reached (1); none was closed within 0.1 s"
    )


def test_a_server_without_free_connections_does_not_delay_others(
    server: Server, template: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    """The same server by its socket is another by name."""
    other = replace(server.tenant(template, name="other"), dsn=type(server.admin)(server.cluster.socket_dsn(template)))
    context = server.context(shipped_manifest, expected, server.tenant(template), other)
    context.limiter = ConnectionLimiter(1, timeout_seconds=SOON_SECONDS)
    release = context.limiter.acquire(libpq.server(server.admin))
    with ThreadPoolExecutor() as pool:
        held = pool.submit(audit, context.environment.tenants[0], context)
        assert audit(other, context).verdict is Verdict.READY
        assert not held.done()
        release()
        assert held.result().verdict is Verdict.READY


@pytest.fixture
def connected() -> Iterator[Callable[[str, int], None]]:
    """Others' connections, until the end of the test."""
    with ExitStack() as stack:

        def connect(dsn: str, number: int) -> None:
            for _ in range(number):
                stack.enter_context(psycopg.connect(dsn, autocommit=True, application_name="product"))

        yield connect


def allowed(server: Server, tenants: Sequence[Tenant], **policy: int) -> tuple[int, str]:
    chosen = replace(POLICY, **policy)
    context = RunContext(MANIFEST, Environment(name="test", policy=chosen, tenants=tuple(tenants)), run="test")
    identity = identify(tenants, context)
    assert identity is not None
    assert identity.major == server.major
    return identity.allowance.connections, identity.allowance.reason or ""


def test_connections_of_other_clients_are_not_available(
    server: Server, template: str, connected: Callable[[str, int], None]
) -> None:
    """A role that may not see what other roles do counts them all the same; what is ours is not counted."""
    role = server.create_role()
    others = len(other_clients(server))
    most, *reserved = settings_of(server)
    free = most - sum(reserved) - others
    wanted = {"max_connections_per_server": free - 5, "connection_share_percent": 100}
    ours = Limits(application_name="pgfleet audit prod")
    assert allowed(server, [server.tenant(template, role=role)], **wanted) == (free - 5, "")
    connected(server.cluster.dsn(), 7)
    with Session(server.admin, limits=ours) as session:
        session.fetch(Query("SELECT 1"))
        for chosen in (None, role):
            connections, reason = allowed(server, [server.tenant(template, role=chosen)], **wanted)
            assert connections == free - 7
            left = f"{free - 7} of {most} connections are free"
            assert f"{left} ({sum(reserved)} reserved, {others + 7} in use)" in reason


def other_clients(server: Server) -> list[tuple[int]]:
    query = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
    with psycopg.connect(server.cluster.dsn()) as connection:
        return connection.execute(query).fetchall()


def settings_of(server: Server) -> tuple[int, ...]:
    names = ["max_connections", "superuser_reserved_connections"]
    names += ["reserved_connections"] if server.major > 15 else []
    with psycopg.connect(server.cluster.dsn()) as connection:
        return tuple(int(connection.execute(f"SHOW {name}").fetchone()[0]) for name in names)  # type: ignore[index]


def test_a_role_with_a_connection_limit_gets_a_share_of_it(
    server: Server, template: str, connected: Callable[[str, int], None]
) -> None:
    role = server.create_role("CONNECTION LIMIT 6")
    tenant = server.tenant(template, role=role)
    assert allowed(server, [tenant])[0] == 3
    connected(tenant.dsn.text, 2)
    assert allowed(server, [tenant])[0] == 2
    connected(tenant.dsn.text, 3)
    connections, reason = allowed(server, [tenant])
    assert connections == 1
    assert reason.startswith("1 of ")
    assert reason.endswith("the role's limit is 6, 5 in use), and connection_share is 50%")


def test_the_number_of_threads_grows_with_the_servers_up_to_64(server: Server, template: str) -> None:
    tcp = server.tenant(template)
    socket = replace(tcp, name="socket", dsn=type(tcp.dsn)(server.cluster.socket_dsn(template)))
    many = tuple(replace(tcp, name=f"t{n}", dsn=type(tcp.dsn)(f"host=db{n}")) for n in range(30))

    def workers(*tenants: Tenant, max_workers: int | None = None) -> int:
        policy = replace(POLICY, max_workers=max_workers)
        return workers_for(Environment(name="test", policy=policy, tenants=tenants))

    assert workers(tcp, replace(tcp, name="twin")) == 4
    assert workers(tcp, socket) == 8
    assert workers(*many) == 64
    assert workers(tcp, max_workers=100) == 100
