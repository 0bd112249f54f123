"""One tenant of a rollout: what failed and what to do next, what was done, its rows."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.rollout import (
    SUCCEEDED,
    MigrationStep,
    Result,
    RolloutDocument,
    SeedStep,
    StepStatus,
    TenantResult,
)
from pgfleet.reports.blocks import Block, Code, Paragraph, Section, Status, Table, Tone
from pgfleet.reports.phrases.counts import gain_text, pair_texts
from pgfleet.reports.phrases.repair import fix_of, rollout_command, script_of
from pgfleet.reports.phrases.rollout import (
    Step,
    about_migrations,
    duration_text,
    error_sentence,
    result_sentence,
    seed_sentence,
    steps_of,
    subject_of,
)
from pgfleet.reports.views.issues import contrast
from pgfleet.reports.views.rollout_matrix import step_status

MOST_MIGRATIONS = 16
AGAIN = "Run it again: completed steps are skipped"


def tenant_blocks(tenant: TenantResult, document: RolloutDocument) -> Iterator[Block]:
    """Faults first."""
    if tenant.reason or tenant.error:
        text = error_sentence(tenant.error) if tenant.error else tenant.reason or ""
        yield Paragraph(text=text, tone=Tone.PLAIN if tenant.result is Result.NOT_REACHED else Tone.BAD)
        yield from _advice(tenant.error)
    if tenant.result in SUCCEEDED:
        yield Paragraph(text=f"{result_sentence(tenant, document.manifest.migrations)}.")
    else:
        command = Code(title=AGAIN, text=_command(document, tenant.name), language="sh")
        yield Section(title="What to do next", blocks=(command,))
    for step in (each for each in steps_of(tenant) if each.status is StepStatus.FAILED):
        yield _failure(step)
    yield from _repair(tenant)
    if tenant.remaining:
        yield Section(title="Findings that remain", blocks=tuple(_remaining(tenant)))
    yield Section(title="Step by step", blocks=tuple(_steps(tenant)))


def _repair(tenant: TenantResult) -> Iterator[Section]:
    if found := tenant.repair:
        blocks: list[Block] = []
        if found.error:
            blocks.append(Paragraph(text=error_sentence(found.error), tone=Tone.BAD))
            blocks += _advice(found.error)
        blocks += map(contrast, found.residual)
        if found.statements:
            sql = script_of([each.sql for each in found.statements])
            blocks.append(Code(title="Statements", text=sql, language="sql"))
        yield Section(title="Repair", blocks=tuple(blocks))


def _remaining(tenant: TenantResult) -> Iterator[Block]:
    for each in tenant.remaining:
        yield contrast(each)
        yield Paragraph(text=fix_of(each), tone=Tone.REMEDY)


def _failure(step: Step) -> Section:
    aside, status, error = _timing(step), step_status(step), tuple(_error(step))
    if isinstance(step, SeedStep):
        return Section(title=subject_of(step), status=status, aside=aside, blocks=error)
    blocks = (*error, *map(contrast, step.residual))
    return Section(title=step.file, status=status, aside=aside, anchors=(step.version,), blocks=blocks)


def _error(step: Step) -> Iterator[Block]:
    if error := step.error:
        place = f"{error.file}, line {error.line} column {error.column}: " if error.line else ""
        yield Paragraph(text=f"{place}{error_sentence(error)}", tone=Tone.BAD)
        yield from _advice(error)


def _advice(error: ErrorEntry | None) -> Iterator[Block]:
    if error and error.advice:
        yield Paragraph(text=error.advice, tone=Tone.REMEDY)


def _steps(tenant: TenantResult) -> Iterator[Block]:
    if tenant.migrations:
        yield Table(title="Migrations", rows=tuple(_migration_rows(tenant.migrations)))
    if tenant.seeds:
        seeds = (
            (step_status(each), each.name, _joined(seed_sentence(each), _timing(each), each.detail))
            for each in tenant.seeds
        )
        yield Table(title="Seeds", rows=tuple(seeds))
    if tenant.counts:
        rows = tuple((each.table, *pair_texts(each), gain_text(each)) for each in tenant.counts)
        yield Table(title="Rows", head=("table", "before", "after", "difference"), rows=rows, is_numeric=True)


def _migration_rows(steps: Sequence[MigrationStep]) -> Iterator[tuple[Status, str, str]]:
    """A row per migration; of many, one for all neighbors with the same status and reason."""
    if len(steps) <= MOST_MIGRATIONS:
        yield from ((step_status(each), each.file, _remark(each)) for each in steps)
        return
    files = {each.version: each.file for each in steps}
    for (status, detail), group in groupby(steps, key=lambda each: (step_status(each), each.detail)):
        run = list(group)
        duration_ms = sum(each.duration_ms or 0 for each in run)
        timing = duration_text(duration_ms) if duration_ms else ""
        yield status, about_migrations([each.version for each in run], files), _joined(timing, detail)


def _remark(step: MigrationStep) -> str:
    along = f"together with {', '.join(step.along)}" if step.along else ""
    altered = "file changed since it was applied" if step.altered else ""
    return _joined(str(step.priority), _timing(step), along, altered, step.detail)


def _joined(*texts: str | None) -> str:
    return ", ".join(filter(None, texts))


def _command(document: RolloutDocument, tenant: str) -> str:
    """The command of the run, for that tenant only."""
    command = rollout_command(document.environment, tenant)
    if document.revert_to:
        command = command.replace("pgfleet rollout", "pgfleet revert", 1) + f" --to {document.revert_to}"
    elif document.adopt_through:
        command = command.replace("pgfleet rollout", "pgfleet adopt", 1) + f" --through {document.adopt_through}"
    elif document.seeds_alone:
        command = command.replace("pgfleet rollout", "pgfleet seed", 1)
    return f"{command} --dry-run" if document.dry_run else command


def _timing(step: Step) -> str:
    return "" if step.duration_ms is None else duration_text(step.duration_ms)
