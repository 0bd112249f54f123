"""Variants: tenants whose managed objects are the same."""

from collections.abc import Sequence

from pgfleet.documents.audit_context import VariantDifference, VariantEntry
from pgfleet.judge.summary import tenant_count
from pgfleet.reports.phrases.trend import listed

MOST_VARIANTS = 100
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


def variant_rows(variants: Sequence[VariantEntry]) -> list[dict[str, str]]:
    """One row per variant, at most MOST_VARIANTS, and a last row with the number of the others."""
    rows = [_row(each) for each in variants[:MOST_VARIANTS]]
    if left_out := len(variants) - len(rows):
        rows.append({**dict.fromkeys(rows[0], ""), "variant": f"… and {left_out} more, none larger"})
    return rows


def _row(variant: VariantEntry) -> dict[str, str]:
    return {
        "variant": f"{variant.name} (PostgreSQL {variant.server_major})",
        "tenants": str(len(variant.tenants)),
        "which": listed(variant.tenants),
        "what differs": what_differs(variant),
    }


def _difference(difference: VariantDifference) -> str:
    return f"{difference.kind} {difference.identity} {difference.change}"
