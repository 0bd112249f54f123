"""Which differences are accepted, and the state of each acceptance of the fleet file."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date

from pgfleet.documents.audit import INCONCLUSIVE, TenantEntry
from pgfleet.documents.audit_context import AcceptanceEntry, AcceptanceState, AcceptedEntry
from pgfleet.documents.findings import DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.fleet.model import Acceptance
from pgfleet.fleet.selection import fits


def accept(
    tenant: str, migrations: Iterable[MigrationEntry], acceptances: Iterable[Acceptance], today: date
) -> tuple[MigrationEntry, ...]:
    """The tenant's migrations, with every difference marked that an unexpired acceptance matches.

    A migration that is not applied is accepted if it has differences and all of them are accepted; its failing checks
    are then attributed to these differences. A migration without differences is never accepted.
    """
    in_force = [each for each in acceptances if is_in_force(each, today)]
    return tuple(_accepted(tenant, each, in_force) for each in migrations)


def is_in_force(acceptance: Acceptance, today: date) -> bool:
    """Whether the acceptance is unexpired; its last day is included."""
    return today <= acceptance.until


def review(
    acceptances: Iterable[Acceptance], tenants: Sequence[TenantEntry], today: date, *, is_partial: bool
) -> tuple[AcceptanceEntry, ...]:
    """The state of each acceptance, in fleet file order; `is_partial` means that not all tenants were audited."""
    return tuple(_review(each, tenants, today, is_partial=is_partial) for each in acceptances)


def _accepted(tenant: str, migration: MigrationEntry, in_force: Sequence[Acceptance]) -> MigrationEntry:
    differences = tuple(mark_accepted(tenant, each, in_force) for each in migration.differences)
    is_accepted = bool(differences) and all(each.accepted for each in differences)
    is_applied = migration.status is MigrationStatus.APPLIED
    return migration.model_copy(update={"differences": differences, "accepted": is_accepted and not is_applied})


def mark_accepted(tenant: str, difference: DifferenceEntry, in_force: Sequence[Acceptance]) -> DifferenceEntry:
    """The difference, marked with the first acceptance that matches."""
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
    """An object that is attributed to several migrations counts as one match."""
    matches = {
        (tenant.name, difference.kind, difference.identity, difference.change)
        for tenant in tenants
        for migration in tenant.migrations
        for difference in migration.differences
        if _covers(acceptance, tenant.name, difference)
    }
    unjudged = is_partial or any(each.verdict in INCONCLUSIVE for each in tenants if fits(each.name, acceptance.tenant))
    return AcceptanceEntry(
        **asdict(acceptance),
        state=_state(is_in_force(acceptance, today), is_used=bool(matches), is_judged=not unjudged),
        matches=len(matches),
    )


def _state(is_current: bool, *, is_used: bool, is_judged: bool) -> AcceptanceState:
    if not is_used and is_judged:
        return AcceptanceState.UNUSED
    if not is_current:
        return AcceptanceState.EXPIRED
    return AcceptanceState.ACTIVE if is_used else AcceptanceState.UNJUDGED
