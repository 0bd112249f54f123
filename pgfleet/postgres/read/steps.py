"""The steps of a tenant's audit: each reads from the tenant and concludes."""

from pgfleet.catalog.differences import Difference, find_differences
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Change
from pgfleet.documents.audit import ContractEntry, MigrationEntry, SeedEntry
from pgfleet.errors import PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.judge.checks import judge_check
from pgfleet.judge.contracts import judge_contract
from pgfleet.judge.migration import judge_migration
from pgfleet.judge.observations import CountObservation, TenantObservation
from pgfleet.judge.seeds import judge_seed
from pgfleet.manifest.extensions import extensions_of
from pgfleet.manifest.model import Count
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.read import contracts, inspection, queries
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext


class TenantInspection:
    """What the inspection of a tenant found, held against what is expected of it.

    Deliberately no dataclass: Prefect looks through the fields of those for what a task depends on, each time.
    """

    def __init__(self, expected: ExpectedCatalog, inspected: TenantObservation) -> None:
        self.expected, self.inspection = expected, inspected
        self.differences: tuple[Difference, ...] = find_differences(expected, inspected.catalog)

    @property
    def missing(self) -> frozenset[str]:
        """Objects that are not there, by name as the manifest writes it: with its schema unless it is the home one."""
        gone = (each.identity for each in self.differences if each.change is Change.MISSING)
        return frozenset(f"{each.schema}.{each.name}" if each.schema else each.name for each in gone)


def open_session(tenant: Tenant, context: RunContext) -> Session:
    """A session with the tenant under its environment's policy; it connects when first used.

    Raises TenantGone for a tenant that is not there any more: it has no connection string.
    """
    if error := context.absent.get(tenant.name):
        raise error
    return Session(
        tenant.dsn,
        name=tenant.name,
        home=tenant.home,
        limits=limits_of(context),
        extensions=extensions_of(context.manifest.migrations),
        managed_names=_managed_names(context),
    )


def _managed_names(context: RunContext) -> tuple[str, ...]:
    """Of relations in home schemas, on any version's servers."""
    known = (each for each in context.expectations.values() if isinstance(each, ExpectedCatalog))
    return tuple({name for each in known for schema, name in each.scope.relations if schema is None})


def limits_of(context: RunContext) -> Limits:
    """The policy's limits, with the run's name for the servers to show."""
    policy = context.environment.policy
    return Limits(
        application_name=f"pgfleet {context.run}"[:63],
        connect_timeout_seconds=policy.connect_timeout_seconds,
        statement_timeout_ms=policy.statement_timeout_ms,
        lock_timeout_ms=policy.lock_timeout_ms,
        idle_in_transaction_timeout_ms=policy.rollout.idle_in_transaction_timeout_ms,
        limiter=context.limiter,
    )


def inspect(session: Session, context: RunContext, ahead: bool = False) -> TenantInspection:
    """The tenant's catalog and ledger. Raises a DatabaseError, and NoExpectedCatalog.

    `ahead`: what the other steps of an audit will ask is asked in the same round trip, as far as that works, and they
    are answered from it. A fingerprint that differs where no object does is an error of ours, and must not read as
    clean: PgfleetError.
    """
    foreseen = ahead and prefetch(session, context)
    expected = context.expected(session.server_major)
    findings = TenantInspection(expected, inspection.inspect(session, expected))
    if findings.inspection.catalog.managed is not None and not findings.differences:
        raise PgfleetError("the catalog is not the expected one, yet no object of it differs; please report this")
    if ahead and not foreseen:
        prefetch(session, context, findings)
    return findings


def prefetch(session: Session, context: RunContext, findings: TenantInspection | None = None) -> bool:
    """Asks in one round trip all that the steps of an audit will ask, each by itself; returns whether that worked.

    Seeds and counts come first: they fail where their table is not there, before the server has done the rest. With the
    `findings` of the inspection, such are left out, and so is what it has asked. Raises transient DatabaseErrors.
    """
    manifest, expected = context.manifest, context.expected(session.server_major)
    missing = findings.missing if findings else frozenset()
    there = [each for each in manifest.seeds if each.table not in missing]
    seeds = [queries.seed_query(each, expected.seeds[each.name]) for each in there]
    counts = [_count_query(context, each) for each in manifest.counts if each.table not in missing]
    inspected = () if findings else inspection.queries(session, expected)
    checks = queries.check_queries(check for migration in manifest.migrations for check in migration.checks)
    return session.prefetch(*seeds, *counts, *inspected, *checks)


def verify(session: Session, context: RunContext, findings: TenantInspection, version: str) -> MigrationEntry:
    """One migration: its checks asked, its differences attributed, its state concluded. Raises transient errors."""
    migration = context.migration(version)
    given = zip(migration.checks, queries.answer_checks(session, migration.checks), strict=True)
    unreadable = findings.inspection.catalog.unreadable
    return judge_migration(
        migration,
        findings.expected,
        findings.differences,
        [judge_check(check, answer, unreadable=unreadable) for check, answer in given],
        recorded=findings.inspection.ledger.get(version),
        home=session.home,
        occupied_names=findings.inspection.catalog.occupied_names,
    )


def check_seed(session: Session, context: RunContext, findings: TenantInspection, name: str) -> SeedEntry:
    """One seed: imported, edited, missing. Raises transient errors."""
    seed = context.seed(name)
    baseline = findings.expected.seeds[name]
    return judge_seed(seed, baseline, queries.read_seed(session, seed, baseline))


def count(session: Session, context: RunContext, table: str) -> CountObservation:
    """One table's rows. Raises transient errors."""
    limit_rows = context.environment.policy.exact_count_limit_rows
    return queries.count_rows(session, context.count(table), limit_rows=limit_rows)


def _count_query(context: RunContext, count: Count) -> Query:
    return queries.count_query(count, limit_rows=context.environment.policy.exact_count_limit_rows)


def try_contracts(session: Session, context: RunContext, findings: TenantInspection) -> tuple[ContractEntry, ...]:
    """Every contract, in the manifest's order. Raises transient errors.

    A tenant that is as expected inherits what came of them in the scratch database, where no role's privileges count.
    """
    roles = context.environment.policy.roles
    is_as_expected = findings.inspection.catalog.managed is None
    known = findings.expected.contracts if is_as_expected else ()
    inherited = {each.consumer: each for each in known if each.consumer not in roles and not each.fault}
    rest = [each for each in context.manifest.contracts if each.consumer not in inherited]
    tried = {each.consumer: each for each in contracts.try_contracts(session, rest, roles)}
    return tuple(
        judge_contract(
            each,
            inherited.get(each.consumer) or tried[each.consumer],
            role=roles.get(each.consumer),
            inherited=each.consumer in inherited,
        )
        for each in context.manifest.contracts
    )
