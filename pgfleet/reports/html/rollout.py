"""The page of a rollout: rings over time, migrations and how long they took, failures by reason, and each tenant."""

from collections import Counter
from collections.abc import Iterator, Sequence
from statistics import median

from pgfleet.documents.rollout import MigrationStep, Result, RolloutDocument, StepStatus, TenantResult
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.reports.html.blocks import pooled
from pgfleet.reports.html.facets import Column, Facet, Legend, Row, choices
from pgfleet.reports.html.render import rendered
from pgfleet.reports.html.rollout_tenant import cell_of, in_time, tenant_blocks
from pgfleet.reports.html.status_style import RESULT, StatusStyle, bar
from pgfleet.reports.html.timeline import timeline
from pgfleet.reports.issues import NO_REASON, NOT_EXERCISED, NOT_REACHED, issues_of
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.rollout_tables import result_sentence
from pgfleet.rollout.summary import RolloutOutcome, format_summary, worst_first

OUTCOME_LOOK = {
    RolloutOutcome.COMPLETED: StatusStyle.DONE,
    RolloutOutcome.FAILED: StatusStyle.BAD,
    RolloutOutcome.INCOMPLETE: StatusStyle.AWAY,
    RolloutOutcome.HALTED: StatusStyle.BAD,
    RolloutOutcome.REFUSED: StatusStyle.PENDING,
}
RESULT_MEANS = {
    Result.FAILED: "something was not done; what was not proven was rolled back",
    Result.UNREACHABLE: "no connection could be had",
    Result.NOT_REACHED: "the rollout halted before",
    Result.DONE: "all of the plan was done",
    Result.UNCHANGED: "there was nothing to do",
}
LEGEND = (
    Legend(look=StatusStyle.DONE, word="done", means="applied, healed, run again or adopted"),
    Legend(look=StatusStyle.GOOD, word="already there", means="there was nothing to do"),
    Legend(look=StatusStyle.BAD, word="failed", means="it was rolled back"),
    Legend(look=StatusStyle.PENDING, word="not reached", means="the rollout ended before"),
    Legend(look=StatusStyle.DOUBTFUL, word="not rehearsed", means="it cannot be rolled back"),
)
NO_FAULT = frozenset({NOT_REACHED, NOT_EXERCISED})
ROLLED_BACK = "A dry run: everything told here was rolled back, and each tenant is as it was before."


def rollout_page(document: RolloutDocument, manifest: Manifest, timezone: str = "UTC") -> str:
    """The whole page, the worst tenants first."""
    dates, ordered = Dates(timezone=timezone), worst_first(document.tenants)
    blocks, places = pooled(tenant_blocks(each, document) for each in ordered)
    means = [RESULT_MEANS[each.result] for each in ordered]
    data = {
        "blocks": [each.data() for each in blocks],
        "tenants": [{"means": said, "blocks": chosen} for said, chosen in zip(means, places, strict=True)],
    }
    scope = {step.version for tenant in ordered for step in tenant.migrations}
    chosen = [each for each in manifest.migrations if each.version in scope]
    tally = Counter(each.result for each in ordered)
    values = {
        "title": f"{document.what.capitalize()} of {document.environment}",
        "outcome": document.outcome,
        "outcome_look": OUTCOME_LOOK.get(RolloutOutcome(document.outcome), StatusStyle.KNOWN),
        "said": format_summary(document.summary),
        "facts": _facts(document, dates),
        "facet_name": "result",
        "facets": [
            Facet(look=RESULT[each], word=_word(each), number=tally[each], means=RESULT_MEANS[each]) for each in Result
        ],
        "summary_bar": bar({(RESULT[each], _word(each)): float(tally[each]) for each in reversed(Result)}),
        "columns": [_column(each, ordered) for each in chosen],
        "rows": list(_rows(ordered, chosen)),
        "rings": choices(each.ring for each in ordered),
        "legend": LEGEND,
        "timeline": timeline(document, dates),
        "matters": list(_matters(document)),
        "skipped": document.skipped,
        "notice": _notice(document),
    }
    return rendered("rollout.html.jinja", data, values)


def _facts(document: RolloutDocument, dates: Dates) -> tuple[tuple[str, str], ...]:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return (
        ("finished", f"{dates.moment(document.finished_at)} {dates.timezone}"),
        ("took", in_time(seconds * 1_000)),
        ("plan", document.plan_digest[:12]),
        ("manifest", document.manifest.checksum[:12]),
        ("run", document.run_id),
    )


def _notice(document: RolloutDocument) -> str:
    if document.outcome == RolloutOutcome.REFUSED:
        return f"Nothing was done: {document.reason or NO_REASON}."
    return ROLLED_BACK if document.dry_run else ""


def _column(migration: Migration, tenants: Sequence[TenantResult]) -> Column:
    found = [(tenant.name, step) for tenant in tenants if (step := _step(tenant, migration.version))]
    tally = Counter(cell_of(step) for _, step in found)
    ordered = sorted(tally, key=lambda each: [legend.look for legend in LEGEND].index(each[0]))
    return Column(
        version=migration.version,
        file=migration.file,
        priority=str(migration.priority),
        provides=_durations([(name, step.duration_ms) for name, step in found if step.status is StepStatus.DONE]),
        parts=bar({key: float(tally[key]) for key in ordered}),
    )


def _durations(found: Sequence[tuple[str, int | None]]) -> str:
    """`120 ms at the median, 1.2 s in acme`, the slowest."""
    known = [(duration, name) for name, duration in found if duration is not None]
    if not known:
        return ""
    slowest, name = max(known)
    return f"{in_time(median(duration for duration, _ in known))} at the median, {in_time(slowest)} in {name}"


def _rows(tenants: Sequence[TenantResult], migrations: Sequence[Migration]) -> Iterator[Row]:
    for tenant in tenants:
        yield Row(
            name=tenant.name,
            ring=tenant.ring,
            look=RESULT[tenant.result],
            word=_word(tenant.result),
            cells=tuple(cell_of(_step(tenant, each.version)) for each in migrations),
            said="" if tenant.result is Result.UNCHANGED else result_sentence(tenant),
        )


def _matters(document: RolloutDocument) -> Iterator[tuple[str, list[tuple[str, tuple[str, ...]]], bool]]:
    """Each heading with what is under it, a title and lines, and whether it is a fault."""
    for heading, found in issues_of(document.tenants, document.rings).items():
        if found:
            yield (
                heading,
                [(each.title, (*map(sentence, each.differences), *each.lines)) for each in found],
                heading not in NO_FAULT,
            )


def _step(tenant: TenantResult, version: str) -> MigrationStep | None:
    return next((each for each in tenant.migrations if each.version == version), None)


def _word(result: Result) -> str:
    return result.replace("_", " ")
