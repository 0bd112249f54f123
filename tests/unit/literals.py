"""Literals of the pure core's values: each function fills in what a test does not care about."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.history import trace
from pgfleet.catalog.objects import Catalog, CatalogObject, Identity, ObjectKind
from pgfleet.documents.audit import AuditDocument, ManifestEntry, TenantEntry, Verdict
from pgfleet.documents.findings import (
    CheckEntry,
    ContractEntry,
    DifferenceEntry,
    MigrationEntry,
    MigrationStatus,
    SeedEntry,
    StatementFailureEntry,
    UnexpectedEntry,
)
from pgfleet.errors import Place
from pgfleet.fleet.model import Environment, Policy, RolloutPolicy, Tenant, WavePolicy
from pgfleet.fleet.secret import Dsn
from pgfleet.judge.assessment import Assessment, assess
from pgfleet.judge.records import Records
from pgfleet.judge.summary import summarize
from pgfleet.manifest.model import (
    Check,
    Contract,
    ContractStatement,
    Count,
    Impact,
    Manifest,
    Migration,
    Priority,
    Script,
    Seed,
)
from pgfleet.manifest.order import Order

STARTED = datetime(2025, 4, 1, 2, 0, 0, tzinfo=UTC)
FINISHED = datetime(2025, 4, 1, 2, 0, 12, 340_000, tzinfo=UTC)


def a_digest(identity: Identity, attributes: Mapping[str, Any]) -> str:
    """Differs where the server's digest differs."""
    return f"{identity.key} {sorted(attributes.items())}"


def an_object(
    kind: ObjectKind,
    name: str,
    *,
    schema: str | None = None,
    parent: str | None = None,
    definition: str = "",
    **attributes: Any,
) -> CatalogObject:
    """An object of a catalog; keywords that are not its own become its attributes."""
    identity = Identity(kind=kind, schema=schema, name=name)
    return CatalogObject(
        identity=identity,
        parent=parent,
        attributes=attributes,
        definition=definition,
        digest=a_digest(identity, attributes),
    )


def a_table(name: str, *, schema: str | None = None, **attributes: Any) -> CatalogObject:
    return an_object(ObjectKind.TABLE, name, schema=schema, definition=f"TABLE {name}", **attributes)


def a_column(table: str, name: str, *, schema: str | None = None, **attributes: Any) -> CatalogObject:
    plain = {"type": "text", "collation": None, "not_null": False, "identity": "", "generated": "", "default": None}
    found = {**plain, **attributes}
    name, definition = f"{table}.{name}", str(found["type"])
    return an_object(ObjectKind.COLUMN, name, schema=schema, parent=table, definition=definition, **found)


def an_index(table: str, name: str, *, schema: str | None = None, **attributes: Any) -> CatalogObject:
    definition = f"CREATE INDEX {name} ON {table}"
    found = {"definition": definition, **attributes}
    identity = Identity(kind=ObjectKind.INDEX, schema=schema, name=name)
    return CatalogObject(
        identity=identity, parent=table, attributes=found, definition=definition, digest=a_digest(identity, found)
    )


def a_key(table: str, name: str, definition: str = "PRIMARY KEY (id)", **attributes: Any) -> CatalogObject:
    """A constraint that an index of its name holds up."""
    identity = Identity(kind=ObjectKind.CONSTRAINT, schema=None, name=f"{table}.{name}")
    found = {"definition": definition, "validated": True, "fires": True, **attributes}
    return CatalogObject(
        identity=identity, parent=table, attributes=found, definition=definition, digest=a_digest(identity, found)
    )


def by_identity(objects: Iterable[CatalogObject]) -> dict[Identity, CatalogObject]:
    """The objects as they are found in a tenant."""
    return {each.identity: each for each in objects}


def assessed(
    expected: ExpectedCatalog, found: Iterable[CatalogObject], *, ledger: Iterable[str] = (), **checks: bool | None
) -> Assessment:
    """A tenant with these objects, which shares a database with others.

    No migration requires another, and `m1=True` says that the checks of 1 pass.
    """
    order = Order(requires={each: frozenset() for each in expected.history.versions}, is_linear=False)
    results = {name.removeprefix("m"): passes for name, passes in checks.items()}
    records = Records(ledger=frozenset(ledger), checks=results, shares_objects=True)
    return assess(expected, order, a_catalog(found), records)


def a_catalog(managed: Iterable[CatalogObject] | None, *, unreadable: Iterable[str] = ()) -> Catalog:
    return Catalog(
        fingerprint="found",
        managed=None if managed is None else tuple(managed),
        unexpected=(),
        unreadable=tuple(unreadable),
    )


def an_expected_catalog(*after: tuple[str, Iterable[CatalogObject]]) -> ExpectedCatalog:
    """What a replay leaves whose catalog was so after each version."""
    return ExpectedCatalog(
        server_major=16,
        history=trace([(version, tuple(objects)) for version, objects in after]),
        equivalents={},
        seeds={},
    )


def a_migration(
    version: str = "1",
    *,
    name: str = "one",
    priority: Priority = Priority.P0,
    impacts: Iterable[Impact] = (),
    requires: Iterable[str] = (),
    checks: Iterable[Check] = (),
) -> Migration:
    return Migration(
        version=version,
        key=version,
        script=Script(
            path=f"migrations/{version}_{name}.sql", sql="SELECT 1", checksum=f"sum-{version}", text="SELECT 1"
        ),
        priority=priority,
        provides=f"what {name} provides",
        impacts=tuple(impacts),
        requires=tuple(requires),
        transactional=True,
        checks=tuple(checks),
    )


def a_seed(*, key: Iterable[str] = ("name",), ignores: Iterable[str] = ()) -> Seed:
    return Seed(
        name="rules",
        script=Script(path="seeds/rules.sql", sql="SELECT 1", checksum="sum-rules"),
        requires="1",
        table="rules",
        key=tuple(key),
        ignores=tuple(ignores),
    )


def a_contract(
    consumer: str = "worker", *, priority: Priority = Priority.P0, statements: Iterable[str] = ("fetch",)
) -> Contract:
    """A contract whose statements have these names, each on a line of its own."""
    return Contract(
        consumer=consumer,
        script=Script(path=f"contracts/{consumer}.sql", sql="SELECT 1", checksum=f"sum-{consumer}"),
        priority=priority,
        statements=tuple(
            ContractStatement(name=name, text="SELECT 1", parameters=0, place=Place(f"{consumer}.sql", line, 1))
            for line, name in enumerate(statements, start=1)
        ),
    )


def a_manifest(
    *migrations: Migration,
    seeds: Iterable[Seed] = (),
    counts: Iterable[Count] = (),
    contracts: Iterable[Contract] = (),
) -> Manifest:
    return Manifest(
        checksum="0123456789abcdef" * 4,
        migrations=migrations,
        seeds=tuple(seeds),
        counts=tuple(counts),
        equivalent_defaults=(),
        contracts=tuple(contracts),
    )


def a_tenant(
    name: str = "acme", *, ring: str = "main", home: str = "public", labels: Mapping[str, str] | None = None
) -> Tenant:
    return Tenant(name=name, dsn=Dsn("host=h"), home=home, ring=ring, labels=labels or {})


def an_environment(
    *tenants: Tenant, rings: Iterable[str] = ("canary", "early", "main"), wave_size_tenants: int = 200
) -> Environment:
    policy = Policy(
        timezone="UTC",
        rings=tuple(rings),
        max_connections_per_server=8,
        connect_timeout_seconds=10,
        statement_timeout_ms=300_000,
        lock_timeout_ms=2_000,
        exact_count_limit_rows=1_000_000,
        scratch_dsn=None,
        rollout=RolloutPolicy(
            approval=False,
            approval_timeout_seconds=86_400,
            failure_budgets={},
            soak_seconds={},
            watch_seconds=None,
            restarts=(),
            idle_in_transaction_timeout_ms=60_000,
        ),
        waves=WavePolicy(size_tenants=wave_size_tenants),
    )
    return Environment(name="prod", policy=policy, tenants=tenants)


def a_difference_entry(
    *, change: str = "missing", expected: str | None = "btree (a)", actual: str | None = None
) -> DifferenceEntry:
    return DifferenceEntry(kind="index", identity="public.idx_a", change=change, expected=expected, actual=actual)


def a_migration_entry(
    status: MigrationStatus = MigrationStatus.APPLIED,
    version: str = "1",
    *,
    name: str = "one",
    priority: Priority = Priority.P0,
    differences: Iterable[DifferenceEntry] = (),
    checks: Iterable[CheckEntry] = (),
    altered: bool = False,
) -> MigrationEntry:
    return MigrationEntry(
        version=version,
        file=f"{version}_{name}.sql",
        priority=priority,
        status=status,
        differences=tuple(differences),
        checks=tuple(checks),
        altered=altered,
    )


def a_tenant_entry(
    name: str = "acme",
    verdict: Verdict = Verdict.READY,
    *,
    ring: str | None = "main",
    reason: str | None = None,
    server_version: str | None = "16.4",
    migrations: Iterable[MigrationEntry] = (),
    unexpected: Iterable[UnexpectedEntry] = (),
    seeds: Iterable[SeedEntry] = (),
    contracts: Iterable[ContractEntry] = (),
) -> TenantEntry:
    return TenantEntry(
        name=name,
        ring=ring,
        verdict=verdict,
        reason=reason,
        server_version=server_version,
        fingerprint="found",
        migrations=tuple(migrations),
        unexpected=tuple(unexpected),
        seeds=tuple(seeds),
        contracts=tuple(contracts),
    )


def a_contract_entry(
    *failures: StatementFailureEntry,
    consumer: str = "worker",
    priority: Priority = Priority.P0,
    role: str | None = None,
    detail: str | None = None,
) -> ContractEntry:
    """Broken where there are failures, unknown where there is a detail alone."""
    works = False if failures else None if detail else True
    return ContractEntry(
        consumer=consumer,
        priority=priority,
        role=role,
        works=works,
        inherited=False,
        failures=failures,
        detail=detail,
    )


def a_failure(statement: str | None = "fetch", message: str = 'column "a" does not exist') -> StatementFailureEntry:
    return StatementFailureEntry(statement=statement, message=message, sqlstate="42703")


def a_document(*tenants: TenantEntry, environment: str = "prod") -> AuditDocument:
    return AuditDocument(
        environment=environment,
        run_id="run-7",
        started_at=STARTED,
        finished_at=FINISHED,
        manifest=ManifestEntry(checksum="0123456789abcdef" * 4, migrations=("1", "2")),
        summary=summarize(tenants),
        tenants=tenants,
    )
