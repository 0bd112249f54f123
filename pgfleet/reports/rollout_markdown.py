"""The markdown of a rollout's artifacts: its plan, the question whether it may be carried out, what came of it."""

from collections import Counter
from collections.abc import Iterator, Sequence

from pgfleet.documents.audit import DifferenceEntry
from pgfleet.documents.plan import RolloutPlan, by_ring
from pgfleet.documents.rollout import RingEntry, RolloutDocument, StepStatus, TenantResult
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.issues import (
    LEFT_ALONE,
    NO_REASON,
    NOT_EXERCISED,
    REFUSED,
    Issue,
    alike,
    issues_of,
    listed,
    not_begun,
    obstacles,
    refusals,
)
from pgfleet.reports.markup import code, escaped
from pgfleet.reports.phrases.altered_files import altered_files
from pgfleet.reports.phrases.audit import CHANGED, predicate
from pgfleet.reports.phrases.rollout import (
    ACTION_MEANS,
    plan_sentence,
    ring_facts,
    ring_sentence,
    step_word,
    tenant_plan_sentence,
)
from pgfleet.reports.phrases.skipped import skipped_in_words
from pgfleet.reports.rollout_tables import FEWER, UNCERTAIN, count_rank, pair_in_words
from pgfleet.rollout.summary import RolloutOutcome, format_summary, summarize

MOST_DIFFERENCES = 10


def plan_page(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> str:
    """What will be done, and in which tenants of each ring."""
    lines = [f"# Plan for {escaped(plan.environment)}", "", f"{escaped(plan_sentence(plan))}.", ""]
    lines += [*_what(plan, manifest), *_where(plan, manifest, rings), f"Plan `{plan.digest[:12]}`.", ""]
    return "\n".join(lines)


def approval_page(
    plan: RolloutPlan, manifest: Manifest, rings: Sequence[str], dry_run: Sequence[TenantResult], ring: str
) -> str:
    """What somebody must know to say yes or no: what will be done, how its dry run went, what was not rehearsed."""
    matters = {**issues_of(dry_run), NOT_EXERCISED: _not_exercised(plan, manifest, dry_run)}
    lines = [
        f"# May this be done in {escaped(plan.environment)}?",
        "",
        f"**{escaped(plan_sentence(plan))}.** Nothing of it is done yet, and without a yes nothing will be.",
        "",
        *_what(plan, manifest),
        f"## The dry run in ring {escaped(ring)}",
        "",
        f"{escaped(format_summary(summarize(dry_run)))}. Everything of it was rolled back.",
        "",
        *(line for heading, found in matters.items() for line in _section(heading, found)),
        *_where(plan, manifest, rings),
        "## The plan",
        "",
        f"`{plan.digest}`",
        "",
        "A yes is for this plan alone: if a tenant changes before it is given, nothing is done.",
        "",
    ]
    return "\n".join(lines)


def rollout_page(document: RolloutDocument, manifest: Manifest) -> str:
    """What came of a rollout or a dry run: ring after ring, what was done, and whatever did not go well."""
    kind = document.what.capitalize()
    said = f"{document.outcome}: {format_summary(document.summary)}"
    lines = [f"# {kind} of {escaped(document.environment)}: {escaped(said)}", ""]
    if document.dry_run:
        lines += ["Everything told here was rolled back, and each tenant is as it was before.", ""]
    lines += [f"{escaped(skipped_in_words(document.skipped))}.", ""] if document.skipped else []
    if document.outcome == RolloutOutcome.REFUSED:
        lines += [f"Nothing was done: {escaped(document.reason or NO_REASON)}.", ""]
    else:
        lines += [
            *(_rings(document.rings) if document.rings else ()),
            *_section("What was done", _done(document.tenants, manifest), inline=True),
        ]
        lines += _section("Fewer rows than before, or not counted again", tuple(_losses(document.tenants)), inline=True)
        for heading, matters in issues_of(document.tenants, document.rings).items():
            lines += _section(heading, matters)
    seconds = (document.finished_at - document.started_at).total_seconds()
    return "\n".join([*lines, f"{seconds:.1f} s; plan `{document.plan_digest[:12]}`; run {document.run_id}.", ""])


def _what(plan: RolloutPlan, manifest: Manifest) -> Iterator[str]:
    """Each migration and seed that something will be done about, and in how many tenants."""
    tally = Counter((each.version, each.action) for tenant in plan.tenants for each in tenant.migrations)
    matters = []
    for each in manifest.migrations:
        said = [f"{action} in {tally[each.version, action]}" for action in ACTION_MEANS if tally[each.version, action]]
        if said:
            matters.append(Issue(title=f"{each.file} ({each.priority})", lines=(", ".join(said), each.provides)))
    seeds = Counter(name for tenant in plan.tenants for name in tenant.seeds)
    matters += [Issue(title=f"seed {name}", lines=(f"plant in {found}",)) for name, found in seeds.items()]
    yield from _section("What will be done, and in how many tenants", matters, inline=True)
    altered = [Issue(title=file, lines=(said,)) for file, said in altered_files(plan.tenants, manifest)]
    yield from _section("Changed after it was applied", altered, inline=True)


def _where(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> Iterator[str]:
    """The tenants of each ring, those together in which the same will be done."""
    groups = by_ring(plan, rings)
    for ring, tenants in groups.items():
        reached = sorted((each for each in tenants if not each.obstacle), key=lambda each: not each.changes)
        found = alike((tenant_plan_sentence(each, manifest), each.name) for each in reached)
        matters = [
            Issue(title=f"{said} in {tenant_count(len(names))}", lines=(listed(names),))
            for said, names in found.items()
        ]
        yield from _section(f"Ring {ring}: {tenant_count(len(tenants))}", matters, inline=True)
    left_alone = obstacles(each for tenants in groups.values() for each in tenants)
    yield from _section(LEFT_ALONE, tuple(left_alone))
    yield from _section(REFUSED, tuple(refusals(each for tenants in groups.values() for each in tenants)))


def _not_exercised(plan: RolloutPlan, manifest: Manifest, dry_run: Sequence[TenantResult]) -> Sequence[Issue]:
    """In the whole plan what runs outside a transaction, and what in the dry run stood on it."""
    tally = Counter(version for tenant in plan.tenants for version in tenant.runs)
    alone = [each for each in manifest.migrations if tally[each.version] and not each.transactional]
    said = [
        Issue(
            title=f"{each.file} runs outside a transaction",
            lines=(f"to be run in {tenant_count(tally[each.version])}",),
        )
        for each in alone
    ]
    files = tuple(each.file for each in alone)
    return [
        *said,
        *(each for each in not_begun(dry_run, StepStatus.NOT_EXERCISED) if not each.title.startswith(files)),
    ]


def _rings(rings: Sequence[RingEntry]) -> Iterator[str]:
    """A table of the rings, and under it why one halted."""
    facts = [{"ring": each.name, "outcome": each.outcome.replace("_", " "), **ring_facts(each)} for each in rings]
    names = [name for name in facts[0] if any(each[name] for each in facts)]
    for cells in (names, ["---"] * len(names), *([escaped(each[name]) for name in names] for each in facts)):
        yield f"| {' | '.join(cells)} |"
    yield ""
    for each in rings:
        if each.reason:
            yield from (f"**{escaped(ring_sentence(each))}**", "")


def _done(results: Sequence[TenantResult], manifest: Manifest) -> Sequence[Issue]:
    """Each migration and seed, and what came of it in how many tenants."""
    provides = {each.file: (each.provides,) for each in manifest.migrations}
    tallies: dict[str, Counter[str]] = {}
    for step in (each for result in results for each in result.migrations):
        tallies.setdefault(f"{step.file} ({step.priority})", Counter())[step_word(step)] += 1
    for seed in (each for result in results for each in result.seeds):
        tallies.setdefault(f"seed {seed.name}", Counter())[step_word(seed)] += 1
    return [
        Issue(title=title, lines=(_in_words(tally), *provides.get(title.rsplit(" ", 1)[0], ())))
        for title, tally in tallies.items()
    ]


def _in_words(tally: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in tally.most_common())


def _losses(results: Sequence[TenantResult]) -> Iterator[Issue]:
    for result in results:
        for pair in (each for each in result.counts if count_rank(each) in {FEWER, UNCERTAIN}):
            yield Issue(title=f"{result.name}, {pair.table}", lines=(" → ".join(pair_in_words(pair)),))


def _section(heading: str, matters: Sequence[Issue], *, inline: bool = False) -> Iterator[str]:
    """A list of the matters; `inline` says that the first line of each goes on after its title."""
    if not matters:
        return
    yield from (f"## {escaped(heading)}", "")
    for matter in matters[:MOST_TENANTS]:
        first = f": {escaped(matter.lines[0])}" if inline else ""
        yield f"- **{escaped(matter.title)}**{first}"
        yield from (f"  - {escaped(line)}" for line in matter.lines[inline:])
        yield from _differences(matter.differences)
    if len(matters) > MOST_TENANTS:
        yield f"- … and {len(matters) - MOST_TENANTS} more; the whole is in the run's document"
    yield ""


def _differences(differences: Sequence[DifferenceEntry]) -> Iterator[str]:
    """Each object with its definitions, indented so that they stay within its item of the list."""
    for each in differences[:MOST_DIFFERENCES]:
        yield f"  - {each.kind} {escaped(each.identity)} {escaped(predicate(each))}"
        definitions = {"found": each.actual, "should be": each.expected} if predicate(each) == CHANGED else {}
        for title, definition in definitions.items():
            block = code(definition or "").splitlines()
            yield from ("", f"    {title}:", "", *(f"    {line}" for line in block))
    if len(differences) > MOST_DIFFERENCES:
        yield f"  - … and {len(differences) - MOST_DIFFERENCES} more"
