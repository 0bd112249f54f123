"""The findings of an audit, and which of them explain a broken contract."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime

from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import INCONCLUSIVE, AuditDocument, TenantEntry
from pgfleet.documents.findings import ContractEntry, DifferenceEntry, MigrationEntry, MigrationStatus

TENANT, MIGRATION, CONTRACT = "tenant", "migration", "contract"
"""Kinds of findings that are not about an object: a tenant that could not be judged, a migration that is not applied,
and a consumer that cannot run its statements."""
BROKEN = "broken"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A problem (`change`) with an object, a migration, a contract, or a tenant as a whole.

    `message` is the server's message about a broken contract. `breaks` are the consumers whose contracts break because
    of this finding.
    """

    tenant: str
    kind: str
    identity: str
    change: str
    message: str | None = field(default=None, compare=False)
    breaks: tuple[str, ...] = field(default=(), compare=False)

    @property
    def subject(self) -> tuple[str, str, str]:
        """The tenant, and the kind and identity of what has the problem."""
        return self.tenant, self.kind, self.identity


def list_findings(document: AuditDocument) -> dict[Finding, datetime]:
    """The findings of a document, with the time each was first seen. Accepted differences are no findings.

    A pending migration is one finding. A drifted migration has one finding per difference, or one if it has none.
    """
    return {
        finding: since or document.finished_at for tenant in document.tenants for finding, since in _found_in(tenant)
    }


def _found_in(tenant: TenantEntry) -> Iterator[tuple[Finding, datetime | None]]:
    """A broken contract is a finding unless the other findings explain it."""
    if tenant.verdict in INCONCLUSIVE:
        yield tenant_finding(tenant), tenant.since
    found = tuple(_migration_findings(tenant))
    broken = _broken(tenant)
    for finding, since, differences in found:
        consumers = tuple(each.consumer for each in broken if explains_part(differences, each))
        yield replace(finding, breaks=consumers), since
    causes = [each for _, _, differences in found for each in differences]
    unexplained = (each for each in broken if not explains_all(causes, each))
    yield from ((contract_finding(tenant, each), each.since) for each in unexplained)


def _migration_findings(tenant: TenantEntry) -> Iterator[tuple[Finding, datetime | None, tuple[DifferenceEntry, ...]]]:
    """The findings of migrations and differences: when first seen, and about which objects."""
    for migration in tenant.migrations:
        if _is_single_finding(migration):
            finding = migration_finding(tenant, migration, migration.status)
            yield finding, migration.since, migration.differences
        elif not migration.accepted:
            counted = (each for each in migration.differences if not each.accepted)
            yield from ((difference_finding(tenant, each), each.since, (each,)) for each in counted)


def _broken(tenant: TenantEntry) -> tuple[ContractEntry, ...]:
    return tuple(each for each in tenant.contracts if each.works is False)


def list_problems(document: AuditDocument, *, accepted: bool = True) -> dict[Finding, datetime]:
    """Every problem, including the objects of pending migrations and, if `accepted`, accepted differences."""
    return {
        finding: since or document.finished_at
        for tenant in document.tenants
        for finding, since in _problems_in(tenant, accepted=accepted)
    }


def _problems_in(tenant: TenantEntry, *, accepted: bool) -> Iterator[tuple[Finding, datetime | None]]:
    if tenant.verdict in INCONCLUSIVE:
        yield tenant_finding(tenant), tenant.since
    for migration in tenant.migrations:
        if is_not_applied(migration) and (accepted or not migration.accepted):
            # Both statuses, because a change from one to the other is no new finding.
            for status in (MigrationStatus.PENDING, MigrationStatus.DRIFTED):
                yield migration_finding(tenant, migration, status), migration.since
        kept = (each for each in migration.differences if accepted or not each.accepted)
        yield from ((difference_finding(tenant, each), each.since) for each in kept)
    yield from ((contract_finding(tenant, each), each.since) for each in _broken(tenant))


def is_not_applied(migration: MigrationEntry) -> bool:
    """Whether the migration is known not to be applied."""
    return migration.status in {MigrationStatus.PENDING, MigrationStatus.DRIFTED}


def _is_single_finding(migration: MigrationEntry) -> bool:
    is_one = migration.status is MigrationStatus.PENDING or not migration.differences
    return is_not_applied(migration) and is_one and not migration.accepted


def tenant_finding(tenant: TenantEntry) -> Finding:
    """The finding that the tenant could not be judged."""
    return Finding(tenant=tenant.name, kind=TENANT, identity=tenant.name, change=tenant.verdict)


def migration_finding(tenant: TenantEntry, migration: MigrationEntry, status: MigrationStatus) -> Finding:
    """The finding that the migration is pending or drifted."""
    return Finding(tenant=tenant.name, kind=MIGRATION, identity=migration.version, change=status)


def contract_finding(tenant: TenantEntry, contract: ContractEntry) -> Finding:
    """The finding that the consumer cannot run all of its statements."""
    message = contract.failures[0].message if contract.failures else None
    return Finding(tenant=tenant.name, kind=CONTRACT, identity=contract.consumer, change=BROKEN, message=message)


def difference_finding(tenant: TenantEntry, difference: DifferenceEntry) -> Finding:
    """The finding that the object is missing or changed, regardless of the migration that it is attributed to."""
    return Finding(tenant=tenant.name, kind=difference.kind, identity=difference.identity, change=difference.change)


WORD = re.compile(r"[\w$]+")
LAST_NAME = re.compile(r'("(?:[^"]|"")+"|[^.]+)$')


def explains_part(differences: Iterable[DifferenceEntry], contract: ContractEntry) -> bool:
    """Whether a failure of the contract names one of the objects: `column "company_deny_list" does not exist`."""
    names = {_name(each) for each in differences}
    return any(names & words for words in _words(contract))


def explains_all(differences: Iterable[DifferenceEntry], contract: ContractEntry) -> bool:
    """Whether every failure of the contract names one of the objects, so that the contract needs no finding."""
    names = {_name(each) for each in differences}
    return all(names & words for words in _words(contract))


def _words(contract: ContractEntry) -> list[set[str]]:
    """The words of each failure's message; none if the role does not exist, which no difference explains."""
    return [set(WORD.findall(each.message)) if each.statement else set() for each in contract.failures]


def _name(difference: DifferenceEntry) -> str:
    """The name by which a message refers to the object: unqualified; for a privilege, the object that it is on."""
    identity = difference.identity
    if difference.kind == ObjectKind.FUNCTION:
        identity = identity.rsplit("(", 1)[0]
    if difference.kind == ObjectKind.PRIVILEGE:
        identity = identity.split(" ", 1)[0]
    found = LAST_NAME.search(identity)
    return found[1].strip('"') if found else identity
