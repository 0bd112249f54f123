"""The steps of a tenant's audit after its inspection: each reads from the tenant and judges what it read."""

from collections.abc import Iterable

from pgfleet.documents.findings import ContractEntry, MigrationEntry, SeedEntry
from pgfleet.judge.entries import judge_check, judge_contract, judge_seed
from pgfleet.judge.migration import judge_migration
from pgfleet.judge.observations import CountObservation, QueryResult
from pgfleet.manifest.model import Check, Migration
from pgfleet.postgres.read import contracts
from pgfleet.postgres.read.comparison import TenantInspection
from pgfleet.postgres.read.queries import count_rows, read_seed, run_checks
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext


def verify(session: Session, context: RunContext, inspection: TenantInspection, version: str) -> MigrationEntry:
    """Runs one migration's checks and judges its status. Raises transient DatabaseErrors."""
    migration = context.migration(version)
    results = inspection.prefetched.checks.get(version) or run_checks(session, migration.checks)
    return _judge(inspection, migration, zip(migration.checks, results, strict=True), session.home)


def find_status(session: Session, context: RunContext, inspection: TenantInspection, version: str) -> MigrationEntry:
    """The same, but without the checks of a pending migration, whose status they do not decide."""
    is_pending = version not in inspection.assessment.position.applied | inspection.assessment.position.unknown
    if is_pending:
        return _judge(inspection, context.migration(version), (), session.home)
    return verify(session, context, inspection, version)


def _judge(
    inspection: TenantInspection, migration: Migration, results: Iterable[tuple[Check, QueryResult]], home: str
) -> MigrationEntry:
    unreadable = inspection.observed.catalog.unreadable
    return judge_migration(
        migration,
        inspection.assessment,
        [judge_check(check, result, unreadable=unreadable) for check, result in results],
        recorded=inspection.observed.ledger.get(migration.version),
        tool=inspection.observed.tool,
        home=home,
    )


def check_seed(session: Session, context: RunContext, inspection: TenantInspection, name: str) -> SeedEntry:
    """One seed: present, customised, or missing. Raises transient DatabaseErrors."""
    seed, baseline = context.seed(name), inspection.expected.seeds[name]
    return judge_seed(seed, baseline, inspection.prefetched.seeds.get(name) or read_seed(session, seed, baseline))


def count(
    session: Session, context: RunContext, table: str, inspection: TenantInspection | None = None
) -> CountObservation:
    """One table's rows. Raises transient DatabaseErrors."""
    if inspection and (known := inspection.prefetched.counts.get(table)):
        return known
    limit_rows = context.environment.policy.exact_count_limit_rows
    return count_rows(session, context.count(table), limit_rows=limit_rows)


def try_contracts(session: Session, context: RunContext, inspection: TenantInspection) -> tuple[ContractEntry, ...]:
    """Every contract, in the manifest's order. Raises transient DatabaseErrors.

    A tenant whose catalog is the expected one inherits the results of the scratch database, where no privileges count;
    only contracts of consumers with a role are tried.
    """
    roles = context.environment.policy.roles
    known = () if inspection.assessment.drift else inspection.expected.contracts
    inherited = {each.consumer: each for each in known if each.consumer not in roles and not each.fault}
    rest = [each for each in context.manifest.contracts if each.consumer not in inherited]
    tried = {each.consumer: each for each in contracts.try_contracts(session, rest, roles, inspection.missing)}
    return tuple(
        judge_contract(
            each,
            inherited.get(each.consumer) or tried[each.consumer],
            role=roles.get(each.consumer),
            inherited=each.consumer in inherited,
        )
        for each in context.manifest.contracts
    )
