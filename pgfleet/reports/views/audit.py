"""The view of an audit: what is new, every tenant's migrations, and the findings, worst first."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.audit_history import PastAudit
from pgfleet.documents.findings import MigrationStatus
from pgfleet.judge.summary import format_summary, outcome_of, tenant_count, worst_first
from pgfleet.judge.variants import AS_EXPECTED
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import (
    MOST_TENANTS,
    Block,
    Column,
    Lines,
    Matrix,
    Page,
    Paragraph,
    Row,
    Section,
    Status,
    Tenants,
    Tone,
    View,
    section,
)
from pgfleet.reports.phrases.audit import sentence, verdict_meaning
from pgfleet.reports.phrases.context import (
    LOGINS_ADVICE,
    LOGINS_TITLE,
    acceptance_lines,
    altered_files,
    is_shared,
    login_lines,
    loss_lines,
    loss_sentence,
    remarks,
    skipped_sentence,
    summarize_losses,
    variant_line,
)
from pgfleet.reports.phrases.dates import NEW, Dates, dates_of
from pgfleet.reports.phrases.trend import FIRST_AUDIT, capped, headline, new_lines, resolved_lines
from pgfleet.reports.tables import earliest
from pgfleet.reports.views.audit_tenant import LOSSES, fix_lines, lead, tenant_blocks, tenant_summary
from pgfleet.reports.views.migration import ACCEPTED, CELL, NOT_INSPECTED, cell_of
from pgfleet.reports.views.shared_objects import TITLE, shared_sections
from pgfleet.reports.views.verdicts import OUTCOME, meanings, tenant_status, trends
from pgfleet.wording import group_names, listed, shortened

ALL_APPLIED = "Every tenant has every migration of the manifest."
ALL_BUT_ACCEPTED = "Every tenant has every migration of the manifest, apart from accepted differences."
LEGEND = (
    (CELL[MigrationStatus.DRIFTED], "some of its objects are missing or changed"),
    (NOT_INSPECTED, "the tenant could not be inspected"),
    (CELL[MigrationStatus.UNKNOWN], "cannot be determined"),
    (CELL[MigrationStatus.PENDING], "not applied yet"),
    (ACCEPTED, "not applied, and accepted in the fleet file"),
    (CELL[MigrationStatus.APPLIED], "its objects are as expected"),
)
"""Worst first."""
LONGEST_SUMMARY = 300
NOT_COMPARED = {"name", "ring", "database", "home", "fingerprint", "server_version", "pooler", "standby", "counts"}
"""Fields that may differ between tenants with the same findings."""


def audit_view(document: AuditDocument, manifest: Manifest, timezone: str = "UTC") -> View:
    """The complete report, with dates in that time zone."""
    dates, ordered = dates_of(document, timezone), worst_first(document.tenants)
    is_large = len(ordered) > MOST_TENANTS
    variants = tuple(_variants(document)) if is_large or is_shared(document.variants) else ()
    return View(
        title=f"Audit of {document.environment}",
        summary="; ".join(filter(None, (format_summary(document.summary), summarize_losses(ordered)))),
        facts=_facts(document, dates),
        opening=(*_opening(document, manifest, dates), *(variants if is_large else ())),
        matrix=_matrix(ordered, document, manifest, dates),
        details=tuple(_details(ordered, document, manifest, dates)),
        closing=(*_closing(document, manifest), *(() if is_large else variants)),
    )


def audit_page(
    document: AuditDocument, manifest: Manifest, timezone: str = "UTC", past: Sequence[PastAudit] = ()
) -> Page:
    """The report as a page, where every tenant can be opened; `past` are the last audits, this one included."""
    dates, ordered = dates_of(document, timezone), worst_first(document.tenants)
    outcome = outcome_of(ordered)
    return Page(
        view=audit_view(document, manifest, timezone),
        outcome=Status(OUTCOME[outcome], outcome),
        statuses=meanings(ordered, document.manifest.product),
        legend=LEGEND,
        trends=trends(past),
        panels=tuple(
            (lead(each, document, dates), tuple(tenant_blocks(each, document, manifest, dates))) for each in ordered
        ),
    )


def _opening(document: AuditDocument, manifest: Manifest, dates: Dates) -> Iterator[Block]:
    """What changed since the previous audit, and what many tenants share."""
    since = document.since
    if document.is_first:
        yield Paragraph(text=FIRST_AUDIT)
    if since:
        yield Section(
            title=headline(since, dates),
            blocks=tuple(
                Lines(title=title, lines=lines, tone=tone)
                for title, lines, tone in (
                    ("New", new_lines(since, manifest.versions), Tone.BAD),
                    ("Resolved", resolved_lines(since, dates, manifest.versions), Tone.GOOD),
                    (LOSSES, capped(loss_lines(document.tenants)), Tone.BAD),
                )
                if lines
            ),
        )
    if document.tenants and all(each.verdict is Verdict.READY for each in document.tenants):
        accepted = any(each.accepted for tenant in document.tenants for each in tenant.migrations)
        yield Paragraph(text=ALL_BUT_ACCEPTED if accepted else ALL_APPLIED, tone=Tone.GOOD)
    yield from section(TITLE, *shared_sections(document, manifest, dates))


def _matrix(tenants: Sequence[TenantEntry], document: AuditDocument, manifest: Manifest, dates: Dates) -> Matrix:
    since = earliest(document)
    variants = {name: each.name for each in document.variants for name in each.tenants}
    new = {each.tenant for each in document.since.new} if document.since else set()
    rows = []
    for tenant in tenants:
        cells = {each.version: cell_of(each) for each in tenant.migrations}
        summary = "; ".join(filter(None, (sentence(tenant), *map(loss_sentence, tenant.losses))))
        rows.append(
            Row(
                name=tenant.name,
                ring=tenant.ring or "",
                status=tenant_status(tenant),
                cells=tuple(cells.get(each.version, cell_of(None)) for each in manifest.migrations),
                summary=shortened(summary, LONGEST_SUMMARY),
                variant=variants.get(tenant.name, ""),
                since=dates.since(since.get(tenant.name)).replace(NEW, ""),
                has_new=tenant.name in new,
                fix=fix_lines(tenant, document.environment),
            )
        )
    columns = (
        Column(version=each.version, file=each.file, priority=str(each.priority), provides=each.provides)
        for each in manifest.migrations
    )
    return Matrix(status_name="verdict", columns=tuple(columns), rows=tuple(rows))


def _details(
    tenants: Sequence[TenantEntry], document: AuditDocument, manifest: Manifest, dates: Dates
) -> Iterator[Section]:
    """The findings by verdict, tenants with the same ones together."""
    wrong = [each for each in tenants if each.verdict is not Verdict.READY]
    groups = _group_identical(wrong, document)
    for verdict in Verdict:
        chosen = [each for each in groups[:MOST_TENANTS] if each[0].verdict is verdict]
        title = f"{verdict.capitalize()}: {verdict_meaning(verdict, document.manifest.product)}"
        yield from section(title, *(tenant_summary(each, document, manifest, dates) for each in chosen))
    if left_out := sum(map(len, groups[MOST_TENANTS:])):
        yield Section(title=f"… and {left_out} more tenants, none worse; the JSON document has all of them")
    notes = group_names(("; ".join(remarks(each)), each.name) for each in tenants if each.verdict is Verdict.READY)
    lines = tuple(f"{listed(names)}: {text}" for text, names in notes.items() if text)
    yield from section("Ready, with notes", Lines(lines=lines))


def _group_identical(tenants: Iterable[TenantEntry], document: AuditDocument) -> list[list[TenantEntry]]:
    """The tenants in groups with the same findings, in the order of the groups' first tenants."""
    groups: dict[tuple[object, ...], list[TenantEntry]] = {}
    for tenant in tenants:
        shared = [place for place, each in enumerate(document.shared) if tenant.name in each.tenants]
        groups.setdefault((tenant.model_dump_json(exclude=NOT_COMPARED), *shared), []).append(tenant)
    return list(groups.values())


def _variants(document: AuditDocument) -> Iterator[Section]:
    """The tenants with the same objects; the largest group first."""
    expected = sum(len(each.tenants) for each in document.variants if each.expected)
    others = [each for each in document.variants if not each.expected]
    yield from section(
        "Tenants with the same objects",
        Lines(lines=(f"{tenant_count(expected)} {AS_EXPECTED}",) if expected else ()),
        *(Tenants(title=variant_line(each), names=each.tenants) for each in others[:MOST_TENANTS]),
    )


def _closing(document: AuditDocument, manifest: Manifest) -> Iterator[Block]:
    altered = tuple(f"{file}: {text}" for file, text in altered_files(document.tenants, manifest))
    yield from section("Files changed after they were applied", Lines(lines=altered))
    if logins := login_lines(document.logins):
        yield from section(LOGINS_TITLE, Lines(lines=(*logins, LOGINS_ADVICE)))
    yield from section("Accepted in the fleet file", Lines(lines=acceptance_lines(document.accepted)))
    if document.skipped:
        yield Paragraph(text=skipped_sentence(document.skipped))


def _facts(document: AuditDocument, dates: Dates) -> tuple[tuple[str, str], ...]:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return (
        ("finished", f"{dates.moment(document.finished_at)} {dates.timezone}"),
        ("took", f"{seconds:.1f} s"),
        ("manifest", document.manifest.checksum[:12]),
        ("run", document.run_id),
    )
