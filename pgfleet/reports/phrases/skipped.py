"""The skipped tenants in one line."""

from collections.abc import Iterable

from pgfleet.documents.audit import SkippedEntry
from pgfleet.judge.summary import tenant_count

MOST_NAMES = 5


def skipped_in_words(skipped: Iterable[SkippedEntry]) -> str:
    """`3 tenants skipped: acme, globex (its state is suspended); hooli (its state is provisioning)`; empty if none."""
    names: dict[str, list[str]] = {}
    for each in skipped:
        names.setdefault(each.reason, []).append(each.name)
    if not names:
        return ""
    listing = "; ".join(f"{_named(some)} ({reason})" for reason, some in names.items())
    return f"{tenant_count(sum(map(len, names.values())))} skipped: {listing}"


def _named(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
    return ", ".join(names[:MOST_NAMES]) + more
