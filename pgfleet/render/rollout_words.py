"""Plans, rollouts and their failures in words that a person who has never seen the code understands."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pgfleet.judge.document import CountEntry
from pgfleet.judge.summary import counted
from pgfleet.render.words import sentence
from pgfleet.rollout.document import (
    CountPair,
    FailureGroup,
    MigrationStep,
    RingEntry,
    RingOutcome,
    SeedStep,
    StepStatus,
    TenantResult,
)
from pgfleet.rollout.plan import Action, RolloutPlan, TenantPlan
from pgfleet.rollout.summary import in_words

MOST_NAMES = 10
PARTICIPLE = {
    Action.SKIP: "left alone",
    Action.ADOPT: "adopted",
    Action.APPLY: "applied",
    Action.HEAL: "healed",
    Action.RERUN: "run again",
}
STATUS = {
    StepStatus.SKIPPED: "there already",
    StepStatus.FAILED: "failed",
    StepStatus.NOT_REACHED: "not reached",
    StepStatus.NOT_REHEARSED: "not rehearsed",
}


def step_word(step: MigrationStep | SeedStep) -> str:
    """What came of a migration or seed: `applied`, `failed`, `not reached`."""
    if step.status is not StepStatus.DONE:
        return STATUS[step.status]
    return PARTICIPLE[step.action] if isinstance(step, MigrationStep) else "planted"


def plan_sentence(plan: RolloutPlan) -> str:
    """`12 tenants: 9 migrations applied in 2, 5 healed in 5; 1 seed planted in 1; 4 left alone; 1 unreachable`."""
    parts = [
        f"{_plural(steps, 'migration')} to be {PARTICIPLE[action]} in {counted(tenants)}"
        for action in (Action.APPLY, Action.HEAL, Action.RERUN, Action.ADOPT)
        if (steps := sum(each.action is action for tenant in plan.tenants for each in tenant.migrations))
        and (tenants := sum(any(each.action is action for each in tenant.migrations) for tenant in plan.tenants))
    ]
    if seeds := sum(len(each.seeds) for each in plan.tenants):
        parts.append(f"{_plural(seeds, 'seed')} to be planted")
    obstacles = Counter(each.obstacle for each in plan.tenants if each.obstacle)
    parts += [f"{count} {verdict}" for verdict, count in obstacles.items()]
    idle = sum(not each.changes and not each.obstacle for each in plan.tenants)
    parts += [f"nothing to do in {counted(idle)}"] if idle else []
    return f"{counted(len(plan.tenants))}: {'; '.join(parts)}"


def tenant_plan_sentence(plan: TenantPlan) -> str:
    """What will be done in one tenant, action by action."""
    if plan.obstacle:
        return f"{plan.obstacle}: {plan.reason}"
    parts = []
    for action in (Action.APPLY, Action.HEAL, Action.RERUN, Action.ADOPT):
        versions = [each.version for each in plan.migrations if each.action is action]
        parts += [f"{action} {', '.join(versions)}"] if versions else []
    parts += [f"plant {name}" for name in plan.seeds]
    altered = [each.version for each in plan.migrations if each.altered]
    note = f" (altered since: {', '.join(altered)})" if altered else ""
    return f"{'; '.join(parts) or 'nothing to do'}{note}"


def result_sentence(result: TenantResult) -> str:
    """What came of one tenant: why it failed, or what was done in it."""
    wrong = [_step_sentence(each, each.version) for each in result.migrations if each.error]
    wrong += [_step_sentence(each, f"seed {each.name}") for each in result.seeds if each.error]
    if result.reason or wrong:
        return "; ".join(filter(None, [result.reason, *wrong]))
    by_word: dict[str, list[str]] = {}
    for step in (each for each in result.migrations if each.status is not StepStatus.SKIPPED):
        by_word.setdefault(step_word(step), []).append(step.version)
    parts = [f"{word}: {', '.join(versions)}" for word, versions in by_word.items()]
    parts += [f"seed {each.name}: {step_word(each)}" for each in result.seeds if each.status is not StepStatus.SKIPPED]
    return "; ".join(parts) or "there was nothing to do"


def ring_sentence(ring: RingEntry) -> str:
    """How the ring went: its tenants, its budget, and what was done after it."""
    said = in_words(ring.tenants).split(": ", 1)[-1] or "no tenants"
    if ring.outcome is RingOutcome.NOT_REACHED:
        return f"not reached ({counted(ring.tenants['tenants'])})"
    parts = [said, f"{ring.budget} may fail"]
    parts += [
        f"restarted {each.service}" if each.restarted else f"NOT restarted: {each.detail}" for each in ring.restarts
    ]
    if ring.watched_seconds is not None:
        findings = sum(each.is_finding for each in ring.watch)
        parts.append(f"watched for {ring.watched_seconds:g} s, {_plural(findings, 'finding')}")
    if ring.soaked_seconds is not None:
        parts.append(f"soaked for {ring.soaked_seconds:g} s")
    return "; ".join([*parts, ring.reason] if ring.reason else parts)


def failure_lines(group: FailureGroup) -> Iterator[str]:
    """One reason for failures: what, in whom, and what to do next."""
    named = ", ".join(group.tenants[:MOST_NAMES])
    more = f" and {len(group.tenants) - MOST_NAMES} more" if len(group.tenants) > MOST_NAMES else ""
    yield f"{counted(len(group.tenants))}: {named}{more}"
    yield f"{group.message}" if group.signature.startswith(group.message) else f"{group.signature}: {group.message}"
    if group.advice:
        yield f"what to do: {group.advice}"


def residual_lines(result: TenantResult) -> Iterator[str]:
    """What a rerun does not heal in a tenant, one difference a line."""
    for step in result.migrations:
        yield from (f"{step.version}: {sentence(each)}" for each in step.residual)


def rows_in_words(entry: CountEntry | None) -> str:
    """`1204`, `~ 1200000` for an estimate, `-` where there is no such table."""
    if entry is None or entry.rows is None:
        return "-"
    return str(entry.rows) if entry.exact else f"~ {entry.rows}"


def count_change(pair: CountPair) -> str:
    """`12 → 12`; a number that fell says so."""
    before, after = pair.before, pair.after
    said = f"{rows_in_words(before)} → {rows_in_words(after)}"
    fell = before and after and (before.rows or 0) > (after.rows or 0) and before.exact and after.exact
    return f"{said} FEWER" if fell else said


def not_rehearsed(results: Iterable[TenantResult]) -> Counter[str]:
    """The files that could not be rehearsed, and in how many tenants."""
    steps = (step for result in results for step in result.migrations)
    return Counter(each.file for each in steps if each.status is StepStatus.NOT_REHEARSED)


def _step_sentence(step: MigrationStep | SeedStep, subject: str) -> str:
    error = step.error
    if error is None:
        return ""
    where = f", line {error.line} column {error.column}" if error.line else ""
    state = f" (SQLSTATE {error.sqlstate})" if error.sqlstate else ""
    return f"{subject}{where}: {error.message}{state}"


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
