"""A repair or its dry run, tenant by tenant."""

import shlex
from collections.abc import Iterator, Sequence

from pgfleet.documents.repair import RepairDocument, RepairResult, TenantRepair
from pgfleet.reports.blocks import MOST_TENANTS, Block, Code, Lines, Paragraph, Section, Status, StatusStyle, Tone, View
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.context import skipped_sentence
from pgfleet.reports.phrases.repair import (
    not_repairable_lines,
    nothing_run,
    remaining_lines,
    repair_sentence,
    repair_word,
    repaired_lines,
    script_of,
)
from pgfleet.reports.phrases.rollout import DRY_RUN_NOTICE, error_sentence
from pgfleet.reports.rows import TableRow, table_rows
from pgfleet.rollout.repair_summary import RepairOutcome, format_summary, worst_first

STYLE = {
    RepairResult.FAILED: StatusStyle.BAD,
    RepairResult.UNREACHABLE: StatusStyle.AWAY,
    RepairResult.REPAIRED: StatusStyle.DONE,
    RepairResult.UNCHANGED: StatusStyle.GOOD,
    RepairResult.NOT_REACHED: StatusStyle.PENDING,
}
DIGEST_SHOWN = 12
BY_DIGEST = "Or run the flow repair with dry run off and this digest. If a tenant changes first, nothing is done"


def repair_view(document: RepairDocument, *, with_command: bool = False) -> View:
    """For each tenant what was run and fixed, and what remains for a person; with how to carry out a dry run."""
    ordered = worst_first(document.tenants)
    kind = "Dry run of a repair of" if document.dry_run else "Repair of"
    outcome = [] if document.outcome == RepairOutcome.DRY_RUN else [document.outcome]
    seconds = (document.finished_at - document.started_at).total_seconds()
    return View(
        title=f"{kind} {document.environment}",
        summary=": ".join([*outcome, format_summary(document)]),
        facts=(("took", f"{seconds:.1f} s"), ("digest", document.digest[:DIGEST_SHOWN]), ("run", document.run_id)),
        opening=tuple(_opening(document)),
        details=tuple(_tenant(each, is_dry_run=document.dry_run) for each in ordered[:MOST_TENANTS]),
        closing=(*_left_out(document), *(_command(document) if with_command else ())),
    )


def repair_rows(document: RepairDocument) -> list[TableRow]:
    """A row per tenant, worst first."""
    rows = (
        (each.name, repair_word(each.result, is_dry_run=document.dry_run), repair_sentence(each), each.ring)
        for each in worst_first(document.tenants)
    )
    return table_rows(("tenant", "result", "details", "ring"), rows)


def _opening(document: RepairDocument) -> Iterator[Block]:
    if document.reason:
        yield Paragraph(text=f"Nothing was done: {document.reason}", tone=Tone.BAD)
    if document.dry_run:
        yield Paragraph(text=DRY_RUN_NOTICE)
    if document.skipped:
        yield Paragraph(text=skipped_sentence(document.skipped))


def _tenant(tenant: TenantRepair, *, is_dry_run: bool) -> Section:
    word = repair_word(tenant.result, is_dry_run=is_dry_run)
    return Section(
        title=tenant.name,
        status=Status(STYLE[tenant.result], word),
        blocks=tuple(_blocks(tenant)),
        is_tenant=True,
    )


def _blocks(tenant: TenantRepair) -> Iterator[Block]:
    if tenant.error:
        yield Paragraph(text=error_sentence(tenant.error), tone=Tone.BAD)
        yield from (Paragraph(text=each, tone=Tone.REMEDY) for each in (tenant.error.advice,) if each)
    elif not (tenant.versions or tenant.statements):
        yield Paragraph(text=nothing_run(tenant))
    yield from _lines("Reapplied", tenant.versions)
    yield from (
        Code(title="Statement", text=script_of([each.sql]), hazards=each.hazards, in_full=True)
        for each in tenant.statements
    )
    yield from _lines("Fixed", repaired_lines(tenant), Tone.GOOD)
    yield from _lines("Still different afterwards", tuple(map(sentence, tenant.residual)), Tone.BAD)
    yield from _lines("Remaining, to fix by hand", remaining_lines(tenant))
    yield from _lines("Not repairable", not_repairable_lines(tenant))


def _lines(title: str, lines: Sequence[str], tone: Tone = Tone.PLAIN) -> Iterator[Block]:
    if lines:
        yield Lines(title=title, lines=tuple(lines), tone=tone)


def _left_out(document: RepairDocument) -> Iterator[Block]:
    if (left_out := len(document.tenants) - MOST_TENANTS) > 0:
        yield Paragraph(text=f"… and {left_out} more tenants, none worse", tone=Tone.QUIET)


def _command(document: RepairDocument) -> Iterator[Block]:
    if document.dry_run and any(each.result is RepairResult.REPAIRED for each in document.tenants):
        names = " ".join(f"--tenant {shlex.quote(each.name)}" for each in document.tenants)
        command = f"pgfleet repair {shlex.quote(document.environment)} {names}"
        yield Section(
            title="To carry out this repair",
            blocks=(
                Code(title="Command", text=command, language="sh", in_full=True),
                Paragraph(text=BY_DIGEST),
                Code(title="Digest", text=document.digest, language="text", in_full=True),
            ),
        )
