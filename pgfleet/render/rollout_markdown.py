"""The markdown of a rollout's artifacts: its plan, the question whether it may be carried out, what came of it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgfleet.judge.summary import counted
from pgfleet.manifest.model import Manifest
from pgfleet.render.markdown import MOST_TENANTS, code, escaped
from pgfleet.render.rollout_words import (
    ACTION_MEANS,
    Matter,
    alike,
    altered_files,
    matters_of,
    named,
    obstacles,
    plan_sentence,
    ring_facts,
    ring_sentence,
    step_word,
    tenant_plan_sentence,
    unrehearsable,
)
from pgfleet.render.words import CHANGED, predicate
from pgfleet.rollout.document import RingEntry, RolloutDocument, TenantResult
from pgfleet.rollout.plan import RolloutPlan, TenantPlan, by_ring
from pgfleet.rollout.summary import RolloutOutcome, in_words, summarise

MOST_DIFFERENCES = 10


def plan_page(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> str:
    """What will be done, and in which tenants of each ring."""
    lines = [f"# Plan for {escaped(plan.environment)}", "", f"{escaped(plan_sentence(plan))}.", ""]
    lines += [*_what(plan, manifest), *_where(plan, manifest, rings), f"Plan `{plan.digest[:12]}`.", ""]
    return "\n".join(lines)


def approval_page(
    plan: RolloutPlan, manifest: Manifest, rings: Sequence[str], rehearsal: Sequence[TenantResult], ring: str
) -> str:
    """What somebody must know to say yes or no: what will be done, how its rehearsal went, what was not rehearsed."""
    lines = [
        f"# May this be done in {escaped(plan.environment)}?",
        "",
        f"**{escaped(plan_sentence(plan))}.** Nothing of it is done yet, and without a yes nothing will be.",
        "",
        *_what(plan, manifest),
        f"## The rehearsal in ring {escaped(ring)}",
        "",
        f"{escaped(in_words(summarise(rehearsal)))}. Everything of it was rolled back.",
        "",
    ]
    for heading, matters in matters_of(rehearsal).items():
        lines += _section(heading, matters, "###")
    lines += _section("What cannot be rehearsed", tuple(unrehearsable(plan, manifest)), "##")
    lines += [*_where(plan, manifest, rings), "## The plan", "", f"`{plan.digest}`", ""]
    said = "A yes is for this plan alone: where a tenant changes before it is given, nothing is done."
    return "\n".join([*lines, said, ""])


def rollout_page(document: RolloutDocument, manifest: Manifest | None = None) -> str:
    """What came of a rollout or a rehearsal: what was done, ring after ring, and whatever did not go well."""
    kind = "Rehearsal" if document.rehearsal else "Rollout"
    said = f"{document.outcome}: {in_words(document.summary)}"
    lines = [f"# {kind} of {escaped(document.environment)}: {escaped(said)}", ""]
    if document.rehearsal:
        lines += ["Everything told here was rolled back, and each tenant is as it was before.", ""]
    if document.outcome == RolloutOutcome.REFUSED:
        lines += [f"Nothing was done: {escaped(document.reason or '')}.", ""]
    else:
        lines += [*_rings(document.rings), *_done(document.tenants, manifest)]
        for heading, matters in matters_of(document.tenants, document.rings).items():
            lines += _section(heading, matters, "##")
    seconds = (document.finished_at - document.started_at).total_seconds()
    return "\n".join([*lines, f"{seconds:.1f} s; plan `{document.plan_digest[:12]}`; run {document.run_id}.", ""])


def _what(plan: RolloutPlan, manifest: Manifest) -> Iterator[str]:
    """Each migration and seed that something will be done about, and in how many tenants."""
    matters = []
    for each in manifest.migrations:
        actions = Counter(
            found.action for tenant in plan.tenants for found in tenant.migrations if found.version == each.version
        )
        said = ", ".join(f"{action} in {counted(actions[action])}" for action in ACTION_MEANS if actions[action])
        matters += [Matter(title=f"{each.file} ({each.priority})", lines=(said, each.provides))] if said else []
    seeds = Counter(name for tenant in plan.tenants for name in tenant.seeds)
    matters += [Matter(title=f"seed {name}", lines=(f"plant in {counted(found)}",)) for name, found in seeds.items()]
    yield from _section("What will be done", matters, "##")
    yield from _bullets(altered_files(plan.tenants, manifest))


def _where(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> Iterator[str]:
    """The tenants of each ring, those together in which the same will be done."""
    groups = by_ring(plan, rings)
    for ring, tenants in groups.items():
        reached = [each for each in tenants if not each.obstacle]
        found = alike((tenant_plan_sentence(each, manifest), each.name) for each in _busy_first(reached))
        matters = [Matter(title=said, lines=(named(names),)) for said, names in found.items()]
        yield from _section(f"Ring {ring}: {counted(len(tenants))}", matters, "##")
    left_alone = obstacles(each for tenants in groups.values() for each in tenants)
    yield from _section("Nothing will be done in", tuple(left_alone), "##")


def _busy_first(tenants: Iterable[TenantPlan]) -> Sequence[TenantPlan]:
    return sorted(tenants, key=lambda each: not each.changes)


def _rings(rings: Sequence[RingEntry]) -> Iterator[str]:
    for ring in rings:
        said = "; ".join(f"{name} {value}" for name, value in ring_facts(ring).items() if value)
        yield f"- **{escaped(ring_sentence(ring))}**; {escaped(said)}"
    yield ""


def _done(results: Sequence[TenantResult], manifest: Manifest | None) -> Iterator[str]:
    """Each migration and seed, and what came of it in how many tenants."""
    provides = {each.version: (each.provides,) for each in (manifest.migrations if manifest else ())}
    steps = [
        ((f"{each.file} ({each.priority})", provides.get(each.version, ())), step_word(each))
        for result in results
        for each in result.migrations
    ]
    steps += [((f"seed {each.name}", ()), step_word(each)) for result in results for each in result.seeds]
    found: dict[tuple[str, tuple[str, ...]], Counter[str]] = {}
    for key, word in steps:
        found.setdefault(key, Counter())[word] += 1
    matters = [Matter(title=title, lines=(_tally(words), *more)) for (title, more), words in found.items()]
    yield from _section("What was done", matters, "##")


def _tally(words: Mapping[str, int]) -> str:
    return ", ".join(f"{word} in {counted(number)}" for word, number in words.items())


def _section(heading: str, matters: Sequence[Matter], level: str) -> Iterator[str]:
    if matters:
        yield from (f"{level} {escaped(heading)}", "")
    for matter in matters[:MOST_TENANTS]:
        yield f"- **{escaped(matter.title)}**"
        yield from (f"  - {escaped(line)}" for line in matter.lines)
        yield from _differences(matter)
    if len(matters) > MOST_TENANTS:
        yield f"- … and {len(matters) - MOST_TENANTS} more; the whole is in the run's document"
    if matters:
        yield ""


def _differences(matter: Matter) -> Iterator[str]:
    """Each object with its definitions, indented so that they stay in the list."""
    for each in matter.differences[:MOST_DIFFERENCES]:
        yield f"  - {each.kind} {escaped(each.identity)} {escaped(predicate(each))}"
        if predicate(each) == CHANGED:
            for title, definition in (("found", each.actual), ("should be", each.expected)):
                yield from (f"    {line}" for line in ("", f"{title}:", "", *code(definition or "").splitlines()))
            yield ""
    if left_out := len(matter.differences) - MOST_DIFFERENCES > 0:
        yield f"  - … and {left_out} more"


def _bullets(items: Iterable[str]) -> list[str]:
    lines = [f"- {escaped(item)}" for item in items]
    return [*lines, ""] if lines else []
