"""Variants: tenants whose managed objects are the same."""

from collections.abc import Sequence

from pgfleet.documents.audit_context import VariantDifference, VariantEntry
from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.summary import tenant_count
from pgfleet.wording import listed

MOST_DIFFERENCES = 3


def summarize_variants(variants: Sequence[VariantEntry]) -> str:
    """`9 as expected; variant A, 2 tenants: index idx_a missing`."""
    expected = sum(len(each.tenants) for each in variants if each.expected)
    parts = [f"{expected} as expected"] if expected else []
    return "; ".join([*parts, *(variant_line(each) for each in variants if not each.expected)])


def variant_line(variant: VariantEntry) -> str:
    """`variant A, 2 tenants: index idx_a missing`."""
    return f"{variant.name}, {tenant_count(len(variant.tenants))}: {what_differs(variant)}"


def what_differs(variant: VariantEntry) -> str:
    """The first few differences: `index idx_a missing, column t.b changed and 4 more`."""
    return listed([_difference(each) for each in variant.differences], MOST_DIFFERENCES)


def is_shared(variants: Sequence[VariantEntry]) -> bool:
    """Whether some tenants have the same differences."""
    return any(len(each.tenants) > 1 and not each.expected for each in variants)


def _difference(difference: VariantDifference) -> str:
    return f"{difference.kind} {show_hidden(difference.identity)} {difference.change}"
