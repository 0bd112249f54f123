"""Rows that were lost since the previous audit, in words."""

from collections.abc import Iterable

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.audit_context import LossEntry
from pgfleet.judge.summary import tenant_count


def loss_sentence(loss: LossEntry) -> str:
    """`ai_messages has 40 rows, had 1,200 (120 may be lost)`; estimates say so."""
    about = "" if loss.exact else "about "
    return f"{loss.table} has {about}{loss.now:,} rows, had {about}{loss.before:,} ({loss.allowed:,} may be lost)"


def loss_lines(tenants: Iterable[TenantEntry]) -> tuple[str, ...]:
    """The same for each tenant that lost any, after its name."""
    return tuple(
        f"{tenant.name}: {'; '.join(map(loss_sentence, tenant.losses))}" for tenant in tenants if tenant.losses
    )


def losses_in_words(tenants: Iterable[TenantEntry]) -> str:
    """The first tenant's losses, with both figures, and how many more tenants lost any; empty where none did."""
    lines = loss_lines(tenants)
    if not lines:
        return ""
    more = f", and in {tenant_count(len(lines) - 1)} more" if len(lines) > 1 else ""
    return f"rows lost: {lines[0]}{more}"
