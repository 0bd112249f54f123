"""Rows for table artifacts: few columns, named for people, worst tenants first."""

from pgfleet.judge.document import AuditDocument, TenantEntry
from pgfleet.judge.summary import worst_first
from pgfleet.render.words import notes, sentence

MOST_ROWS = 100
MOST_CHARACTERS = 120


def tenant_rows(document: AuditDocument) -> list[dict[str, str]]:
    """One row a tenant, at most MOST_ROWS, and a last row that says how many were left out."""
    ordered = worst_first(document.tenants)
    rows = [_row(tenant) for tenant in ordered[:MOST_ROWS]]
    if left_out := len(ordered) - len(rows):
        rows.append({**dict.fromkeys(rows[0], ""), "tenant": f"… and {left_out} more, none worse"})
    return rows


def _row(tenant: TenantEntry) -> dict[str, str]:
    return {
        "tenant": tenant.name,
        "verdict": tenant.verdict,
        "what is wrong": shortened(sentence(tenant)),
        "ring": tenant.ring or "",
        "worth knowing": shortened("; ".join(notes(tenant))),
    }


def shortened(text: str) -> str:
    """The text, cut with an ellipsis where it is too long for a cell."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
