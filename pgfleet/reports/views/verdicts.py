"""How verdicts and outcomes of audits look."""

from collections import Counter
from collections.abc import Iterable, Sequence

from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.audit_history import PastAudit
from pgfleet.judge.summary import Outcome, outcome_of
from pgfleet.reports.blocks import Status, StatusStyle
from pgfleet.reports.phrases.audit import verdict_meaning
from pgfleet.reports.phrases.dates import Dates

VERDICT = {
    Verdict.BLOCKED: Status(StatusStyle.BAD, "blocked"),
    Verdict.UNREACHABLE: Status(StatusStyle.AWAY, "unreachable"),
    Verdict.UNKNOWN: Status(StatusStyle.DOUBTFUL, "unknown"),
    Verdict.DEGRADED: Status(StatusStyle.PARTLY, "degraded"),
    Verdict.READY: Status(StatusStyle.GOOD, "ready"),
}
ROWS_LOST = Status(StatusStyle.BAD, "ready, rows lost")
"""A verdict is about the schema. Rows that are gone must not look as if all were well."""
ROWS_LOST_MEANS = "every migration is applied, but a counted table lost rows"
STATUSES = (
    *(status for verdict, status in VERDICT.items() if verdict is not Verdict.READY),
    ROWS_LOST,
    VERDICT[Verdict.READY],
)
"""Worst first, as in tables, legends, and charts."""
OUTCOME = {
    Outcome.READY: StatusStyle.GOOD,
    Outcome.PENDING: StatusStyle.PENDING,
    Outcome.DRIFTED: StatusStyle.BAD,
    Outcome.INCOMPLETE: StatusStyle.AWAY,
    Outcome.PENDING_INCOMPLETE: StatusStyle.AWAY,
    Outcome.DRIFTED_INCOMPLETE: StatusStyle.BAD,
}


def tenant_status(tenant: TenantEntry) -> Status:
    """The tenant's verdict, or that it lost rows although it is ready."""
    return ROWS_LOST if tenant.verdict is Verdict.READY and tenant.losses else VERDICT[tenant.verdict]


def meanings(tenants: Iterable[TenantEntry], product: str | None) -> tuple[tuple[Status, str], ...]:
    """Every status with its meaning, worst first; lost rows only if a ready tenant lost some."""
    texts = {status: verdict_meaning(verdict, product) for verdict, status in VERDICT.items()}
    if any(tenant_status(each) is ROWS_LOST for each in tenants):
        texts[ROWS_LOST] = ROWS_LOST_MEANS
    return tuple((each, texts[each]) for each in STATUSES if each in texts)


def past_audit(document: AuditDocument, page: str, timezone: str) -> PastAudit:
    """What later pages show of this audit, whose page has that file name."""
    finished = Dates(timezone=timezone).moment(document.finished_at)
    return PastAudit(
        run_id=document.run_id,
        finished=f"{finished} {timezone}",
        outcome=outcome_of(document.tenants),
        tenants=dict(Counter(tenant_status(each).word for each in document.tenants)),
        page=page,
    )


def trends(past: Sequence[PastAudit]) -> dict[str, tuple[int, ...]]:
    """The number of tenants in each audit, the oldest first, by the word of their status."""
    return {status.word: tuple(each.tenants.get(status.word, 0) for each in past) for status in STATUSES}
