"""The tenants that a run left out, as the documents have them."""

from collections.abc import Iterable

from pgfleet.documents.audit import SkippedEntry
from pgfleet.fleet.model import SkippedTenant


def skipped_entries(skipped: Iterable[SkippedTenant]) -> tuple[SkippedEntry, ...]:
    """An entry each, in the order of the inventories."""
    return tuple(SkippedEntry(name=each.name, reason=each.reason) for each in skipped)
