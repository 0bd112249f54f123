"""The artifacts of a repair: a page and the rows of a table."""

from collections.abc import Iterator

from pgfleet.documents.repair import RepairDocument, RepairResult, TenantRepair
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.markup import bullets, escaped
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.repair import beyond_lines, left_lines, nothing_run, put_right_lines, repair_sentence
from pgfleet.reports.phrases.rollout import error_sentence
from pgfleet.reports.phrases.skipped import skipped_in_words
from pgfleet.reports.repair_markdown import shell, statements_block, statements_title
from pgfleet.reports.tables import MOST_ROWS, shortened
from pgfleet.rollout.repair_summary import format_summary, worst_first

ROLLED_BACK = "A dry run: all of it was rolled back, and each tenant is as it was before."


def repair_page(document: RepairDocument) -> str:
    """What was run in each tenant, what is to be feared of it, what is left to a person and why."""
    kind = "Dry run of a repair of" if document.dry_run else "Repair of"
    lines = [f"# {kind} {escaped(document.environment)}: {escaped(format_summary(document))}", ""]
    if document.reason:
        lines += [f"**Nothing was done:** {escaped(document.reason)}.", ""]
    if document.dry_run:
        lines += [ROLLED_BACK, ""]
    lines += [f"{escaped(skipped_in_words(document.skipped))}.", ""] if document.skipped else []
    ordered = worst_first(document.tenants)
    for tenant in ordered[:MOST_TENANTS]:
        lines += _tenant(tenant, is_dry_run=document.dry_run)
    if len(ordered) > MOST_TENANTS:
        lines += [f"… and {len(ordered) - MOST_TENANTS} more; the whole is in the run's document.", ""]
    return "\n".join([*lines, *_agreement(document)])


def repair_rows(document: RepairDocument) -> list[dict[str, str]]:
    """One row a tenant, at most MOST_ROWS, worst first, and a last row that says how many were left out."""
    ordered = worst_first(document.tenants)
    rows = [
        {
            "tenant": each.name,
            "result": result_word(each, is_dry_run=document.dry_run),
            "what": shortened(repair_sentence(each)),
            "ring": each.ring,
        }
        for each in ordered[:MOST_ROWS]
    ]
    if left_out := len(ordered) - len(rows):
        rows.append({**dict.fromkeys(rows[0], ""), "tenant": f"… and {left_out} more, none worse"})
    return rows


def result_word(tenant: TenantRepair, *, is_dry_run: bool) -> str:
    """`repaired`, and of a dry run `rehearsed`."""
    if is_dry_run and tenant.result is RepairResult.REPAIRED:
        return "would be repaired"
    return tenant.result.replace("_", " ")


def _tenant(tenant: TenantRepair, *, is_dry_run: bool) -> Iterator[str]:
    yield from (f"## {escaped(tenant.name)}: {result_word(tenant, is_dry_run=is_dry_run)}", "")
    if tenant.error:
        yield from (f"**{escaped(error_sentence(tenant.error))}**", "")
        yield from (f"{escaped(tenant.error.advice)}.", "") if tenant.error.advice else ()
    elif not (tenant.versions or tenant.statements):
        yield from (f"{escaped(nothing_run(tenant))}.", "")
    yield from bullets("Run again", tenant.versions)
    for each in tenant.statements:
        title = statements_title([each.sql], each.hazards)
        yield from (f"{escaped(title[0].upper() + title[1:])}:", "", *statements_block([each.sql]))
    yield from bullets("Put right by it", put_right_lines(tenant))
    yield from bullets("Not right afterwards", map(sentence, tenant.residual))
    yield from bullets("Left to a person", left_lines(tenant))
    yield from bullets("Not a repair's business", beyond_lines(tenant))


def _agreement(document: RepairDocument) -> Iterator[str]:
    """What somebody must name to have it done."""
    if document.dry_run and any(each.result is RepairResult.REPAIRED for each in document.tenants):
        yield from ("## To have it done", "")
        names = " ".join(f"--tenant {each.name}" for each in document.tenants)
        yield from (shell(f"pgfleet repair {document.environment} {names}"), "")
        yield f"or a run of the flow `repair` with `rehearse` off and the digest `{document.digest}`"
        yield "(for these tenants; if one of them has changed by then, nothing is done)."
        yield ""
