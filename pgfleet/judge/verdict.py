"""What the state of a tenant's parts comes to."""

from collections.abc import Iterable

from pgfleet.judge.document import MigrationEntry, MigrationStatus, Verdict
from pgfleet.manifest.model import Priority


def verdict_of(migrations: Iterable[MigrationEntry]) -> Verdict:
    """Blocked if a P0 migration is not applied, degraded if only P1 ones are not, ready otherwise.

    A migration of which all that is wrong was accepted does not count.
    """
    lacking = {each.priority for each in migrations if each.status is not MigrationStatus.APPLIED and not each.accepted}
    if Priority.P0 in lacking:
        return Verdict.BLOCKED
    return Verdict.DEGRADED if lacking else Verdict.READY
