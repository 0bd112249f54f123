"""The page of an audit: tenants by migrations, what is new, who is alike, and all that is known of each tenant."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pgfleet.documents.audit import AuditDocument, MigrationEntry, TenantEntry, Verdict
from pgfleet.judge.summary import Outcome, format_summary, outcome_of, worst_first
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.reports.context_markdown import all_ready
from pgfleet.reports.html.audit_tenant import cell_of, tenant_blocks
from pgfleet.reports.html.blocks import pooled
from pgfleet.reports.html.facets import Column, Facet, Legend, Row, choices
from pgfleet.reports.html.render import rendered
from pgfleet.reports.html.status_style import VERDICT, Part, StatusStyle, bar
from pgfleet.reports.phrases.acceptances import acceptance_lines
from pgfleet.reports.phrases.altered_files import altered_files
from pgfleet.reports.phrases.audit import VERDICT_MEANS, sentence
from pgfleet.reports.phrases.dates import NEW, Dates, dates_of
from pgfleet.reports.phrases.row_losses import loss_lines, loss_sentence
from pgfleet.reports.phrases.shared_objects import TITLE, shared_matters
from pgfleet.reports.phrases.trend import capped, headline, new_lines, resolved_lines
from pgfleet.reports.phrases.variants import what_differs
from pgfleet.reports.tables import earliest

OUTCOME_LOOK = {Outcome.READY: StatusStyle.GOOD, Outcome.DRIFTED: StatusStyle.BAD, Outcome.INCOMPLETE: StatusStyle.AWAY}
LEGEND = (
    Legend(look=StatusStyle.GOOD, word="applied", means="all of it is there"),
    Legend(look=StatusStyle.PENDING, word="pending", means="nothing of it is there"),
    Legend(look=StatusStyle.BAD, word="drifted", means="some of it is missing or changed"),
    Legend(look=StatusStyle.DOUBTFUL, word="unknown", means="some check could not be completed"),
    Legend(look=StatusStyle.KNOWN, word="accepted", means="not applied, and the fleet file accepts it"),
    Legend(look=StatusStyle.NONE, word="not looked at", means="the tenant could not be inspected"),
)
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Tenants whose managed objects are the same, and what differs in them."""

    name: str
    tenants: tuple[str, ...]
    what: str
    is_expected: bool


def audit_page(document: AuditDocument, manifest: Manifest, timezone: str = "UTC") -> str:
    """The whole page, the worst tenants first."""
    dates, ordered = dates_of(document, timezone), worst_first(document.tenants)
    blocks, places = pooled(tenant_blocks(each, document, manifest, dates) for each in ordered)
    data = {
        "blocks": [each.data() for each in blocks],
        "tenants": [
            {"means": dates.told(VERDICT_MEANS[each.verdict], each.since), "blocks": chosen}
            for each, chosen in zip(ordered, places, strict=True)
        ],
    }
    outcome = outcome_of(ordered)
    values = {
        "title": f"Audit of {document.environment}",
        "outcome": outcome,
        "outcome_look": OUTCOME_LOOK[outcome],
        "said": format_summary(document.summary),
        "facts": _facts(document, dates),
        "notice": all_ready(document) if all(each.verdict is Verdict.READY for each in ordered) and ordered else "",
        "facet_name": "verdict",
        "facets": _verdicts(document),
        "summary_bar": _summary_bar(document),
        "columns": [_column(each, document) for each in manifest.migrations],
        "rows": list(_rows(ordered, document, manifest, dates)),
        "rings": choices(each.ring for each in ordered),
        "legend": LEGEND,
        **_context(document, manifest, dates),
    }
    return rendered("audit.html.jinja", data, values)


def _facts(document: AuditDocument, dates: Dates) -> tuple[tuple[str, str], ...]:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return (
        ("finished", f"{dates.moment(document.finished_at)} {dates.timezone}"),
        ("took", f"{seconds:.1f} s"),
        ("manifest", document.manifest.checksum[:12]),
        ("run", document.run_id),
    )


def _verdicts(document: AuditDocument) -> list[Facet]:
    tally = Counter(each.verdict for each in document.tenants)
    return [
        Facet(look=VERDICT[each], word=str(each), number=tally[each], means=VERDICT_MEANS[each]) for each in Verdict
    ]


def _summary_bar(document: AuditDocument) -> tuple[Part, ...]:
    tally = Counter(each.verdict for each in document.tenants)
    return bar({(VERDICT[each], str(each)): float(tally[each]) for each in reversed(Verdict)})


def _column(migration: Migration, document: AuditDocument) -> Column:
    tally = Counter(cell_of(_of(tenant, migration.version)) for tenant in document.tenants)
    return Column(
        version=migration.version,
        file=migration.file,
        priority=str(migration.priority),
        provides=migration.provides,
        parts=bar({(each.look, each.word): float(tally[each.look, each.word]) for each in LEGEND}),
    )


def _rows(tenants: tuple[TenantEntry, ...], document: AuditDocument, manifest: Manifest, dates: Dates) -> Iterator[Row]:
    since = earliest(document)
    variants = {name: each.name for each in document.variants for name in each.tenants}
    new = {each.tenant for each in document.since.new} if document.since else set()
    for tenant in tenants:
        of = {each.version: each for each in tenant.migrations}
        said = "; ".join(filter(None, (sentence(tenant), *map(loss_sentence, tenant.losses))))
        yield Row(
            name=tenant.name,
            ring=tenant.ring or "",
            look=VERDICT[tenant.verdict],
            word=str(tenant.verdict),
            variant=variants.get(tenant.name, ""),
            since=dates.since(since.get(tenant.name)).replace(NEW, ""),
            has_new=tenant.name in new,
            cells=tuple(cell_of(of.get(each.version)) for each in manifest.migrations),
            said=said if len(said) <= LONGEST_REASON else f"{said[: LONGEST_REASON - 1]}…",
        )


def _context(document: AuditDocument, manifest: Manifest, dates: Dates) -> dict[str, object]:
    """What is told before and after the map."""
    since = document.since
    return {
        "since": headline(since, dates) if since else "",
        "new": new_lines(since) if since else (),
        "resolved": resolved_lines(since, dates) if since else (),
        "losses": capped(loss_lines(document.tenants)),
        "shared_title": TITLE,
        "shared": list(shared_matters(document, manifest, dates)),
        "variants": [
            Alike(name=each.name, tenants=each.tenants, what=what_differs(each), is_expected=each.expected)
            for each in document.variants
        ],
        "acceptances": acceptance_lines(document.accepted),
        "skipped": document.skipped,
        "altered": list(altered_files(document.tenants, manifest)),
    }


def _of(tenant: TenantEntry, version: str) -> MigrationEntry | None:
    return next((each for each in tenant.migrations if each.version == version), None)
