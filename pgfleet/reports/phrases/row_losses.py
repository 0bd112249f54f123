"""Rows lost since the previous audit, as sentences."""

from collections.abc import Iterable

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.audit_context import LossEntry
from pgfleet.judge.summary import tenant_count


def loss_sentence(loss: LossEntry) -> str:
    """`ai_messages: 40 rows, previously 1,200 (allowed loss: 120)`; estimates are marked `about`."""
    about = "" if loss.exact else "about "
    return f"{loss.table}: {about}{loss.now:,} rows, previously {about}{loss.before:,} (allowed loss: {loss.allowed:,})"


def loss_lines(tenants: Iterable[TenantEntry]) -> tuple[str, ...]:
    """One line per tenant that lost rows."""
    return tuple(
        f"{tenant.name}: {'; '.join(map(loss_sentence, tenant.losses))}" for tenant in tenants if tenant.losses
    )


def summarize_losses(tenants: Iterable[TenantEntry]) -> str:
    """The first tenant's losses and the number of other tenants that lost rows; empty if none did."""
    lines = loss_lines(tenants)
    if not lines:
        return ""
    more = f", and in {tenant_count(len(lines) - 1)} more" if len(lines) > 1 else ""
    return f"rows lost: {lines[0]}{more}"
