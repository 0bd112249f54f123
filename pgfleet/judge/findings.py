"""What an audit has found, each finding once however often it is seen."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from pgfleet.documents.audit import (
    INCONCLUSIVE,
    AuditDocument,
    ContractEntry,
    DifferenceEntry,
    MigrationEntry,
    MigrationStatus,
    TenantEntry,
)
from pgfleet.judge.contract_impact import explains_all, explains_part

TENANT, MIGRATION, CONTRACT = "tenant", "migration", "contract"
"""Kinds of findings besides those of objects: a tenant that could not be judged, a migration that is not applied, a
consumer that cannot run its statements."""
BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What is told once, however often it is seen: something is the matter (`change`) with something in a tenant.

    `message` is the server's, of a broken contract; `breaks` are the consumers whose contracts this one breaks.
    """

    tenant: str
    kind: str
    identity: str
    change: str
    message: str | None = field(default=None, compare=False)
    breaks: tuple[str, ...] = field(default=(), compare=False)

    @property
    def subject(self) -> tuple[str, str, str]:
        """What it is about, whatever is the matter with it."""
        return self.tenant, self.kind, self.identity


def list_findings(document: AuditDocument) -> dict[Finding, datetime]:
    """The findings of a document, and since when each is there: what is accepted is none.

    A migration that is pending is one finding, whatever it lacks; a drifted one has its differences, or is one itself.
    """
    return {
        finding: since or document.finished_at for tenant in document.tenants for finding, since in _found_in(tenant)
    }


def _found_in(tenant: TenantEntry) -> Iterator[tuple[Finding, datetime | None]]:
    """A broken contract is one where what is told besides does not explain it."""
    if tenant.verdict in INCONCLUSIVE:
        yield tenant_finding(tenant), tenant.since
    told = tuple(_told_of_migrations(tenant))
    broken = _broken(tenant)
    for finding, since, differences in told:
        consumers = tuple(each.consumer for each in broken if explains_part(differences, each))
        yield replace(finding, breaks=consumers), since
    causes = [each for _, _, differences in told for each in differences]
    unexplained = (each for each in broken if not explains_all(causes, each))
    yield from ((contract_finding(tenant, each), each.since) for each in unexplained)


def _told_of_migrations(tenant: TenantEntry) -> Iterator[tuple[Finding, datetime | None, tuple[DifferenceEntry, ...]]]:
    """Each finding, since when it is there, and the objects that it is about."""
    for migration in tenant.migrations:
        if _is_told_as_one(migration):
            finding = migration_finding(tenant, migration, migration.status)
            yield finding, migration.since, migration.differences
        elif not migration.accepted:
            told = (each for each in migration.differences if not each.accepted)
            yield from ((difference_finding(tenant, each), each.since, (each,)) for each in told)


def _broken(tenant: TenantEntry) -> tuple[ContractEntry, ...]:
    return tuple(each for each in tenant.contracts if each.works is False)


def list_problems(document: AuditDocument, *, accepted: bool = True) -> dict[Finding, datetime]:
    """All that is not right, told or not: objects of pending migrations too, and, if `accepted`, what is accepted."""
    return {
        finding: since or document.finished_at
        for tenant in document.tenants
        for finding, since in _stands_in(tenant, accepted=accepted)
    }


def _stands_in(tenant: TenantEntry, *, accepted: bool) -> Iterator[tuple[Finding, datetime | None]]:
    if tenant.verdict in INCONCLUSIVE:
        yield tenant_finding(tenant), tenant.since
    for migration in tenant.migrations:
        if is_not_applied(migration) and (accepted or not migration.accepted):
            for status in (MigrationStatus.PENDING, MigrationStatus.DRIFTED):  # from one to the other is nothing new
                yield migration_finding(tenant, migration, status), migration.since
        kept = (each for each in migration.differences if accepted or not each.accepted)
        yield from ((difference_finding(tenant, each), each.since) for each in kept)
    yield from ((contract_finding(tenant, each), each.since) for each in _broken(tenant))


def is_not_applied(migration: MigrationEntry) -> bool:
    """Whether it is known not to be applied."""
    return migration.status in {MigrationStatus.PENDING, MigrationStatus.DRIFTED}


def _is_told_as_one(migration: MigrationEntry) -> bool:
    is_one = migration.status is MigrationStatus.PENDING or not migration.differences
    return is_not_applied(migration) and is_one and not migration.accepted


def tenant_finding(tenant: TenantEntry) -> Finding:
    """That the tenant could not be judged."""
    return Finding(tenant=tenant.name, kind=TENANT, identity=tenant.name, change=tenant.verdict)


def migration_finding(tenant: TenantEntry, migration: MigrationEntry, status: MigrationStatus) -> Finding:
    """That the migration is pending, or drifted."""
    return Finding(tenant=tenant.name, kind=MIGRATION, identity=migration.version, change=status)


def contract_finding(tenant: TenantEntry, contract: ContractEntry) -> Finding:
    """That the consumer cannot run all of its statements."""
    message = contract.failures[0].message if contract.failures else None
    return Finding(tenant=tenant.name, kind=CONTRACT, identity=contract.consumer, change=BROKEN, message=message)


def difference_finding(tenant: TenantEntry, difference: DifferenceEntry) -> Finding:
    """That the object is missing or changed, whichever migrations it is attributed to."""
    return Finding(tenant=tenant.name, kind=difference.kind, identity=difference.identity, change=difference.change)
