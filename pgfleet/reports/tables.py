"""Rows for table artifacts: few columns, named for people, worst tenants first."""

from datetime import datetime

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.judge.findings import list_findings
from pgfleet.judge.summary import worst_first
from pgfleet.reports.links import NO_LINKS, Links
from pgfleet.reports.phrases.acceptances import remarks
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.dates import dates_of
from pgfleet.reports.phrases.row_losses import loss_sentence

MOST_ROWS = 100
MOST_CHARACTERS = 120


def tenant_rows(document: AuditDocument, timezone: str = "UTC", links: Links = NO_LINKS) -> list[dict[str, str]]:
    """One row a tenant, at most MOST_ROWS, and a last row that says how many were left out.

    A tenant that has a page leads there. Where there is a previous audit, a column says since when something of what
    counts is wrong.
    """
    ordered = worst_first(document.tenants)
    dates, since = dates_of(document, timezone), earliest(document)
    rows = []
    for tenant in ordered[:MOST_ROWS]:
        when = {"since": dates.since(since.get(tenant.name))} if document.since else {}
        rows.append(_row(tenant, _cell(tenant.name, links), when))
    if left_out := len(ordered) - len(rows):
        rows.append({**dict.fromkeys(rows[0], ""), "tenant": f"… and {left_out} more, none worse"})
    return rows


def _cell(name: str, links: Links) -> str:
    """Markdown where it is a link, which alone is read as such in a table."""
    return links.tenant(name) if name in links.tenants else plain_cell(name)


def plain_cell(text: str) -> str:
    """The text, of which a table makes no link."""
    return text.replace("](", "] (")


def earliest(document: AuditDocument) -> dict[str, datetime]:
    """Since when the oldest finding of each tenant that has any is there."""
    found: dict[str, datetime] = {}
    for finding, since in list_findings(document).items():
        found[finding.tenant] = min(since, found.get(finding.tenant, since))
    return found


def _row(tenant: TenantEntry, cell: str, when: dict[str, str]) -> dict[str, str]:
    """The short columns first: no column is wrapped, and what is beyond the window's edge has to be scrolled to."""
    wrong = (sentence(tenant), *map(loss_sentence, tenant.losses))
    return {
        "tenant": cell,
        "verdict": tenant.verdict,
        "ring": tenant.ring or "",
        **when,
        "what is wrong": plain_cell(shortened("; ".join(filter(None, wrong)))),
        "worth knowing": plain_cell(shortened("; ".join(remarks(tenant)))),
    }


def shortened(text: str) -> str:
    """The text, cut with an ellipsis where it is too long for a cell."""
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"
