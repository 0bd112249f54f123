"""A rollout as a page: rings over time, issues, and every tenant in detail."""

from dataclasses import replace

from pgfleet.documents.rollout import Result, RolloutDocument
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import Page, Status, StatusStyle
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.rollout import RESULT_MEANS
from pgfleet.reports.views.rollout import issues, notices, rollout_view, work
from pgfleet.reports.views.rollout_matrix import matrix, result_status
from pgfleet.reports.views.rollout_tenant import tenant_blocks
from pgfleet.reports.views.scripts import script_sections
from pgfleet.reports.views.timeline import timeline
from pgfleet.rollout.summary import RolloutOutcome, worst_first

OUTCOME = {
    RolloutOutcome.COMPLETED: StatusStyle.DONE,
    RolloutOutcome.FINDINGS: StatusStyle.DOUBTFUL,
    RolloutOutcome.FAILED: StatusStyle.BAD,
    RolloutOutcome.INCOMPLETE: StatusStyle.AWAY,
    RolloutOutcome.FINDINGS_INCOMPLETE: StatusStyle.AWAY,
    RolloutOutcome.FAILED_INCOMPLETE: StatusStyle.BAD,
    RolloutOutcome.HALTED: StatusStyle.BAD,
    RolloutOutcome.REFUSED: StatusStyle.PENDING,
}
CELL_MEANS = {
    "failed": "the script failed, or objects still differ after it",
    "not reached": "a required migration is not applied, or the connection was lost",
    "rolled back": "it succeeded, and was rolled back with the tenant's transaction",
    "not exercised": "a dry run cannot roll it back",
    "applied": "the script ran",
    "reapplied": "the script ran again",
    "rerun": "the script ran again, on request or after an earlier one",
    "repaired": "generated statements fixed its drift",
    "drifted": "it drifted, and was not fixed",
    "not repaired": "its drift was not fixed",
    "adopted": "recorded in the ledger, nothing ran",
    "reverted": "the down script ran",
    "refused": "the script cannot run in the tenant",
    "already applied": "nothing to do",
    "not begun": "nothing was begun in the tenant",
    "not in scope": "not part of this rollout",
}
"""The words of the cells, worst first."""


def rollout_page(document: RolloutDocument, manifest: Manifest, timezone: str = "UTC") -> Page:
    """The page; the timeline takes the place of the view's table of rings."""
    tenants = matrix(document, manifest)
    view = replace(
        rollout_view(document, manifest, timezone),
        opening=(*notices(document), *issues(document, manifest)),
        matrix=tenants,
        closing=(*work(document), *script_sections(document.scripts, most_lines=None)),
    )
    used = {cell for row in tenants.rows for cell in row.cells}
    words = tuple(CELL_MEANS)
    return Page(
        view=view,
        outcome=Status(OUTCOME[RolloutOutcome(document.outcome)], document.outcome),
        statuses=tuple((result_status(each), RESULT_MEANS[each]) for each in Result),
        legend=tuple((each, CELL_MEANS[each.word]) for each in sorted(used, key=lambda each: words.index(each.word))),
        panels=tuple(
            (RESULT_MEANS[each.result], tuple(tenant_blocks(each, document))) for each in worst_first(document.tenants)
        ),
        summary_title="details",
        column_title="duration",
        timeline=timeline(document, Dates(timezone=timezone)),
    )
