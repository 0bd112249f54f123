"""Migrations that are not applied, in a report: what differs, what fixes it, which services are affected."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.audit import INCONCLUSIVE, TenantEntry
from pgfleet.documents.findings import DifferenceEntry, MigrationEntry, MigrationStatus
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import Block, Code, Lines, Paragraph, Section, Status, StatusStyle, Tone
from pgfleet.reports.phrases.audit import NOT_APPLIED, affected_services, counting_differences, failed_checks, sentence
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.migration_runs import fold_versions
from pgfleet.reports.phrases.repair import (
    check_remedy,
    reason_lines,
    remedies_of,
    repair_command,
    rerun_sentence,
    rollout_command,
    script_of,
)
from pgfleet.reports.views.issues import contrast
from pgfleet.wording import listed

AFFECTED = "Affected services"
BY_ROLLOUT = "Shows the plan first; commits a migration only once it is verified"
BY_REPAIR = "Runs as a dry run first, then asks"
MOST_IMPACTS, MOST_SERVICES = 3, 8
CELL = {
    MigrationStatus.APPLIED: Status(StatusStyle.GOOD, "applied", mark="✓"),
    MigrationStatus.PENDING: Status(StatusStyle.PENDING, "pending", short="pend"),
    MigrationStatus.DRIFTED: Status(StatusStyle.BAD, "drifted", mark="DRIFTED", short="DRIFT"),
    MigrationStatus.UNKNOWN: Status(StatusStyle.DOUBTFUL, "unknown", mark="?"),
}
ACCEPTED = Status(StatusStyle.KNOWN, "accepted", short="acc")
NOT_INSPECTED = Status(StatusStyle.NONE, "not inspected", mark="·")


def cell_of(migration: MigrationEntry | None) -> Status:
    """The migration's cell in the matrix."""
    if migration is None:
        return NOT_INSPECTED
    return ACCEPTED if migration.accepted else CELL[migration.status]


def migration_sections(migrations: Iterable[MigrationEntry], manifest: Manifest, dates: Dates) -> Iterator[Section]:
    """Sections for migrations that are not applied; those with the same findings share one."""
    groups: dict[tuple[object, ...], list[MigrationEntry]] = {}
    for each in migrations:
        key = (each.status, dates.since(each.since), *_findings(each, dates))
        groups.setdefault(key, []).append(each)
    return (migration_section(group, manifest, dates) for group in groups.values())


def migration_section(migrations: Sequence[MigrationEntry], manifest: Manifest, dates: Dates) -> Section:
    """The section of migrations with the same findings."""
    first, versions = migrations[0], tuple(each.version for each in migrations)
    folded = fold_versions(versions, manifest.versions)
    state = (Paragraph(text=NOT_APPLIED),) if first.status is MigrationStatus.PENDING else ()
    priorities = ", ".join(sorted({str(each.priority) for each in migrations}))
    return Section(
        title=first.file if len(migrations) == 1 else f"{len(migrations)} migrations ({folded})",
        status=cell_of(first),
        aside=", ".join(filter(None, (priorities, dates.since(first.since)))),
        anchors=versions,
        blocks=(*state, *_findings(first, dates), *_affected(migrations, manifest)),
    )


def commands(migrations: Sequence[MigrationEntry], tenant: TenantEntry, environment: str) -> Iterator[Code]:
    """The commands that fix what pgfleet can fix of the migrations. A tenant that is not judged is skipped by them."""
    if tenant.verdict in INCONCLUSIVE:
        return
    drifted = [remedies_of(each) for each in migrations if each.status is MigrationStatus.DRIFTED]
    is_runnable = any(each.status is MigrationStatus.PENDING and not remedies_of(each).by_hand for each in migrations)
    if is_runnable or any(each.by_rollout for each in drifted):
        yield Code(title=BY_ROLLOUT, text=rollout_command(environment, tenant.name), language="sh")
    if any(each.by_repair for each in drifted):
        yield Code(title=BY_REPAIR, text=repair_command(environment, tenant.name), language="sh")


def _findings(migration: MigrationEntry, dates: Dates) -> Iterator[Block]:
    """What is wrong with the migration, besides that it is pending, and what fixes it."""
    if migration.status is not MigrationStatus.PENDING:
        yield from (contrast(each, _tags(each, dates)) for each in counting_differences(migration))
        if failed := tuple(failed_checks(migration)):
            yield Lines(lines=failed, tone=Tone.BAD)
        elif not migration.differences:
            yield Paragraph(text=sentence(migration))
    yield from _remedies(migration)


def _tags(difference: DifferenceEntry, dates: Dates) -> tuple[str, ...]:
    shared = "shared by the tenants of its database" if difference.shared else ""
    return tuple(filter(None, (dates.since(difference.since), shared)))


def _remedies(migration: MigrationEntry) -> Iterator[Block]:
    """What fixes the migration, besides the command that runs it."""
    found = remedies_of(migration)
    if migration.status is MigrationStatus.DRIFTED:
        if found.reruns:
            yield Paragraph(text=rerun_sentence(found), tone=Tone.REMEDY)
        if found.statements:
            title = "Statement that fixes it" if len(found.statements) == 1 else "Statements that fix it"
            yield Code(title=title, text=script_of(found.statements), hazards=found.hazards)
        if found.along:
            yield Lines(title="Fixed along with it", lines=reason_lines(found.along), tone=Tone.REMEDY)
        if not migration.differences:
            yield Paragraph(text=check_remedy(migration), tone=Tone.REMEDY)
    if found.by_hand:
        yield Lines(title="By hand", lines=reason_lines(found.by_hand), tone=Tone.REMEDY)


def _affected(migrations: Sequence[MigrationEntry], manifest: Manifest) -> Iterator[Block]:
    """What breaks in each service, or only the services' names if several migrations affect many."""
    lines = tuple(dict.fromkeys(line for each in migrations for line in affected_services(each, manifest)))
    is_long = len(lines) > MOST_IMPACTS or migrations[0].status is not MigrationStatus.PENDING
    if lines and len(migrations) > 1 and is_long:
        versions = {each.version for each in migrations}
        impacts = (impact for each in manifest.migrations if each.version in versions for impact in each.impacts)
        lines = (listed(tuple(dict.fromkeys(each.service for each in impacts)), MOST_SERVICES),)
    if lines:
        yield Lines(title=AFFECTED, lines=lines, tone=Tone.QUIET)
