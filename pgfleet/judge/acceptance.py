"""Which differences are known and do not count, and what has become of each acceptance of the fleet file."""

from collections.abc import Iterable, Sequence
from datetime import date

from pgfleet.documents.audit import INCONCLUSIVE, DifferenceEntry, MigrationEntry, MigrationStatus, TenantEntry
from pgfleet.documents.audit_context import AcceptanceEntry, AcceptanceState, AcceptedEntry
from pgfleet.fleet.model import Acceptance
from pgfleet.fleet.selection import fits


def accept(
    tenant: str, migrations: Iterable[MigrationEntry], acceptances: Iterable[Acceptance], today: date
) -> tuple[MigrationEntry, ...]:
    """The tenant's migrations, with every difference marked that an acceptance fits whose last day is not past.

    A migration that is not applied, has differences, and has none that counts is accepted itself. Whichever of its
    checks fail are taken for consequences of those differences. One without differences is never accepted.
    """
    in_force = [each for each in acceptances if is_in_force(each, today)]
    return tuple(_accepted(tenant, each, in_force) for each in migrations)


def is_in_force(acceptance: Acceptance, today: date) -> bool:
    """Up to and with its last day."""
    return today <= acceptance.until


def review(
    acceptances: Iterable[Acceptance], tenants: Sequence[TenantEntry], today: date, *, is_partial: bool
) -> tuple[AcceptanceEntry, ...]:
    """What has become of each acceptance, in the fleet file's order; `is_partial`: not all tenants were audited."""
    return tuple(_review(each, tenants, today, is_partial=is_partial) for each in acceptances)


def _accepted(tenant: str, migration: MigrationEntry, in_force: Sequence[Acceptance]) -> MigrationEntry:
    differences = tuple(_marked(tenant, each, in_force) for each in migration.differences)
    is_accepted = bool(differences) and all(each.accepted for each in differences)
    is_applied = migration.status is MigrationStatus.APPLIED
    return migration.model_copy(update={"differences": differences, "accepted": is_accepted and not is_applied})


def _marked(tenant: str, difference: DifferenceEntry, in_force: Sequence[Acceptance]) -> DifferenceEntry:
    """Marked by the first acceptance that fits."""
    found = next((each for each in in_force if _covers(each, tenant, difference)), None)
    if found is None:
        return difference
    accepted = AcceptedEntry(owner=found.owner, reason=found.reason, until=found.until)
    return difference.model_copy(update={"accepted": accepted})


def _covers(acceptance: Acceptance, tenant: str, difference: DifferenceEntry) -> bool:
    return (
        fits(tenant, acceptance.tenant)
        and acceptance.kind in {None, difference.kind}
        and fits(difference.identity, acceptance.identity)
        and acceptance.change in {None, difference.change}
    )


def _review(
    acceptance: Acceptance, tenants: Sequence[TenantEntry], today: date, *, is_partial: bool
) -> AcceptanceEntry:
    """An object that several migrations miss is one match."""
    matches = {
        (tenant.name, difference.kind, difference.identity, difference.change)
        for tenant in tenants
        for migration in tenant.migrations
        for difference in migration.differences
        if _covers(acceptance, tenant.name, difference)
    }
    unjudged = is_partial or any(each.verdict in INCONCLUSIVE for each in tenants if fits(each.name, acceptance.tenant))
    return AcceptanceEntry(
        tenant=acceptance.tenant,
        kind=acceptance.kind,
        identity=acceptance.identity,
        change=acceptance.change,
        owner=acceptance.owner,
        reason=acceptance.reason,
        until=acceptance.until,
        state=_state(is_in_force(acceptance, today), is_used=bool(matches), is_judged=not unjudged),
        matches=len(matches),
    )


def _state(is_current: bool, *, is_used: bool, is_judged: bool) -> AcceptanceState:
    if not is_used and is_judged:
        return AcceptanceState.UNUSED
    if not is_current:
        return AcceptanceState.EXPIRED
    return AcceptanceState.ACTIVE if is_used else AcceptanceState.UNJUDGED
