"""What a person at a terminal reads: tenants by migrations, then what is wrong, then what is worth knowing."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pgfleet.judge.document import AuditDocument, MigrationEntry, MigrationStatus, TenantEntry, Verdict
from pgfleet.judge.summary import in_words, worst_first
from pgfleet.manifest.model import Manifest
from pgfleet.render.altered import altered_files
from pgfleet.render.words import NEVER_APPLIED, VERDICT_MEANS, notes, sentence, sufferers

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
MOST_TENANTS = 60


def audit_report(document: AuditDocument, manifest: Manifest) -> RenderableType:
    """The whole report of an audit."""
    ordered = worst_first(document.tenants)
    parts: list[RenderableType] = [_matrix(ordered[:MOST_TENANTS], manifest)]
    if len(ordered) > MOST_TENANTS:
        parts.append(Text(f"… and {len(ordered) - MOST_TENANTS} more tenants, none worse; --format json has them all"))
    wrong = [each for each in ordered if each.verdict is not Verdict.READY]
    parts += [part for tenant in wrong[:MOST_TENANTS] for part in _tenant(tenant, manifest)]
    parts += _worth_knowing([each for each in ordered if each.verdict is Verdict.READY and notes(each)])
    parts += _altered(document, manifest)
    parts += [Text(), Text.assemble((in_words(document.summary), "bold"), _timing(document))]
    return Group(*parts)


def _matrix(tenants: tuple[TenantEntry, ...], manifest: Manifest) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("tenant", no_wrap=True)
    table.add_column("ring", style="dim")
    table.add_column("verdict")
    for migration in manifest.migrations:
        table.add_column(f"{migration.priority} {migration.version}", justify="center")
    for tenant in tenants:
        verdict = Text(tenant.verdict, style=VERDICT_STYLE[tenant.verdict])
        table.add_row(Text(tenant.name), Text(tenant.ring or ""), verdict, *_marks(tenant, manifest))
    return table


def _marks(tenant: TenantEntry, manifest: Manifest) -> Iterator[Text]:
    by_version = {each.version: each.status for each in tenant.migrations}
    for migration in manifest.migrations:
        status = by_version.get(migration.version)
        yield Text(STATUS_MARK[status], style=STATUS_STYLE[status]) if status else Text("·", style="dim")


def _tenant(tenant: TenantEntry, manifest: Manifest) -> Iterator[RenderableType]:
    style = VERDICT_STYLE[tenant.verdict]
    yield Text()
    yield Text.assemble((tenant.name, "bold"), " is ", (tenant.verdict, style), f": {VERDICT_MEANS[tenant.verdict]}")
    if tenant.reason:
        yield _indented(Text(tenant.reason))
    lacking = [each for each in tenant.migrations if each.status is not MigrationStatus.APPLIED]
    if lacking and all(each.status is MigrationStatus.PENDING for each in tenant.migrations):
        yield _indented(Text(NEVER_APPLIED))
        lacking = []
    for migration in lacking:
        yield from _migration(migration, manifest)
    for note in notes(tenant):
        yield _indented(Text(f"note: {note}", style="dim"))


def _migration(migration: MigrationEntry, manifest: Manifest) -> Iterator[RenderableType]:
    style = STATUS_STYLE[migration.status]
    yield _indented(Text.assemble(migration.file, " is ", (migration.status, style), f" ({migration.priority})"))
    wrong = [sentence(each) for each in migration.differences]
    if migration.status is MigrationStatus.PENDING or not wrong:
        wrong = [sentence(migration)]
    for line in wrong:
        yield _indented(Text(line), 4)
    for line in sufferers(migration, manifest):
        yield _indented(Text(line, style="dim"), 4)


def _worth_knowing(tenants: list[TenantEntry]) -> Iterator[RenderableType]:
    if tenants:
        yield Text()
        yield Text("Ready, and worth knowing", style="bold")
    for tenant in tenants[:MOST_TENANTS]:
        yield _indented(Text(f"{tenant.name}: {'; '.join(notes(tenant))}"))


def _altered(document: AuditDocument, manifest: Manifest) -> Iterator[RenderableType]:
    found = [*altered_files(document.tenants, manifest)]
    if found:
        yield Text()
        yield Text("Changed after it was applied", style="bold")
    for file, said in found:
        yield _indented(Text(f"{file}: {said}"))


def _indented(text: Text, spaces: int = 2) -> Padding:
    return Padding(text, (0, 0, 0, spaces), expand=False)


def _timing(document: AuditDocument) -> str:
    seconds = (document.finished_at - document.started_at).total_seconds()
    return f"  (audit of {document.environment}, {seconds:.1f} s, run {document.run_id})"
