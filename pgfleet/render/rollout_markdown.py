"""The markdown of a rollout's artifacts: its plan, the question for approval, and what came of it."""

from collections.abc import Iterable, Iterator, Sequence

from pgfleet.manifest.model import Manifest
from pgfleet.render.markdown import MOST_TENANTS, escaped
from pgfleet.render.rollout_words import (
    failure_lines,
    not_rehearsed,
    plan_sentence,
    residual_lines,
    result_sentence,
    ring_sentence,
    tenant_plan_sentence,
)
from pgfleet.rollout.document import RolloutDocument, TenantResult
from pgfleet.rollout.plan import RolloutPlan
from pgfleet.rollout.signature import group_failures
from pgfleet.rollout.summary import in_words, summarise, worst_first


def plan_page(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> str:
    """What will be done where, ring after ring."""
    lines = [f"# Plan for {plan.environment}", "", f"{plan_sentence(plan)}.", ""]
    return "\n".join([*lines, *_plan_lines(plan, manifest, rings)])


def approval_page(
    plan: RolloutPlan, manifest: Manifest, rings: Sequence[str], rehearsal: Sequence[TenantResult], ring: str
) -> str:
    """What somebody must know to say yes or no: the plan, and how the rehearsal of its first ring went."""
    lines = [
        f"# May this plan be carried out in {plan.environment}?",
        "",
        f"{plan_sentence(plan)}.",
        "",
        f"## The rehearsal of ring {escaped(ring)}",
        "",
        f"{in_words(summarise(rehearsal))}. Everything of it was rolled back.",
        "",
        *_failures(rehearsal),
        *_residuals(rehearsal),
        *_unrehearsed(rehearsal),
        *_plan_lines(plan, manifest, rings),
        "Without a yes nothing is done. A yes is to this plan alone: if a tenant changes first, it counts for nothing.",
        "",
    ]
    return "\n".join(lines)


def rollout_page(document: RolloutDocument) -> str:
    """What came of a rollout or a rehearsal."""
    kind = "Rehearsal" if document.rehearsal else "Rollout"
    lines = [f"# {kind} of {document.environment}: {in_words(document.summary)}", ""]
    if document.rehearsal:
        lines += ["Everything below was rolled back: every tenant is as it was.", ""]
    if document.reason:
        lines += [f"**{escaped(document.outcome)}:** {escaped(document.reason)}", ""]
    lines += [
        f"- **ring {escaped(each.name)}** {each.outcome}: {escaped(ring_sentence(each))}" for each in document.rings
    ]
    lines += ["", *_failures(document.tenants), *_residuals(document.tenants), *_unrehearsed(document.tenants)]
    found = [each for ring in document.rings for each in ring.watch if each.is_finding]
    lines += _bullets("Tasks that nobody takes", (f"{each.tenant}: {each.detail}" for each in found))
    lines += _bullets(
        "Tenants", (f"{each.name} is {each.result}: {result_sentence(each)}" for each in _worst(document))
    )
    seconds = (document.finished_at - document.started_at).total_seconds()
    return "\n".join([*lines, f"{seconds:.1f} s; plan `{document.plan_digest[:12]}`.", ""])


def _worst(document: RolloutDocument) -> tuple[TenantResult, ...]:
    return worst_first(each for each in document.tenants if each.result != "unchanged")[:MOST_TENANTS]


def _plan_lines(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> Iterator[str]:
    files = {each.version: each.file for each in manifest.migrations}
    for ring in rings:
        busy = [each for each in plan.tenants if each.ring == ring and (each.changes or each.obstacle)]
        said = [f"{each.name}: {tenant_plan_sentence(each)}" for each in busy[:MOST_TENANTS]]
        left_out = len(busy) - len(said)
        yield from _bullets(f"Ring {ring}", [*said, f"… and {left_out} more tenants"] if left_out else said)
    altered = {each.version for tenant in plan.tenants for each in tenant.migrations if each.altered}
    yield from _bullets("Changed since they were applied", (files[each] for each in sorted(altered) if each in files))
    yield from (f"Plan `{plan.digest[:12]}`.", "")


def _failures(results: Iterable[TenantResult]) -> Iterator[str]:
    groups = group_failures(results)
    if groups:
        yield from ("## What failed, by its reason", "")
    for group in groups:
        first, *others = failure_lines(group)
        yield f"- **{escaped(first)}**"
        yield from (f"  - {escaped(line)}" for line in others)
    if groups:
        yield ""


def _residuals(results: Iterable[TenantResult]) -> Iterator[str]:
    found = [f"{each.name}: {line}" for each in results for line in residual_lines(each)]
    yield from _bullets("Not healable by a rerun (nothing of it was committed)", found[:MOST_TENANTS])


def _unrehearsed(results: Iterable[TenantResult]) -> Iterator[str]:
    found = not_rehearsed(results)
    yield from _bullets("What could not be rehearsed", (f"{file}, in {number}" for file, number in found.items()))


def _bullets(title: str, items: Iterable[str]) -> list[str]:
    lines = [f"- {escaped(item)}" for item in items]
    return [f"**{escaped(title)}**", "", *lines, ""] if lines else []
