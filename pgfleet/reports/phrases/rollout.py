"""Plans, rollouts and rings in words that a person who has never seen the code understands."""

from collections import Counter
from collections.abc import Mapping, Sequence

from pgfleet.documents.plan import Action, RolloutPlan, TenantPlan
from pgfleet.documents.rollout import (
    ErrorEntry,
    MigrationStep,
    RingEntry,
    RingOutcome,
    SeedStep,
    StepStatus,
    WatchEntry,
)
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.rollout.failure_groups import FAULTY
from pgfleet.rollout.summary import format_summary

ACTION_MEANS = {
    Action.APPLY: "nothing of it is there: its script is run",
    Action.REAPPLY: "some of it is missing or changed: its script is run again",
    Action.RERUN: "it is there, and its script is run again: asked for, or an earlier script undoes part of it",
    Action.ADOPT: "it is there: that is written into the ledger, and nothing is run",
    Action.REFUSE: "its script cannot be run the way the tenant is reached: nothing of it is begun",
}
"""The actions that are told, in that order."""
ACTION_DONE = {
    Action.APPLY: "applied",
    Action.REAPPLY: "healed",
    Action.RERUN: "rerun",
    Action.ADOPT: "adopted",
    Action.SKIP: "already there",
    Action.REFUSE: "refused",
}
STATUS_WORD = {
    StepStatus.FAILED: "failed",
    StepStatus.NOT_REACHED: "not reached",
    StepStatus.NOT_EXERCISED: "not rehearsed",
    StepStatus.SKIPPED: "already there",
}


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
    idle = sum(each.is_idle for each in plan.tenants)
    obstacles = Counter(each.obstacle for each in plan.tenants if each.obstacle)
    said = [", ".join(parts), f"nothing to do in {idle}" if idle else ""]
    said += [f"{number} {verdict}" for verdict, number in obstacles.items()]
    return f"{tenant_count(len(plan.tenants))}: {'; '.join(filter(None, said))}" if plan.tenants else "no tenants"


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


def ring_sentence(ring: RingEntry) -> str:
    """How the ring ended, and why if it halted: `ring early halted: 2 tenants of it failed, and 0 may`."""
    return f"ring {ring.name} {ring.outcome.replace('_', ' ')}{f': {ring.reason}' if ring.reason else ''}"


def ring_facts(ring: RingEntry) -> Mapping[str, str]:
    """What came of the ring's tenants, and what was done after it; empty where there is nothing to say."""
    failures = sum(ring.tenants.get(each, 0) for each in FAULTY)
    was_begun = ring.outcome is not RingOutcome.NOT_REACHED
    return {
        "tenants": format_summary(ring.tenants).split(": ", 1)[-1],
        "failures": f"{failures}, {ring.budget} allowed" if was_begun else "",
        "restarted": ", ".join(each.service if each.restarted else f"NOT {each.service}" for each in ring.restarts),
        "watched": "" if ring.watched_seconds is None else f"{ring.watched_seconds:g} s: {_watch_words(ring.watch)}",
        "soaked": "" if ring.soaked_seconds is None else f"{ring.soaked_seconds:g} s",
    }


def error_sentence(error: ErrorEntry) -> str:
    """The message, with the SQLSTATE where there is one."""
    return f"{error.message} (SQLSTATE {error.sqlstate})" if error.sqlstate else error.message


def is_unseen(entry: WatchEntry) -> bool:
    """Whether nothing could be read of a watched table."""
    return entry.overdue is entry.taken is entry.updates is entry.scans is None


def plural(number: int, noun: str) -> str:
    """`1 migration`, `2 migrations`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _watch_words(entries: Sequence[WatchEntry]) -> str:
    found, unseen = sum(each.is_finding for each in entries), sum(map(is_unseen, entries))
    return f"{plural(found, 'finding') if found else 'no findings'}{f', {unseen} not seen' if unseen else ''}"
