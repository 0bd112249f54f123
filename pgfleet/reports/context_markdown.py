"""The summary page before and after its tenants: what is new, who is alike, what is known."""

from pgfleet.documents.audit import AuditDocument
from pgfleet.reports.markup import bullets, escaped
from pgfleet.reports.phrases.acceptances import acceptance_lines
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.row_losses import loss_lines
from pgfleet.reports.phrases.trend import MOST_LINES, capped, headline, new_lines, resolved_lines
from pgfleet.reports.phrases.variants import is_worth_telling, variants_in_words

ALL_THERE = "Every tenant holds everything that the manifest asks for."
ALL_BUT_ACCEPTED = "Every tenant holds everything that the manifest asks for, but for what is accepted."


def all_ready(document: AuditDocument) -> str:
    """What is said of a fleet of which every tenant is ready."""
    accepted = any(each.accepted for tenant in document.tenants for each in tenant.migrations)
    return ALL_BUT_ACCEPTED if accepted else ALL_THERE


def opening(document: AuditDocument, dates: Dates) -> list[str]:
    """What is new and what is resolved since the previous audit, which rows were lost, who is alike."""
    lines: list[str] = []
    if document.since:
        lines += [f"**{escaped(headline(document.since, dates))}.**", ""]
        lines += bullets("New", new_lines(document.since))
        lines += bullets("Resolved", resolved_lines(document.since, dates))
        lines += bullets("Rows lost", capped(loss_lines(document.tenants)))
    if is_worth_telling(document.variants):
        lines += [f"**Variants:** {escaped(variants_in_words(document.variants[:MOST_LINES]))}.", ""]
    return lines


def closing(document: AuditDocument) -> list[str]:
    """What has become of each acceptance."""
    return bullets("Accepted in the fleet file", acceptance_lines(document.accepted))
