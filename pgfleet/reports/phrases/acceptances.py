"""Accepted differences as sentences."""

from collections.abc import Iterable

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.audit_context import AcceptanceEntry, AcceptanceState, AcceptedEntry
from pgfleet.documents.findings import DifferenceEntry
from pgfleet.reports.phrases.audit import notes, sentence

STATE_MEANS = {
    AcceptanceState.ACTIVE: "accepted",
    AcceptanceState.EXPIRED: "EXPIRED: the difference counts again",
    AcceptanceState.UNUSED: "matches nothing: remove it from the fleet file",
    AcceptanceState.UNJUDGED: "undecided: some tenant that it covers was not inspected",
}
"""What became of an acceptance."""


def acceptance_lines(acceptances: Iterable[AcceptanceEntry]) -> tuple[str, ...]:
    """One line per acceptance of the fleet file, those that need attention first."""
    order = [AcceptanceState.EXPIRED, AcceptanceState.UNUSED, AcceptanceState.ACTIVE, AcceptanceState.UNJUDGED]
    return tuple(acceptance_line(each) for each in sorted(acceptances, key=lambda each: order.index(each.state)))


def acceptance_line(acceptance: AcceptanceEntry) -> str:
    """`acme-*: index public.idx_a missing, until 2026-12-31 (ana: being rebuilt): accepted, 2 matches`."""
    what = " ".join(filter(None, (acceptance.kind, acceptance.identity, acceptance.change)))
    matches = f", {acceptance.matches} match{'' if acceptance.matches == 1 else 'es'}" if acceptance.matches else ""
    return f"{acceptance.tenant}: {what}, {_terms(acceptance)}: {STATE_MEANS[acceptance.state]}{matches}"


def accepted_notes(tenant: TenantEntry) -> tuple[str, ...]:
    """The differences accepted in the tenant, each object once."""
    found = (each for migration in tenant.migrations for each in migration.differences)
    return tuple(dict.fromkeys(_note(each, each.accepted) for each in found if each.accepted))


def remarks(tenant: TenantEntry) -> tuple[str, ...]:
    """What does not count against the tenant: accepted differences, then its notes."""
    return (*accepted_notes(tenant), *notes(tenant))


def _note(difference: DifferenceEntry, accepted: AcceptedEntry) -> str:
    return f"accepted {_terms(accepted)}: {sentence(difference)}"


def _terms(accepted: AcceptedEntry | AcceptanceEntry) -> str:
    return f"until {accepted.until:%Y-%m-%d} ({accepted.owner}: {accepted.reason})"
