"""Plans, rollouts and what went wrong in them, in words that a person who has never seen the code understands."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pgfleet.judge.document import CountEntry, DifferenceEntry
from pgfleet.judge.summary import counted
from pgfleet.manifest.model import Manifest
from pgfleet.rollout.document import (
    CountPair,
    ErrorEntry,
    MigrationStep,
    RingEntry,
    RingOutcome,
    SeedStep,
    StepStatus,
    TenantResult,
    WatchEntry,
)
from pgfleet.rollout.plan import Action, RolloutPlan, TenantPlan
from pgfleet.rollout.signature import FAULTY, signature_of
from pgfleet.rollout.summary import in_words

MOST_NAMES = 10
ACTION_MEANS = {
    Action.APPLY: "nothing of it is there: its script is run",
    Action.HEAL: "some of it is missing or changed: its script is run again",
    Action.RERUN: "it is there, and its script is run again: asked for, or an earlier script undoes part of it",
    Action.ADOPT: "it is there: that is noted in the ledger, and nothing is run",
}
"""The actions that change something, the most telling first."""
ACTION_DONE = {
    Action.APPLY: "applied",
    Action.HEAL: "healed",
    Action.RERUN: "rerun",
    Action.ADOPT: "adopted",
    Action.SKIP: "already there",
}
STATUS_WORD = {
    StepStatus.FAILED: "failed",
    StepStatus.NOT_REACHED: "not reached",
    StepStatus.NOT_REHEARSED: "not rehearsed",
    StepStatus.SKIPPED: "already there",
}
FAILED = "What failed, by reason"
UNPROVEN = "Not healable by a rerun: the script ran, left it like this, and was rolled back"
NOT_RESTARTED = "Not restarted"
WATCHED = "What the watch found"
NOT_REACHED = "Not reached"
NOT_REHEARSED = "Not rehearsed, because it cannot be rolled back"
Key = TypeVar("Key", bound=Hashable)
Step = MigrationStep | SeedStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What is the same in some tenants: a title, what to say of it, and the differences that a script left."""

    title: str
    lines: tuple[str, ...] = ()
    differences: tuple[DifferenceEntry, ...] = ()


def named(tenants: Sequence[str]) -> str:
    """`2 tenants: acme, borealis`; of many the first ten, and how many more."""
    more = len(tenants) - MOST_NAMES
    return f"{counted(len(tenants))}: {', '.join(tenants[:MOST_NAMES])}{f' and {more} more' if more > 0 else ''}"


def alike(found: Iterable[tuple[Key, str]]) -> Mapping[Key, Sequence[str]]:
    """Which tenants each thing was found in, each tenant once."""
    groups: dict[Key, dict[str, None]] = {}
    for key, tenant in found:
        groups.setdefault(key, {})[tenant] = None
    return {key: tuple(names) for key, names in groups.items()}


def plural(number: int, noun: str) -> str:
    """`1 migration`, `2 migrations`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def plan_sentence(plan: RolloutPlan) -> str:
    """`12 tenants: apply 9 migrations in 2, heal 5 in 5, plant 1 seed in 1; nothing to do in 3; 1 unreachable`."""
    tally = Counter((each.action, tenant.name) for tenant in plan.tenants for each in tenant.migrations)
    parts = []
    for action in ACTION_MEANS:
        steps = [number for (found, _), number in tally.items() if found is action]
        parts += [f"{action} {plural(sum(steps), 'migration')} in {len(steps)}"] if steps else []
    seeds = [len(each.seeds) for each in plan.tenants if each.seeds]
    parts += [f"plant {plural(sum(seeds), 'seed')} in {len(seeds)}"] if seeds else []
    idle = sum(not each.changes and not each.obstacle for each in plan.tenants)
    obstacles = Counter(each.obstacle for each in plan.tenants if each.obstacle)
    said = [", ".join(parts), f"nothing to do in {idle}" if idle else ""]
    said += [f"{number} {verdict}" for verdict, number in obstacles.items()]
    return f"{counted(len(plan.tenants))}: {'; '.join(filter(None, said))}" if plan.tenants else "no tenants"


def tenant_plan_sentence(plan: TenantPlan, manifest: Manifest | None = None) -> str:
    """`apply all 7 migrations; plant policy_rules`, or why nothing can be done."""
    if plan.obstacle:
        return f"{plan.obstacle}: {plan.reason}"
    parts = []
    for action in ACTION_MEANS:
        versions = [each.version for each in plan.migrations if each.action is action]
        is_all = manifest is not None and len(versions) == len(manifest.migrations) > 1
        parts += [f"{action} {f'all {len(versions)} migrations' if is_all else ', '.join(versions)}"] if versions else []
    parts += [f"plant {name}" for name in plan.seeds]
    altered = [each.version for each in plan.migrations if each.altered]
    note = f" (changed since applied: {', '.join(altered)})" if altered else ""
    return f"{'; '.join(parts) or 'nothing to do'}{note}"


def step_word(step: Step) -> str:
    """What came of a migration or seed: `applied`, `planted`, `failed`, `not reached`."""
    if step.status is not StepStatus.DONE:
        return STATUS_WORD[step.status]
    return ACTION_DONE[step.action] if isinstance(step, MigrationStep) else "planted"


def seed_sentence(step: SeedStep) -> str:
    """`policy_rules planted (14 rows)`."""
    added = f" ({plural(step.rows_added, 'row')})" if step.rows_added is not None else ""
    return f"{step.name} {step_word(step)}{added}"


def result_sentence(result: TenantResult) -> str:
    """What came of one tenant: why it failed, or what was done in it."""
    faults = [f"{where}: {error.message}" if where else error.message for error, _, where in errors_of(result)]
    if faults or result.reason:
        return "; ".join(faults) or result.reason or ""
    found = [(step_word(each), each.version) for each in result.migrations if each.status is not StepStatus.SKIPPED]
    parts = [f"{word} {', '.join(versions)}" for word, versions in alike(found).items()]
    parts += [seed_sentence(each) for each in result.seeds if each.status is not StepStatus.SKIPPED]
    return "; ".join(parts) or "nothing to do"


def ring_facts(ring: RingEntry) -> Mapping[str, str]:
    """The ring in a few words for each of what matters; empty where there is nothing to say."""
    failures = sum(ring.tenants.get(each, 0) for each in FAULTY)
    was_begun = ring.outcome is not RingOutcome.NOT_REACHED
    return {
        "tenants": in_words(ring.tenants).split(": ", 1)[-1],
        "failures": f"{failures}, {ring.budget} allowed" if was_begun else "",
        "restarted": ", ".join(each.service if each.restarted else f"NOT {each.service}" for each in ring.restarts),
        "watched": "" if ring.watched_seconds is None else f"{ring.watched_seconds:g} s: {_watch_words(ring.watch)}",
        "soaked": "" if ring.soaked_seconds is None else f"{ring.soaked_seconds:g} s",
    }


def ring_sentence(ring: RingEntry) -> str:
    """How the ring ended, and why where it halted: `ring early halted: 2 tenants of it failed, and 0 may`."""
    return f"ring {ring.name} {ring.outcome.replace('_', ' ')}{f': {ring.reason}' if ring.reason else ''}"


def is_unseen(entry: WatchEntry) -> bool:
    """Whether nothing could be read of a watched table."""
    return entry.overdue is entry.taken is entry.updates is entry.scans is None


def matters_of(results: Sequence[TenantResult], rings: Iterable[RingEntry] = ()) -> Mapping[str, Sequence[Matter]]:
    """What there is to tell of a rollout besides what went well, under its headings; those without anything too."""
    entries = tuple(rings)
    return {
        FAILED: tuple(_failures(results)),
        UNPROVEN: tuple(_unproven(results)),
        NOT_RESTARTED: tuple(
            Matter(title=f"after ring {ring.name}: {each.service}", lines=(each.detail or "it is not known why",))
            for ring in entries
            for each in ring.restarts
            if not each.restarted
        ),
        WATCHED: tuple(_watch_matters(entries)),
        NOT_REACHED: tuple(_kept_back(results, StepStatus.NOT_REACHED)),
        NOT_REHEARSED: tuple(_kept_back(results, StepStatus.NOT_REHEARSED)),
    }


def errors_of(result: TenantResult) -> Iterator[tuple[ErrorEntry, str | None, str]]:
    """Each error of a tenant once, with its subject and its place: that of the statement, or the script's alone."""
    steps: list[tuple[ErrorEntry, str, str]] = [(e.error, e.version, e.file) for e in result.migrations if e.error]
    steps += [(each.error, f"seed {each.name}", f"seed {each.name}") for each in result.seeds if each.error]
    whole = result.error
    if whole is None and not steps and result.result in FAULTY:
        whole = ErrorEntry(message=result.reason or "it is not known why")
    if whole and whole not in [error for error, *_ in steps]:
        yield whole, None, _place(whole, "")
    yield from ((error, subject, _place(error, where)) for error, subject, where in steps)


def rows_in_words(entry: CountEntry | None) -> str:
    """`1,204`; `~1,200,000` for an estimate; `-` where there is no such table, `?` where it was not counted."""
    if entry is None:
        return "?"
    return "-" if entry.rows is None else f"{'' if entry.exact else '~'}{entry.rows:,}"


def rows_gained(pair: CountPair) -> int | None:
    """How many rows there are more than before; None where it cannot be said."""
    before, after = pair.before, pair.after
    if before is None or after is None or before.rows is None or after.rows is None:
        return None
    return after.rows - before.rows


def gain_in_words(pair: CountPair) -> str:
    """`+14`, `-3`, `~+500` where one of both is an estimate; empty where it cannot be said."""
    gained = rows_gained(pair)
    is_exact = all(each is None or each.exact for each in (pair.before, pair.after))
    return "" if gained is None else f"{'' if is_exact else '~'}{gained:+,}" if gained else "0"


def _failures(results: Iterable[TenantResult]) -> Iterator[Matter]:
    first: dict[str, tuple[ErrorEntry, str]] = {}
    found = []
    for result in results:
        for error, subject, where in errors_of(_without_unproven(result)):
            signature = signature_of(error, subject)
            first.setdefault(signature, (error, where))
            found.append((signature, result.name))
    for signature, tenants in sorted(alike(found).items(), key=lambda item: (-len(item[1]), item[0])):
        error, where = first[signature]
        state = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
        yield Matter(title=f"{error.message}{state}", lines=_lines(where, named(tenants), error.advice))


def _unproven(results: Iterable[TenantResult]) -> Iterator[Matter]:
    """Steps that left differences; what their message says after its first words is the differences again."""
    found = [
        ((each.file, each.error and each.error.message.split(":")[0], each.residual, each.error and each.error.advice), t)
        for t, each in ((result.name, step) for result in results for step in result.migrations)
        if each.residual
    ]
    for (file, said, residual, advice), tenants in alike(found).items():
        yield Matter(
            title=": ".join(filter(None, (file, said))), lines=_lines("", named(tenants), advice), differences=residual
        )
