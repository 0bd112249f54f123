"""The skipped tenants in one line."""

from collections.abc import Iterable

from pgfleet.documents.audit import SkippedEntry
from pgfleet.judge.summary import tenant_count
from pgfleet.wording import group_names, listed


def skipped_sentence(skipped: Iterable[SkippedEntry]) -> str:
    """`3 tenants skipped: acme, globex (its state is suspended); hooli (its state is provisioning)`; empty if none."""
    groups = group_names((each.reason, each.name) for each in skipped)
    reasons = "; ".join(f"{listed(names)} ({reason})" for reason, names in groups.items())
    return f"{tenant_count(sum(map(len, groups.values())))} skipped: {reasons}" if groups else ""
