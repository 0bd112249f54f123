"""What the state of a tenant's parts comes to."""

from collections.abc import Iterable

from pgfleet.documents.audit import ContractEntry, MigrationEntry, MigrationStatus, Verdict
from pgfleet.manifest.model import Priority


def verdict_of(migrations: Iterable[MigrationEntry], contracts: Iterable[ContractEntry] = ()) -> Verdict:
    """Blocked if a P0 migration is not applied or a P0 contract broken, degraded if only P1 ones are, else ready.

    A migration of which all that is wrong was accepted does not count; a broken contract always does.
    """
    lacking = {each.priority for each in migrations if each.status is not MigrationStatus.APPLIED and not each.accepted}
    lacking |= {each.priority for each in contracts if each.works is False}
    if Priority.P0 in lacking:
        return Verdict.BLOCKED
    return Verdict.DEGRADED if lacking else Verdict.READY
