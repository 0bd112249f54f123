"""The page of all environments, as one HTML file without a script."""

from collections.abc import Iterable

from pgfleet.documents.audit_history import AuditHistory
from pgfleet.reports.render.bars import bar, sparkline
from pgfleet.reports.render.html import render_template
from pgfleet.reports.views.fleet import EnvironmentCard, environment_cards


def render(histories: Iterable[AuditHistory]) -> str:
    """The page: for each environment the last audit's numbers, when it ended, the trend, and a link to its page."""
    return render_template("fleet.html.jinja", rows=[(each, *_drawn(each)) for each in environment_cards(histories)])


def _drawn(card: EnvironmentCard) -> tuple[object, object]:
    parts = bar({status: float(number) for status, number in card.numbers.items()})
    return parts, {word: sparkline(numbers) for word, numbers in card.trends.items()}
