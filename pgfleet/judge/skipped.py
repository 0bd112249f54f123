"""The tenants that a run left out, as the documents have them."""

from collections.abc import Iterable

from pgfleet.fleet.model import SkippedTenant
from pgfleet.judge.document import SkippedEntry


def skipped_entries(skipped: Iterable[SkippedTenant]) -> tuple[SkippedEntry, ...]:
    """An entry each, in the order of the inventories."""
    return tuple(SkippedEntry(name=each.name, reason=each.reason) for each in skipped)
