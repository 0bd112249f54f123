"""Differences that are known, in words."""

from collections.abc import Iterable

from pgfleet.documents.audit import DifferenceEntry, TenantEntry
from pgfleet.documents.audit_context import AcceptanceEntry, AcceptanceState, AcceptedEntry
from pgfleet.reports.phrases.audit import notes, sentence

STATE_MEANS = {
    AcceptanceState.ACTIVE: "accepted",
    AcceptanceState.EXPIRED: "EXPIRED, so it counts again",
    AcceptanceState.UNUSED: "matches nothing any more: take it out of the fleet file",
    AcceptanceState.UNJUDGED: "not every tenant that it fits was judged",
}
"""What became of an acceptance."""


def acceptance_lines(acceptances: Iterable[AcceptanceEntry]) -> tuple[str, ...]:
    """A line for each acceptance of the fleet file, the ones to do something about first."""
    order = [AcceptanceState.EXPIRED, AcceptanceState.UNUSED, AcceptanceState.ACTIVE, AcceptanceState.UNJUDGED]
    return tuple(acceptance_line(each) for each in sorted(acceptances, key=lambda each: order.index(each.state)))


def acceptance_line(acceptance: AcceptanceEntry) -> str:
    """`acme-*: index public.idx_a missing, until 2026-12-31 (ana: being rebuilt): accepted, 2 matches`."""
    what = " ".join(filter(None, (acceptance.kind, acceptance.identity, acceptance.change)))
    matches = f", {acceptance.matches} match{'' if acceptance.matches == 1 else 'es'}" if acceptance.matches else ""
    return f"{acceptance.tenant}: {what}, {_terms(acceptance)}: {STATE_MEANS[acceptance.state]}{matches}"


def accepted_notes(tenant: TenantEntry) -> tuple[str, ...]:
    """What is accepted in the tenant, each object once."""
    found = (each for migration in tenant.migrations for each in migration.differences)
    return tuple(dict.fromkeys(_note(each, each.accepted) for each in found if each.accepted))


def remarks(tenant: TenantEntry) -> tuple[str, ...]:
    """What is worth knowing of a tenant without counting: what is accepted, then its notes."""
    return (*accepted_notes(tenant), *notes(tenant))


def _note(difference: DifferenceEntry, accepted: AcceptedEntry) -> str:
    return f"accepted {_terms(accepted)}: {sentence(difference)}"


def _terms(accepted: AcceptedEntry | AcceptanceEntry) -> str:
    return f"until {accepted.until:%Y-%m-%d} ({accepted.owner}: {accepted.reason})"
