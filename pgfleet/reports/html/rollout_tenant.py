"""What the page of a rollout tells of one tenant: what failed and what to do next, what was done, its rows."""

from collections.abc import Iterator

from pgfleet.documents.rollout import (
    ErrorEntry,
    MigrationStep,
    Result,
    RolloutDocument,
    SeedStep,
    StepStatus,
    TenantResult,
)
from pgfleet.reports.html.blocks import Block, Code, Contrast, Figures, Lines, Marks, Paragraph, Section
from pgfleet.reports.html.status_style import STEP, StatusStyle
from pgfleet.reports.phrases.audit import predicate
from pgfleet.reports.phrases.repair import rollout_command
from pgfleet.reports.phrases.rollout import error_sentence, seed_sentence, step_word
from pgfleet.reports.rollout_tables import gain_in_words, pair_in_words, result_sentence

NOT_IN_SCOPE = "not in its scope"
AGAIN = "Run it again: what is done is skipped after one look"
SECOND_MS, MINUTE_MS = 1_000, 60_000
DONE = frozenset({Result.DONE, Result.UNCHANGED})


def tenant_blocks(tenant: TenantResult, document: RolloutDocument) -> Iterator[Block]:
    """Faults first."""
    if tenant.reason or tenant.error:
        said = error_sentence(tenant.error) if tenant.error else tenant.reason or ""
        yield Paragraph(text=said, is_bad=tenant.result is not Result.NOT_REACHED)
        yield from _advice(tenant.error)
    if tenant.result in DONE:
        yield Paragraph(text=f"{result_sentence(tenant)}.")
    else:
        yield Section(title="What to do next")
        yield Code(title=AGAIN, text=_command(document, tenant.name))
    for step in (each for each in tenant.migrations if each.status is StepStatus.FAILED):
        yield from _failure(step, step.file, step.version)
        yield from (_contrast(step, place) for place in range(len(step.residual)))
    for seed in (each for each in tenant.seeds if each.status is StepStatus.FAILED):
        yield from _failure(seed, f"seed {seed.name}", "")
    yield Section(title="Step by step")
    if tenant.migrations:
        yield Marks(
            title="Migrations", rows=tuple((*cell_of(each), each.file, _told(each)) for each in tenant.migrations)
        )
    if tenant.seeds:
        yield Marks(
            title="Seeds", rows=tuple((*cell_of(each), each.name, _told_of_seed(each)) for each in tenant.seeds)
        )
    if tenant.counts:
        rows = tuple((each.table, *pair_in_words(each), gain_in_words(each)) for each in tenant.counts)
        yield Figures(title="Rows", head=("table", "before", "after", "gained"), rows=rows, is_numeric=True)


def cell_of(step: MigrationStep | SeedStep | None) -> tuple[StatusStyle, str]:
    """How a step looks in the map, and the word for it."""
    return (StatusStyle.NONE, NOT_IN_SCOPE) if step is None else (STEP[step.status], step_word(step))


def in_time(duration_ms: float) -> str:
    """`85 ms`, `1.2 s`, `12 min`."""
    if duration_ms < SECOND_MS:
        return f"{duration_ms:.0f} ms"
    is_short = duration_ms < 2 * MINUTE_MS
    return f"{duration_ms / SECOND_MS:.1f} s" if is_short else f"{duration_ms / MINUTE_MS:.0f} min"


def _command(document: RolloutDocument, tenant: str) -> str:
    """The same for that tenant alone."""
    command = rollout_command(document.environment, tenant)
    command = command.replace("pgfleet rollout", "pgfleet seed", 1) if document.seeds_alone else command
    return f"{command} --dry-run" if document.dry_run else command


def _failure(step: MigrationStep | SeedStep, title: str, anchor: str) -> Iterator[Block]:
    look, word = cell_of(step)
    yield Section(title=title, look=look, word=word, aside=_timing(step), anchor=anchor)
    if step.error:
        place = step.error
        where = f"{place.file}, line {place.line} column {place.column}: " if place.line else ""
        yield Paragraph(text=f"{where}{error_sentence(step.error)}", is_bad=True)
        yield from _advice(step.error)


def _advice(error: ErrorEntry | None) -> Iterator[Block]:
    if error and error.advice:
        yield Lines(title="What to do next", lines=(error.advice,))


def _contrast(step: MigrationStep, place: int) -> Contrast:
    found = step.residual[place]
    return Contrast(
        title=f"{found.kind} {found.identity} {predicate(found)}",
        expected=found.expected or "",
        actual=found.actual or "",
    )


def _told(step: MigrationStep) -> str:
    along = f"with {', '.join(step.along)}" if step.along else ""
    altered = "file changed since it was applied" if step.altered else ""
    return ", ".join(filter(None, (str(step.priority), _timing(step), along, altered, step.detail)))


def _told_of_seed(seed: SeedStep) -> str:
    return ", ".join(filter(None, (seed_sentence(seed), _timing(seed), seed.detail)))


def _timing(step: MigrationStep | SeedStep) -> str:
    return "" if step.duration_ms is None else in_time(step.duration_ms)
