"""Real PostgreSQL servers: one a version at hand for the whole session, a database a test."""

import itertools
import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from kept import KeptConnections

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Catalog, CatalogObject, ObjectKind
from pgfleet.catalog.scope import EVERYTHING, Scope
from pgfleet.fleet.model import Environment, Policy, RolloutPolicy, Tenant
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.connection import Connection, Limits
from pgfleet.postgres.embedded.binaries import embedded_binaries, installed_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.query import Rows
from pgfleet.postgres.read.introspection import read_catalog
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.expected_catalog import expect
from pgfleet.postgres.scratch.replay import replay
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder

INSTALLED = installed_binaries()
BINARIES = {"embedded": embedded_binaries(), **{f"installed-{major}": path for major, path in INSTALLED.items()}}
MEMORY = Path("/dev/shm")
ROLE_PASSWORD = "p@ss w/rd:100%"
POLICY = Policy(
    timezone="UTC",
    rings=("canary", "main"),
    max_connections_per_server=4,
    connect_timeout_seconds=5,
    statement_timeout_ms=30_000,
    lock_timeout_ms=2_000,
    exact_count_limit_rows=1_000_000,
    scratch_dsn=None,
    rollout=RolloutPolicy(
        approval=False,
        approval_timeout_seconds=60,
        failure_budgets={},
        soak_seconds={},
        watch_seconds=None,
        restarts=(),
        idle_in_transaction_timeout_ms=10_000,
    ),
)


def pytest_report_header() -> str:
    """Which servers the tests are run on."""
    return f"PostgreSQL: {', '.join(BINARIES)}"


def pytest_configure() -> None:
    """In CI the second version is there; a run without it would be a skip that reads as passed."""
    if os.environ.get("CI") and not INSTALLED:
        pytest.exit("CI must have an installed PostgreSQL besides the embedded one", returncode=2)


@pytest.fixture(scope="session")
def shipped_manifest() -> Manifest:
    return load_manifest(sql_folder() / "manifest.toml")


class Server:
    """A running cluster with a template that holds the whole manifest and its seeds."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.kept = KeptConnections(self._connect)
        self._numbers = itertools.count()

    @property
    def admin(self) -> Dsn:
        return Dsn(self.cluster.dsn())

    @property
    def major(self) -> int:
        return self.cluster.major

    def execute(self, sql: str, database: str = "postgres") -> None:
        self.kept.execute(sql, database)

    def query(self, sql: str, database: str = "postgres") -> Rows:
        return self.kept.execute(sql, database)

    def _connect(self, database: str) -> Connection:
        return psycopg.connect(
            self.cluster.dsn(database), autocommit=True, client_encoding="utf8", prepare_threshold=None
        )

    def create_database(self, template: str = "template1") -> str:
        """A new database's name."""
        name = f"t{next(self._numbers)}"
        # With neither WAL archived nor data synced, copying files takes half the time of the default.
        strategy = "STRATEGY file_copy" if self.major >= 15 else ""
        self.kept.close(template)
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template} {strategy}")
        return name

    def drop_database(self, name: str) -> None:
        self.kept.close(name)
        self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def create_role(self, options: str = "") -> str:
        """The name of a new role that may log in, and has no rights but PUBLIC's; `ROLE_PASSWORD` is its password."""
        name = f"r{next(self._numbers)}"
        self.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{ROLE_PASSWORD}' {options}")
        return name

    def dsn(self, database: str, role: str | None = None) -> Dsn:
        if role is None:
            return Dsn(self.cluster.dsn(database))
        return Dsn(self.cluster.dsn(database, role, password=ROLE_PASSWORD))

    def tenant(
        self,
        database: str,
        *,
        name: str | None = None,
        home: str = "public",
        ring: str = "main",
        role: str | None = None,
    ) -> Tenant:
        return Tenant(name=name or database, dsn=self.dsn(database, role), home=home, ring=ring, labels={})

    def expected(self, manifest: Manifest) -> ExpectedCatalog:
        """A replay of the manifest in a scratch database here."""
        with scratch_database(self.admin, Limits(), manifest.migrations) as session:
            return replay(manifest, session)

    def proven(self, manifest: Manifest) -> ExpectedCatalog:
        """The same, with what a rerun heals of it; takes a few seconds."""
        with scratch_database(self.admin, Limits(), manifest.migrations) as session:
            return expect(manifest, session)

    @contextmanager
    def session(self, database: str, home: str = "public") -> Iterator[Session]:
        with Session(self.dsn(database), home=home) as session:
            yield session

    def context(
        self, manifest: Manifest, expected: ExpectedCatalog, *tenants: Tenant, policy: Policy = POLICY
    ) -> RunContext:
        """What an audit of these tenants is given once its servers were surveyed."""
        context = RunContext(manifest, Environment(name="test", policy=policy, tenants=tenants), run="test")
        context.expectations = {expected.server_major: expected}
        return context


class ByAnotherWay(Server):
    """The same server, whose tenants are reached by another way; what a test does itself goes direct."""

    def __init__(self, server: Server) -> None:
        vars(self).update(vars(server))


def apply_manifest(session: Session, manifest: Manifest, *, without: Collection[str] = ()) -> None:
    """Every migration and seed, in order, less the versions in `without` and the seeds that require them."""
    for migration in manifest.migrations:
        if migration.version in without:
            continue
        if migration.transactional:
            session.run_script(migration.script)
        else:
            session.run_outside_transaction(migration.script)
    for seed in manifest.seeds:
        if seed.requires not in without:
            session.run_script(seed.script.sql)


def catalog_of(server: Server, database: str, scope: Scope = EVERYTHING, home: str = "public") -> Catalog:
    """What the database holds, with no defaults that count as equal."""
    with server.session(database, home) as session:
        return read_catalog(session, scope, {})


def by_name(catalog: Catalog, kind: ObjectKind) -> dict[str, CatalogObject]:
    """The managed objects of that kind; those of another than the home schema with it, before a bar."""
    found = [each for each in catalog.managed or () if each.identity.kind is kind]
    return {"|".join(filter(None, (each.identity.schema, each.identity.name))): each for each in found}


def attributes(catalog: Catalog, kind: ObjectKind) -> dict[str, Mapping[str, Any]]:
    """The same, by what is compared of them."""
    return {name: each.attributes for name, each in by_name(catalog, kind).items()}


def is_roomy(folder: Path) -> bool:
    """Whether a server can live there: containers often have a few megabytes, and nothing that can be executed."""
    return (
        folder.is_dir()
        and shutil.disk_usage(folder).free > 4 * 1024**3
        and not os.statvfs(folder).f_flag & os.ST_NOEXEC
    )


@contextmanager
def roomy_memory() -> Iterator[None]:
    """Within the block temporary folders are made in memory, if there is room."""
    with pytest.MonkeyPatch.context() as patch:
        if is_roomy(MEMORY):
            patch.setattr(tempfile, "tempdir", str(MEMORY))
        yield


@contextmanager
def started(binaries: Path, **settings: str) -> Iterator[Server]:
    """A server, with its data in memory where there is room: a database is 300 files, each a while on a disk."""
    with roomy_memory():
        cluster = Cluster.temporary(binaries, settings=settings)
    with cluster:
        server = Server(cluster)
        yield server
        server.kept.close_all()


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[Server]:
    with started(BINARIES["embedded"]) as server:
        yield server


@pytest.fixture(scope="session", params=list(BINARIES))
def server(request: pytest.FixtureRequest, embedded_server: Server) -> Iterator[Server]:
    """Each version at hand in turn."""
    if request.param == "embedded":
        yield embedded_server
    else:
        with started(BINARIES[request.param]) as server:
            yield server


@pytest.fixture(scope="session")
def expected(server: Server, shipped_manifest: Manifest) -> ExpectedCatalog:
    """What the shipped manifest makes on this server."""
    return server.expected(shipped_manifest)


@pytest.fixture(scope="session")
def template(server: Server, shipped_manifest: Manifest) -> str:
    """A database with the whole shipped manifest, to be cloned."""
    name = server.create_database()
    with server.session(name) as session:
        apply_manifest(session, shipped_manifest)
    return name


@pytest.fixture
def database(server: Server, template: str) -> Iterator[str]:
    """A ready tenant's database of the test's own."""
    name = server.create_database(template)
    yield name
    server.drop_database(name)


@pytest.fixture
def empty_database(server: Server) -> Iterator[str]:
    """A database of the test's own that holds nothing yet."""
    name = server.create_database()
    yield name
    server.drop_database(name)


CASES = Path(__file__).parent / "drift_cases"
