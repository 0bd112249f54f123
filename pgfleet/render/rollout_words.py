"""Plans, rollouts and what went wrong in them, in words that a person who has never seen the code understands."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pgfleet.judge.document import DifferenceEntry
from pgfleet.judge.summary import counted
from pgfleet.manifest.model import Manifest
from pgfleet.rollout.document import (
    ErrorEntry,
    MigrationStep,
    Result,
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
    Action.ADOPT: "it is there: that is written into the ledger, and nothing is run",
}
"""The actions that write something, in the order in which they are told."""
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
NOT_REACHED = "Not reached"
NOT_REHEARSED = "What could not be rehearsed"
LEFT_ALONE = "Left alone, as they could not be looked at"
NO_REASON = "it is not known why"
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """Something to tell of one or more tenants: a title, then lines, then the differences that a script left."""

    title: str
    lines: tuple[str, ...] = ()
    differences: tuple[DifferenceEntry, ...] = ()


def plan_sentence(plan: RolloutPlan) -> str:
    """`12 tenants: apply 9 migrations in 2, heal 5 in 5, plant 1 seed in 1; nothing to do in 3; 1 unreachable`."""
    tally = Counter((each.action, tenant.name) for tenant in plan.tenants for each in tenant.migrations)
    parts: list[str] = []
    for action in ACTION_MEANS:
        steps = [number for (found, _), number in tally.items() if found is action]
        what = str(sum(steps)) if parts else plural(sum(steps), "migration")
        parts += [f"{action} {what} in {len(steps)}"] if steps else []
    seeds = [len(each.seeds) for each in plan.tenants if each.seeds]
    parts += [f"plant {plural(sum(seeds), 'seed')} in {len(seeds)}"] if seeds else []
    idle = sum(not each.changes and not each.obstacle for each in plan.tenants)
    obstacles = Counter(each.obstacle for each in plan.tenants if each.obstacle)
    said = [", ".join(parts), f"nothing to do in {idle}" if idle else ""]
    said += [f"{number} {verdict}" for verdict, number in obstacles.items()]
    return f"{counted(len(plan.tenants))}: {'; '.join(filter(None, said))}" if plan.tenants else "no tenants"


def tenant_plan_sentence(plan: TenantPlan, manifest: Manifest) -> str:
    """`apply all 7 migrations; plant policy_rules`, or why nothing can be done."""
    if plan.obstacle:
        return f"{plan.obstacle}: {plan.reason}"
    parts = []
    for action in ACTION_MEANS:
        versions = [each.version for each in plan.migrations if each.action is action]
        is_all = len(versions) == len(manifest.migrations) > 1
        which = f"all {len(versions)} migrations" if is_all else ", ".join(versions)
        parts += [f"{action} {which}"] if versions else []
    parts += [f"plant {name}" for name in plan.seeds]
    altered = [each.version for each in plan.migrations if each.altered]
    note = f" (file changed since: {', '.join(altered)})" if altered else ""
    return f"{'; '.join(parts) or 'nothing to do'}{note}"


def step_word(step: MigrationStep | SeedStep) -> str:
    """What came of a migration or seed: `applied`, `planted`, `failed`, `not reached`."""
    if step.status is not StepStatus.DONE:
        return STATUS_WORD[step.status]
    return ACTION_DONE[step.action] if isinstance(step, MigrationStep) else "planted"


def seed_sentence(step: SeedStep) -> str:
    """`policy_rules planted (14 rows)`."""
    added = f" ({plural(step.rows_added, 'row')})" if step.rows_added is not None else ""
    return f"{step.name} {step_word(step)}{added}"


def planted(results: Iterable[TenantResult]) -> Iterator[Matter]:
    """Seeds that are planted, or were there when their turn came."""
    there = {StepStatus.DONE, StepStatus.SKIPPED}
    found = ((seed_sentence(each), result.name) for result in results for each in result.seeds if each.status in there)
    return (Matter(title=title, lines=(named(tenants),)) for title, tenants in alike(found).items())


def ring_sentence(ring: RingEntry) -> str:
    """How the ring ended, and why if it halted: `ring early halted: 2 tenants of it failed, and 0 may`."""
    return f"ring {ring.name} {ring.outcome.replace('_', ' ')}{f': {ring.reason}' if ring.reason else ''}"


def ring_facts(ring: RingEntry) -> Mapping[str, str]:
    """What came of the ring's tenants, and what was done after it; empty where there is nothing to say."""
    failures = sum(ring.tenants.get(each, 0) for each in FAULTY)
    was_begun = ring.outcome is not RingOutcome.NOT_REACHED
    return {
        "tenants": in_words(ring.tenants).split(": ", 1)[-1],
        "failures": f"{failures}, {ring.budget} allowed" if was_begun else "",
        "restarted": ", ".join(each.service if each.restarted else f"NOT {each.service}" for each in ring.restarts),
        "watched": "" if ring.watched_seconds is None else f"{ring.watched_seconds:g} s: {_watch_words(ring.watch)}",
        "soaked": "" if ring.soaked_seconds is None else f"{ring.soaked_seconds:g} s",
    }


def obstacles(plans: Iterable[TenantPlan]) -> Iterator[Matter]:
    """Tenants that nothing can be done in, by the reason."""
    found = alike((f"{each.obstacle}: {each.reason or NO_REASON}", each.name) for each in plans if each.obstacle)
    return (Matter(title=title, lines=(named(tenants),)) for title, tenants in found.items())


def altered_files(plans: Iterable[TenantPlan], manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The files that were changed after they were applied, and what there is to say of each."""
    found = Counter(each.version for plan in plans for each in plan.migrations if each.altered)
    for each in (each for each in manifest.migrations if each.version in found):
        said = f"in {counted(found[each.version])}; that alone runs nothing again (--rerun {each.version} does)"
        yield each.file, said


def matters_of(results: Sequence[TenantResult], rings: Sequence[RingEntry] = ()) -> Mapping[str, Sequence[Matter]]:
    """What did not go well, or is not done, under its headings; headings without a matter too."""
    return {
        "What failed, by reason": tuple(failures(results)),
        "Not healable by a rerun: the script ran, and afterwards it is not as it should be": tuple(unproven(results)),
        "Not restarted": tuple(not_restarted(rings)),
        "What the watch found": tuple(watch_findings(rings)),
        NOT_REACHED: tuple(not_begun(results, StepStatus.NOT_REACHED)),
        NOT_REHEARSED: tuple(not_begun(results, StepStatus.NOT_REHEARSED)),
    }


def failures(results: Iterable[TenantResult]) -> Iterator[Matter]:
    """Failures by their signature, those of most tenants first; not those whose differences `unproven` tells."""
    first: dict[str, tuple[ErrorEntry, str]] = {}
    found = []
    for result in results:
        told_there = {each.error for each in result.migrations if each.residual}
        for error, subject, where in (each for each in errors_of(result) if each[0] not in told_there):
            signature = signature_of(error, subject)
            first.setdefault(signature, (error, where))
            found.append((signature, result.name))
    for signature, tenants in sorted(alike(found).items(), key=lambda item: (-len(item[1]), item[0])):
        error, where = first[signature]
        yield Matter(title=error_sentence(error), lines=_lines(where, named(tenants), error.advice))


def errors_of(result: TenantResult) -> Iterator[tuple[ErrorEntry, str | None, str]]:
    """Each error of a tenant once, with its subject (None: the tenant), and where it was met as far as is known.

    What loses a tenant is the error of the step that met it and of the tenant as well.
    """
    steps = [(each.error, each.version, f"in {each.file}") for each in result.migrations if each.error]
    steps += [(each.error, f"seed {each.name}", f"in seed {each.name}") for each in result.seeds if each.error]
    whole = result.error
    if whole is None and not steps and result.result in FAULTY:
        whole = ErrorEntry(message=result.reason or NO_REASON)
    if whole and whole not in [error for error, _, _ in steps]:
        yield whole, None, _place(whole, "")
    yield from ((error, subject, _place(error, where)) for error, subject, where in steps)


def error_sentence(error: ErrorEntry) -> str:
    """The message, with the SQLSTATE where there is one."""
    return f"{error.message} (SQLSTATE {error.sqlstate})" if error.sqlstate else error.message


def unproven(results: Iterable[TenantResult]) -> Iterator[Matter]:
    """What scripts left that was not as it should be. An error goes on after its first words with the differences."""
    found = []
    for result in results:
        for step in (each for each in result.migrations if each.residual):
            error = step.error or ErrorEntry(message=NO_REASON)
            title = f"{step.file}: {error.message.split(':')[0]}"
            found.append(((title, error.advice, step.residual), result.name))
    for (title, advice, residual), tenants in alike(found).items():
        yield Matter(title=title, lines=_lines("", named(tenants), advice), differences=residual)


def not_begun(results: Iterable[TenantResult], status: StepStatus) -> Iterator[Matter]:
    """What was not reached or not rehearsed, by the reason: whole tenants, and steps of others."""
    found = []
    for result in results:
        if result.result is Result.NOT_REACHED and status is StepStatus.NOT_REACHED:
            found.append((result.reason or NO_REASON, result.name))
        steps = [(each.status, each.detail, each.version) for each in result.migrations]
        steps += [(each.status, each.detail, f"seed {each.name}") for each in result.seeds]
        here = alike(
            (detail or NO_REASON, subject) for found_status, detail, subject in steps if found_status is status
        )
        found += [(_about(", ".join(subjects), detail), result.name) for detail, subjects in here.items()]
    return (Matter(title=title, lines=(named(tenants),)) for title, tenants in alike(found).items())


def not_restarted(rings: Iterable[RingEntry]) -> Iterator[Matter]:
    """Services that could not be restarted, each with the reason."""
    for ring in rings:
        for each in ring.restarts:
            if not each.restarted:
                yield Matter(title=_about(each.service, each.detail or NO_REASON), lines=(f"after ring {ring.name}",))


def watch_findings(rings: Iterable[RingEntry]) -> Iterator[Matter]:
    """Tables that no service works on, and then those that could not be watched."""
    entries = [each for ring in rings for each in ring.watch if each.is_finding or is_unseen(each)]
    told = [(f"{each.watch} ({each.table}): {each.detail}", each.tenant) for each in sorted(entries, key=is_unseen)]
    return (Matter(title=title, lines=(named(tenants),)) for title, tenants in alike(told).items())


def is_unseen(entry: WatchEntry) -> bool:
    """Whether nothing could be read of a watched table."""
    return entry.overdue is entry.taken is entry.updates is entry.scans is None


def alike(found: Iterable[tuple[Key, str]]) -> Mapping[Key, tuple[str, ...]]:
    """Under each thing the names that it was found with, each once."""
    groups: dict[Key, dict[str, None]] = {}
    for key, name in found:
        groups.setdefault(key, {})[name] = None
    return {key: tuple(names) for key, names in groups.items()}


def named(tenants: Sequence[str]) -> str:
    """`2 tenants: acme, borealis`."""
    return f"{counted(len(tenants))}: {listed(tenants)}"


def listed(tenants: Sequence[str]) -> str:
    """`acme, borealis`; of many the first ten, and how many more."""
    more = f" and {len(tenants) - MOST_NAMES} more" if len(tenants) > MOST_NAMES else ""
    return f"{', '.join(tenants[:MOST_NAMES])}{more}"


def plural(number: int, noun: str) -> str:
    """`1 migration`, `2 migrations`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _about(subject: str, said: str) -> str:
    return said if said.startswith(subject) else f"{subject}: {said}"


def _place(error: ErrorEntry, where: str) -> str:
    return f"at {error.file}, line {error.line} column {error.column}" if error.line else where


def _lines(where: str, tenants: str, advice: str | None) -> tuple[str, ...]:
    return tuple(filter(None, (where, tenants, f"next: {advice}" if advice else "")))


def _watch_words(entries: Sequence[WatchEntry]) -> str:
    found, unseen = sum(each.is_finding for each in entries), sum(map(is_unseen, entries))
    return f"{plural(found, 'finding') if found else 'no findings'}{f', {unseen} not seen' if unseen else ''}"
