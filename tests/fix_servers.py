"""Real PostgreSQL servers: one a version at hand for the whole session, a database a test."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from pgfleet.brief import Brief
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.files import load_manifest
from pgfleet.fleet.model import Environment, Policy, Tenant
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.pg.binaries import embedded_binaries, installed_binaries
from pgfleet.pg.cluster import Cluster
from pgfleet.pg.replay import replay
from pgfleet.pg.scratch import scratch_database
from pgfleet.pg.session import Limits, Session
from pgfleet.shipped import sql_folder

INSTALLED = installed_binaries()
BINARIES = {"embedded": embedded_binaries(), **{f"installed-{major}": path for major, path in INSTALLED.items()}}
POLICY = Policy(
    timezone="UTC",
    rings=("canary", "main"),
    max_connections_per_server=4,
    connect_timeout_seconds=5,
    statement_timeout_ms=30_000,
    lock_timeout_ms=2_000,
    exact_count_limit_rows=1_000_000,
    scratch_dsn=None,
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
        self._numbers = itertools.count()

    @property
    def admin(self) -> Dsn:
        return Dsn(self.cluster.dsn())

    def execute(self, sql: str, database: str = "postgres") -> None:
        with psycopg.connect(self.cluster.dsn(database), autocommit=True) as connection:
            connection.execute(sql)

    def create_database(self, template: str = "template1") -> str:
        """A new database's name."""
        name = f"t{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def dsn(self, database: str) -> Dsn:
        return Dsn(self.cluster.dsn(database))

    def tenant(self, database: str, *, name: str | None = None, home: str = "public", ring: str = "main") -> Tenant:
        return Tenant(name=name or database, dsn=self.dsn(database), home=home, ring=ring, labels={})

    def expected(self, manifest: Manifest) -> ExpectedCatalog:
        """A replay of the manifest in a scratch database here."""
        with scratch_database(self.admin, Limits()) as session:
            return replay(manifest, session)

    @contextmanager
    def session(self, database: str, home: str = "public") -> Iterator[Session]:
        with Session(self.dsn(database), home=home) as session:
            yield session

    def brief(self, manifest: Manifest, expected: ExpectedCatalog, *tenants: Tenant) -> Brief:
        """What an audit of these tenants is given once its servers were surveyed."""
        brief = Brief(manifest, Environment(name="test", policy=POLICY, tenants=tenants), run="test")
        brief.expectations = {expected.server_major: expected}
        return brief


def apply_manifest(session: Session, manifest: Manifest) -> None:
    """Every migration and seed, in order."""
    for migration in manifest.migrations:
        if migration.transactional:
            session.run_script(migration.script.sql)
        else:
            session.run_alone(migration.script.sql)
    for seed in manifest.seeds:
        session.run_script(seed.script.sql)


@pytest.fixture(scope="session")
def embedded_server() -> Iterator[Server]:
    with Cluster.temporary(BINARIES["embedded"]) as cluster:
        yield Server(cluster)


@pytest.fixture(scope="session", params=list(BINARIES))
def server(request: pytest.FixtureRequest, embedded_server: Server) -> Iterator[Server]:
    """Each version at hand in turn."""
    if request.param == "embedded":
        yield embedded_server
    else:
        with Cluster.temporary(BINARIES[request.param]) as cluster:
            yield Server(cluster)


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
def database(server: Server, template: str) -> str:
    """A ready tenant's database of the test's own."""
    return server.create_database(template)


CASES = Path(__file__).parent / "drift_cases"
