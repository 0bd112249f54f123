"""The last audit of each environment, for the page that lists all of them."""

from collections.abc import Iterable
from dataclasses import dataclass

from pgfleet.documents.audit_history import AuditHistory
from pgfleet.judge.summary import Outcome, tenant_count
from pgfleet.reports.blocks import Status, StatusStyle
from pgfleet.reports.views.verdicts import OUTCOME, STATUSES, trends

STYLES: dict[str, StatusStyle] = {str(outcome): OUTCOME[outcome] for outcome in Outcome}


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentCard:
    """An environment's last audit; `numbers` and `trends` are tenants by status, worst first, without zeros."""

    name: str
    page: str
    outcome: Status
    finished: str
    tenants: str
    numbers: dict[Status, int]
    trends: dict[str, tuple[int, ...]]


def environment_cards(histories: Iterable[AuditHistory]) -> tuple[EnvironmentCard, ...]:
    """A card for each environment that was audited, by name."""
    return tuple(_card(each) for each in sorted(histories, key=lambda each: each.environment) if each.audits)


def _card(history: AuditHistory) -> EnvironmentCard:
    last = history.audits[-1]
    found = {status: last.tenants.get(status.word, 0) for status in STATUSES}
    return EnvironmentCard(
        name=history.environment,
        page=last.page,
        outcome=Status(STYLES.get(last.outcome, StatusStyle.DOUBTFUL), last.outcome),
        finished=last.finished,
        tenants=tenant_count(sum(found.values())),
        numbers={status: number for status, number in found.items() if number},
        trends=trends(history.audits),
    )
