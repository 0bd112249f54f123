"""The page of all environments, as one HTML file without a script."""

from collections.abc import Iterable

from pgfleet.documents.audit_history import AuditHistory
from pgfleet.judge.summary import Outcome, tenant_count
from pgfleet.reports.blocks import Status, StatusStyle
from pgfleet.reports.render.bars import bar, sparkline
from pgfleet.reports.render.html import render_template
from pgfleet.reports.views.verdicts import OUTCOME, STATUSES, trends

STYLES: dict[str, StatusStyle] = {str(outcome): OUTCOME[outcome] for outcome in Outcome}


def render(histories: Iterable[AuditHistory]) -> str:
    """The page: for each audited environment the last audit's numbers, when it ended, the trend, and a link."""
    audited = sorted((each for each in histories if each.audits), key=lambda each: each.environment)
    return render_template("fleet.html.jinja", cards=[_card(each) for each in audited])


def _card(history: AuditHistory) -> dict[str, object]:
    """An environment; its numbers of tenants by status, worst first, are without zeros."""
    last = history.audits[-1]
    numbers = {status: number for status in STATUSES if (number := last.tenants.get(status.word, 0))}
    return {
        "name": history.environment,
        "last": last,
        "outcome": Status(STYLES.get(last.outcome, StatusStyle.DOUBTFUL), last.outcome),
        "tenants": tenant_count(sum(numbers.values())),
        "numbers": numbers,
        "parts": bar({status: float(number) for status, number in numbers.items()}),
        "lines": {word: sparkline(numbers) for word, numbers in trends(history.audits).items()},
    }
