"""Rows of an audit's table artifacts, worst tenants first."""

from collections.abc import Sequence
from datetime import datetime

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.documents.audit_context import VariantEntry
from pgfleet.judge.findings import list_findings
from pgfleet.judge.summary import worst_first
from pgfleet.reports.markup import NO_LINKS, Links
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.context import loss_sentence, remarks, what_differs
from pgfleet.reports.phrases.dates import dates_of
from pgfleet.reports.rows import LONGEST_CELL, TableRow, capped
from pgfleet.reports.views.audit_tenant import fix_lines
from pgfleet.reports.views.verdicts import tenant_status
from pgfleet.wording import listed, shortened


def tenant_rows(document: AuditDocument, timezone: str = "UTC", links: Links = NO_LINKS) -> list[TableRow]:
    """One row per tenant, at most MOST_ROWS, and a last row with the number of the others.

    A tenant that has a page leads there. Where there is a previous audit, a column says since when something of what
    counts is wrong.
    """
    dates, since = dates_of(document, timezone), earliest(document)
    rows = []
    for tenant in worst_first(document.tenants):
        when = {"since": dates.since(since.get(tenant.name))} if document.since else {}
        rows.append(_row(tenant, _cell(tenant.name, links), when, document.environment))
    return capped(rows, "none worse")


def variant_rows(variants: Sequence[VariantEntry]) -> list[TableRow]:
    """One row per variant, the largest first, at most MOST_ROWS."""
    rows = [
        {
            "variant": f"{each.name} (PostgreSQL {', '.join(map(str, each.server_majors or [each.server_major]))})",
            "tenants": str(len(each.tenants)),
            "which": listed(each.tenants),
            "what differs": what_differs(each),
        }
        for each in variants
    ]
    return capped(rows, "none larger")


def _cell(name: str, links: Links) -> str:
    """A link, which Prefect's tables show as one, or plain text."""
    return links.tenant(name) if name in links.tenants else plain_cell(name)


def plain_cell(text: str) -> str:
    """The text, changed so that Prefect's tables make no link of it."""
    return text.replace("](", "] (")


def earliest(document: AuditDocument) -> dict[str, datetime]:
    """When each tenant's oldest finding was first seen."""
    found: dict[str, datetime] = {}
    for finding, since in list_findings(document).items():
        found[finding.tenant] = min(since, found.get(finding.tenant, since))
    return found


def _row(tenant: TenantEntry, cell: str, when: dict[str, str], environment: str) -> TableRow:
    """Short columns first: Prefect wraps no column, so long ones need scrolling."""
    wrong = (sentence(tenant), *map(loss_sentence, tenant.losses))
    return {
        "tenant": cell,
        "verdict": tenant_status(tenant).word,
        "ring": tenant.ring or "",
        **when,
        "fix": plain_cell("; ".join(fix_lines(tenant, environment))),
        "what is wrong": plain_cell(shortened("; ".join(filter(None, wrong)), LONGEST_CELL)),
        "worth knowing": plain_cell(shortened("; ".join(remarks(tenant)), LONGEST_CELL)),
    }
