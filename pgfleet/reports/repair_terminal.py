"""What a person at a terminal reads of a repair, and of its dry run."""

from collections.abc import Iterable, Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from pgfleet.documents.repair import RepairDocument, RepairResult, TenantRepair
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.repair import beyond_lines, in_brackets, left_lines, nothing_run, put_right_lines
from pgfleet.reports.phrases.rollout import error_sentence
from pgfleet.reports.phrases.skipped import skipped_in_words
from pgfleet.reports.repair_page import ROLLED_BACK, result_word
from pgfleet.reports.rollout_layout import MOST_TENANTS, indented, left_out
from pgfleet.rollout.repair_summary import format_summary, worst_first

STYLE = {
    RepairResult.FAILED: "red",
    RepairResult.UNREACHABLE: "magenta",
    RepairResult.REPAIRED: "green",
    RepairResult.UNCHANGED: "dim",
    RepairResult.NOT_REACHED: "magenta",
}
DIGEST_SHOWN = 12
MOST_LINES = 20


def repair_report(document: RepairDocument) -> RenderableType:
    """Tenant by tenant: what was run, what it put right, what is left to a person."""
    parts: list[RenderableType] = []
    if document.reason:
        parts += [Text(f"Nothing was done: {document.reason}", style="red"), Text()]
    if document.dry_run:
        parts += [Text(ROLLED_BACK, style="bold"), Text()]
    ordered = worst_first(document.tenants)
    for tenant in ordered[:MOST_TENANTS]:
        parts += _tenant(tenant, is_dry_run=document.dry_run)
    parts += left_out(len(ordered))
    parts += [Text(), Text(skipped_in_words(document.skipped))] if document.skipped else ()
    return Group(*parts, Text(), _last(document))


def _tenant(tenant: TenantRepair, *, is_dry_run: bool) -> Iterator[RenderableType]:
    word = result_word(tenant, is_dry_run=is_dry_run)
    yield Text.assemble((tenant.name, "bold"), ": ", (word, STYLE[tenant.result]))
    if tenant.error:
        yield indented(Text(error_sentence(tenant.error), style="red"))
        yield from (indented(Text(tenant.error.advice)),) if tenant.error.advice else ()
    elif not (tenant.versions or tenant.statements):
        yield indented(Text(nothing_run(tenant)))
    yield from (indented(Text(f"{each} is run again")) for each in tenant.versions)
    for each in tenant.statements:
        yield indented(Text.assemble((each.sql.strip(), "cyan"), (in_brackets(each.hazards), "dim")))
    yield from _lines("put right: ", put_right_lines(tenant), "green")
    yield from _lines("not right afterwards: ", map(sentence, tenant.residual), "red")
    yield from _lines("", left_lines(tenant), "yellow")
    yield from _lines("", beyond_lines(tenant), "yellow")


def _lines(said: str, lines: Iterable[str], style: str) -> Iterator[RenderableType]:
    found = tuple(lines)
    yield from (indented(Text(f"{said}{line}", style=style)) for line in found[:MOST_LINES])
    if len(found) > MOST_LINES:
        yield indented(Text(f"… and {len(found) - MOST_LINES} more; --format json has them all", style=style))


def _last(document: RepairDocument) -> Text:
    kind = "dry run of a repair" if document.dry_run else "repair"
    seconds = (document.finished_at - document.started_at).total_seconds()
    timing = f"  ({kind} of {document.environment}, {seconds:.1f} s, digest {document.digest[:DIGEST_SHOWN]})"
    return Text.assemble((f"{document.outcome}: {format_summary(document)}", "bold"), timing)
