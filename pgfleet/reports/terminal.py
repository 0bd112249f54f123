"""What a person at a terminal reads: tenants by migrations, then what is wrong, then what is worth knowing."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pgfleet.documents.audit import AuditDocument, MigrationEntry, MigrationStatus, TenantEntry, Verdict
from pgfleet.judge.summary import format_summary, worst_first
from pgfleet.manifest.model import Manifest
from pgfleet.reports.context_terminal import closing, indented, leading_variants, opening
from pgfleet.reports.group_identical import group_identical
from pgfleet.reports.phrases.acceptances import remarks
from pgfleet.reports.phrases.altered_files import altered_files
from pgfleet.reports.phrases.audit import NEVER_APPLIED, VERDICT_MEANS, affected_services, differences_told, sentence
from pgfleet.reports.phrases.dates import Dates, dates_of
from pgfleet.reports.phrases.repair import remedy_lines
from pgfleet.reports.phrases.row_losses import losses_in_words
from pgfleet.reports.phrases.shared_objects import (
    SEE_THERE,
    TITLE,
    is_told_in_part,
    own_contracts,
    own_part,
    shared_matters,
)
from pgfleet.reports.phrases.skipped import skipped_in_words
from pgfleet.reports.phrases.trend import listed
from pgfleet.reports.responsive_table import ResponsiveTable
from pgfleet.reports.rollout_layout import legend_of

VERDICT_STYLE = {
    Verdict.READY: "green",
    Verdict.DEGRADED: "yellow",
    Verdict.BLOCKED: "red",
    Verdict.UNREACHABLE: "magenta",
    Verdict.UNKNOWN: "magenta",
}
STATUS_STYLE = {
    MigrationStatus.APPLIED: "green",
    MigrationStatus.PENDING: "yellow",
    MigrationStatus.DRIFTED: "red",
    MigrationStatus.UNKNOWN: "magenta",
}
STATUS_MARK = {
    MigrationStatus.APPLIED: "✓",
    MigrationStatus.PENDING: "pending",
    MigrationStatus.DRIFTED: "DRIFTED",
    MigrationStatus.UNKNOWN: "?",
}
SHORT_MARK = {"pending": "pend", "DRIFTED": "DRIFT", "accepted": "acc"}
"""Where there is little room."""
MOST_TENANTS = 60


def audit_report(document: AuditDocument, manifest: Manifest, *, timezone: str = "UTC") -> RenderableType:
    """The whole report of an audit: what is new, then who is alike in a large fleet, then tenant by tenant."""
    ordered, dates = worst_first(document.tenants), dates_of(document, timezone)
    parts: list[RenderableType] = [*opening(document, dates)]
    parts += leading_variants(document) if len(ordered) > MOST_TENANTS else ()
    shown = ordered[:MOST_TENANTS]
    parts.append(ResponsiveTable(_matrix(shown, manifest), lambda: _narrow_matrix(shown, manifest)))
    if len(ordered) > MOST_TENANTS:
        parts.append(Text(f"… and {len(ordered) - MOST_TENANTS} more tenants, none worse; --format json has them all"))
    wrong = [each for each in ordered if each.verdict is not Verdict.READY]
    parts += _shared(document, manifest, dates)
    alike = group_identical(wrong, document)
    parts += [part for tenants in alike[:MOST_TENANTS] for part in _tenants(tenants, document, manifest, dates)]
    parts += _worth_knowing([each for each in ordered if each.verdict is Verdict.READY and remarks(each)])
    parts += _altered(document, manifest)
    parts += closing(document, is_large=len(ordered) > MOST_TENANTS)
    parts += [Text(), Text(skipped_in_words(document.skipped))] if document.skipped else ()
    said = "; ".join(filter(None, (format_summary(document.summary), losses_in_words(ordered))))
    parts += [Text(), Text.assemble((said, "bold"), _timing(document))]
    return Group(*parts)


def _matrix(tenants: tuple[TenantEntry, ...], manifest: Manifest) -> Table:
    return _table(tenants, manifest, [f"{each.priority} {each.version}" for each in manifest.migrations], {})


def _narrow_matrix(tenants: tuple[TenantEntry, ...], manifest: Manifest) -> RenderableType:
    """Migrations by their place, and which they are below it."""
    numbers = [str(place) for place, _ in enumerate(manifest.migrations, start=1)]
    return Group(_table(tenants, manifest, numbers, SHORT_MARK), *legend_of(manifest.migrations))


def _table(
    tenants: tuple[TenantEntry, ...], manifest: Manifest, headers: Iterable[str], short: Mapping[str, str]
) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("tenant", no_wrap=True)
    table.add_column("ring", style="dim", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for header in headers:
        table.add_column(header, justify="center", no_wrap=True)
    for tenant in tenants:
        verdict = Text(tenant.verdict, style=VERDICT_STYLE[tenant.verdict])
        marks = (Text(short.get(each.plain, each.plain), style=each.style) for each in _marks(tenant, manifest))
        table.add_row(Text(tenant.name), Text(tenant.ring or ""), verdict, *marks)
    return table


def _marks(tenant: TenantEntry, manifest: Manifest) -> Iterator[Text]:
    by_version = {each.version: each for each in tenant.migrations}
    for migration in manifest.migrations:
        found = by_version.get(migration.version)
        if found is None:
            yield Text("·", style="dim")
        elif found.accepted:
            yield Text("accepted", style="dim")
        else:
            yield Text(STATUS_MARK[found.status], style=STATUS_STYLE[found.status])


def _tenants(
    tenants: Sequence[TenantEntry], document: AuditDocument, manifest: Manifest, dates: Dates
) -> Iterator[RenderableType]:
    """What is wrong with the first of tenants that are alike, and which the others are."""
    tenant, *others = tenants
    style = VERDICT_STYLE[tenant.verdict]
    means = dates.told(VERDICT_MEANS[tenant.verdict], tenant.since)
    yield Text()
    yield Text.assemble((tenant.name, "bold"), " is ", (tenant.verdict, style), f": {means}")
    if others:
        yield indented(Text(f"the same is true of {listed([each.name for each in others])}"))
    if tenant.reason:
        yield indented(Text(tenant.reason))
    lacking = [each for each in tenant.migrations if each.status is not MigrationStatus.APPLIED and not each.accepted]
    if lacking and all(each.status is MigrationStatus.PENDING for each in tenant.migrations):
        yield indented(Text(dates.told(NEVER_APPLIED, lacking[0].since)))
        yield from _remedies(lacking, tenant, document.environment)
        lacking = []
    for migration in lacking:
        own = own_part(migration, tenant, document)
        yield from _migration(migration, own, dates)
        if is_told_in_part(migration, tenant, document):
            yield indented(Text(SEE_THERE, style="dim"), 4)
        if own:
            yield from _remedies([own], tenant, document.environment)
            yield from (indented(Text(line, style="dim"), 4) for line in affected_services(migration, manifest))
    for contract in own_contracts(tenant, document):
        yield indented(Text(dates.told(sentence(contract), contract.since)))
    for note in remarks(tenant):
        yield indented(Text(f"note: {note}", style="dim"))


def _shared(document: AuditDocument, manifest: Manifest, dates: Dates) -> Iterator[RenderableType]:
    for place, each in enumerate(shared_matters(document, manifest, dates)):
        yield from () if place else (Text(), Text(TITLE, style="bold"))
        yield indented(Text(each.heading, style="red"))
        yield from (indented(Text(line), 4) for line in each.faults)
        yield from (indented(Text(f"→ {line}", style="cyan"), 4) for line in each.remedies)
        yield from (indented(Text(line, style="dim"), 4) for line in each.consequences)


def _migration(migration: MigrationEntry, own: MigrationEntry | None, dates: Dates) -> Iterator[RenderableType]:
    """What is to be told of this tenant itself is `own`; None where there is nothing."""
    style = STATUS_STYLE[migration.status]
    yield indented(Text.assemble(migration.file, " is ", (migration.status, style), f" ({migration.priority})"))
    if own is None:
        return
    wrong = [dates.told(sentence(each), each.since) for each in differences_told(own)]
    if migration.status is MigrationStatus.PENDING or not wrong:
        wrong = [dates.told(sentence(migration), migration.since)]
    for line in wrong:
        yield indented(Text(line), 4)


def _remedies(migrations: list[MigrationEntry], tenant: TenantEntry, environment: str) -> Iterator[RenderableType]:
    """What puts the migrations right, each line once."""
    lines = (line for each in migrations for line in remedy_lines(each, tenant.name, environment))
    yield from (indented(Text(f"→ {line}", style="cyan"), 4) for line in dict.fromkeys(lines))


def _worth_knowing(tenants: list[TenantEntry]) -> Iterator[RenderableType]:
    if tenants:
        yield Text()
        yield Text("Ready, and worth knowing", style="bold")
    for tenant in tenants[:MOST_TENANTS]:
        yield indented(Text(f"{tenant.name}: {'; '.join(remarks(tenant))}"))


def _altered(document: AuditDocument, manifest: Manifest) -> Iterator[RenderableType]:
    found = [*altered_files(document.tenants, manifest)]
    if found:
        yield Text()
        yield Text("Changed after it was applied", style="bold")
    for file, said in found:
        yield indented(Text(f"{file}: {said}"))


def _timing(document: AuditDocument) -> str:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return f"  (audit of {document.environment}, {seconds:.1f} s, run {document.run_id})"
