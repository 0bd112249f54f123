"""One tenant that is rolled out to: what is in it before and after, and whether it is whole."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any

import pytest
from fix_servers import POLICY, Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import MigrationStatus, TenantEntry
from pgfleet.documents.plan import Scope, TenantPlan
from pgfleet.documents.rollout import MigrationStep, TenantResult
from pgfleet.fleet.model import Policy, Tenant
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.postgres.apply.rollout import roll_out
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.steps import open_session
from pgfleet.postgres.session import Session
from pgfleet.rollout.planning import plan_tenant
from pgfleet.run.context import RunContext

ONE_LOOK = RLock()
"""Two threads that put something in the same place, and back what they found there, would leave it changed."""
QUICK = replace(POLICY, lock_timeout_ms=300)
TABLES = ("ai_conversations", "ai_messages", "ai_task_queue", "ai_guardrails.policy_rules")
ROWS = """
INSERT INTO ai_conversations (user_id) SELECT n FROM generate_series(1, 20) AS n;
INSERT INTO ai_messages (conversation_id, role, content) SELECT id, 'user', 'hello' FROM ai_conversations;
"""


def retrying(step: Callable[..., Any], *arguments: object) -> Any:
    """Runs a step as a task with the steps of a tenant in it does. Prefect is imported by tests that get here alone."""
    from pgfleet.tasks.support.retries import retrying

    return retrying(step, *arguments)


@dataclass(kw_only=True)
class Subject:
    """A tenant's database with the manifest that it is brought to."""

    server: Server
    database: str
    manifest: Manifest
    expected: ExpectedCatalog
    policy: Policy = QUICK
    role: str | None = None
    run: Callable[..., Any] = retrying
    home: str = "public"
    runs: int = 0
    plans: list[TenantPlan] = field(default_factory=list)

    @property
    def context(self) -> RunContext:
        """Of the run under way."""
        tenant = self.server.tenant(self.database, role=self.role, home=self.home)
        context = self.server.context(self.manifest, self.expected, tenant, policy=self.policy)
        context.run_id = f"run-{self.runs}"
        return context

    def execute(self, sql: str) -> None:
        self.server.execute(f'SET search_path TO "{self.home}"; {sql}', self.database)

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        return self.server.query(sql, self.database)

    def audit(self) -> TenantEntry:
        """On a session that is kept: it is the rollouts that are tried here."""
        context = self.context
        with ONE_LOOK, pytest.MonkeyPatch.context() as patch:
            patch.setattr("pgfleet.postgres.read.audit.open_session", self._looking)
            return audit(context.environment.tenants[0], context)

    def _looking(self, tenant: Tenant, context: RunContext) -> Session:
        return self.server.kept.session(self.database, open_session(tenant, context))

    def plan(self, **scope: Any) -> TenantPlan:
        return plan_tenant(self.audit(), self.manifest, self.expected, Scope(**scope))

    def roll_out(self, plan: TenantPlan | None = None, *, dry_run: bool = False, **scope: Any) -> TenantResult:
        """A new run of a rollout of this tenant, as planned or planned now."""
        self.runs += 1
        plan, context = plan or self.plan(**scope), self.context
        return roll_out(context.environment.tenants[0], plan, context, self.run, dry_run=dry_run)

    def has_ledger(self) -> bool:
        return bool(self.query("SELECT to_regclass('pgfleet.ledger')")[0][0])

    def ledger(self) -> dict[str, str]:
        """The state that the ledger has for each version."""
        if not self.has_ledger():
            return {}
        return dict(self.query(f"SELECT version, state FROM pgfleet.ledger WHERE home_schema = '{self.home}'"))

    def events(self) -> list[tuple[str, str]]:
        """What has happened to which version, in its order."""
        if not self.has_ledger():
            return []
        return self.query("SELECT event, version FROM pgfleet.ledger_events ORDER BY id")

    def rows(self) -> Mapping[str, int]:
        """How many rows each table has that is there."""
        there = [name for name in TABLES if self.query(f"SELECT to_regclass('{name}')")[0][0]]
        return {name: self.query(f"SELECT count(*) FROM {name}")[0][0] for name in there}

    def statuses(self) -> dict[str, MigrationStatus]:
        return _statuses(self.audit())

    def terminate(self) -> int:
        """Ends the sessions that pgfleet has with the tenant, and returns how many there were."""
        theirs = "datname = current_database() AND application_name LIKE 'pgfleet%'"
        return len(self.query(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE {theirs}"))

    def assert_whole(self, before: "Before") -> None:
        """Nothing is there in part that was not before, the ledger says what the catalog says, no row is lost."""
        ledger, rows = self.ledger(), self.rows()
        for version, status in self.statuses().items():
            assert status in {before.statuses[version], MigrationStatus.APPLIED}, f"{version} is {status}"
            recorded = ledger.get(version)
            assert recorded in {before.ledger.get(version), "applied", "adopted"}
            if recorded != before.ledger.get(version):
                assert status is MigrationStatus.APPLIED, f"{version} is {recorded} by the ledger and {status}"
        for table, count in before.rows.items():
            assert rows[table] >= count, f"rows of {table} are lost"

    def before(self) -> "Before":
        entry = self.audit()
        return Before(statuses=_statuses(entry), ledger=self.ledger(), rows=self.rows(), entry=entry)


def _statuses(entry: TenantEntry) -> dict[str, MigrationStatus]:
    return {each.version: each.status for each in entry.migrations}


@dataclass(frozen=True, kw_only=True)
class Before:
    """A tenant before something was done to it."""

    statuses: Mapping[str, MigrationStatus]
    ledger: Mapping[str, str]
    rows: Mapping[str, int]
    entry: TenantEntry


def step(result: TenantResult, version: str) -> MigrationStep:
    return next(each for each in result.migrations if each.version == version)


def a_small_manifest(scripts: Mapping[str, str], **extras: str) -> Manifest:
    """A manifest of these scripts in this order; `extras` is TOML: `v1` of version 1's entry, `rest` of the end."""
    entries = [
        f'[[migrations]]\nfile = "{name}"\npriority = "P0"\nprovides = "it"\n{extras.get("v" + name.split("_")[0], "")}'
        for name in scripts
    ]
    text = "format = 1\n" + "\n".join([*entries, extras.get("rest", "")])
    return build_manifest(parse_document(text, file="manifest.toml"), scripts, file="manifest.toml")


@pytest.fixture
def subject(server: Server, empty_database: str, shipped_manifest: Manifest, expected: ExpectedCatalog) -> Subject:
    """A new tenant, with nothing in it."""
    return Subject(server=server, database=empty_database, manifest=shipped_manifest, expected=expected)


@pytest.fixture
def grown(server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog) -> Subject:
    """A tenant that was migrated by hand, with rows in its tables and no ledger."""
    found = Subject(server=server, database=database, manifest=shipped_manifest, expected=expected)
    found.execute(ROWS)
    return found


@pytest.fixture(scope="session")
def migrated_template(server: Server, shipped_manifest: Manifest, expected: ExpectedCatalog) -> str:
    """A database that a rollout brought to the manifest from nothing, to be cloned."""
    name = server.create_database()
    assert Subject(server=server, database=name, manifest=shipped_manifest, expected=expected).roll_out().error is None
    return name


@pytest.fixture
def migrated(
    server: Server, migrated_template: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> Iterator[Subject]:
    """A tenant that one rollout has brought to the manifest, from nothing."""
    yield from cloned(Subject(server=server, database=migrated_template, manifest=shipped_manifest, expected=expected))


@pytest.fixture(scope="session")
def adopted_template(server: Server, template: str, shipped_manifest: Manifest, expected: ExpectedCatalog) -> str:
    """A database migrated by hand, with rows, that a rollout took into its ledger, to be cloned."""
    found = Subject(
        server=server, database=server.create_database(template), manifest=shipped_manifest, expected=expected
    )
    found.execute(ROWS)
    assert found.roll_out().error is None
    return found.database


@pytest.fixture
def adopted(
    server: Server, adopted_template: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> Iterator[Subject]:
    """A tenant that was migrated by hand, with rows in its tables, and taken into its ledger by one rollout."""
    yield from cloned(Subject(server=server, database=adopted_template, manifest=shipped_manifest, expected=expected))


def cloned(subject: Subject) -> Iterator[Subject]:
    """The same after one run, in a database of the test's own."""
    name = subject.server.create_database(subject.database)
    yield replace(subject, database=name, runs=1)
    subject.server.drop_database(name)


@pytest.fixture(scope="session")
def short_manifest(shipped_manifest: Manifest) -> Manifest:
    """The first three migrations of the shipped one: each look at a tenant and each migration of it takes its time."""
    return replace(shipped_manifest, migrations=shipped_manifest.migrations[:3], seeds=(), contracts=())


@pytest.fixture(scope="session")
def short_expected(server: Server, short_manifest: Manifest) -> ExpectedCatalog:
    """What it makes on this server."""
    return server.expected(short_manifest)


@pytest.fixture
def briefly(server: Server, empty_database: str, short_manifest: Manifest, short_expected: ExpectedCatalog) -> Subject:
    """A new tenant of it, with nothing in it."""
    return Subject(server=server, database=empty_database, manifest=short_manifest, expected=short_expected)


@pytest.fixture
def small(server: Server, empty_database: str) -> Iterator[Callable[..., Subject]]:
    """Makes a new tenant of a manifest of the test's own."""

    def make(scripts: Mapping[str, str], **extras: str) -> Subject:
        manifest = a_small_manifest(scripts, **extras)
        return Subject(server=server, database=empty_database, manifest=manifest, expected=server.expected(manifest))

    return make
