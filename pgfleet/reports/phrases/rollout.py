"""Plans, results of tenants, and rings, in sentences."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.plan import Action, FirstContact, TenantPlan
from pgfleet.documents.ring import RingEntry, RingOutcome, WatchEntry
from pgfleet.documents.rollout import MigrationStep, Result, SeedStep, StepStatus, TenantResult
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.judge.summary import format_summary, tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.phrases.migration_runs import fold_versions
from pgfleet.rollout.failures import FAULTY
from pgfleet.rollout.revalidate import ACTION_DONE
from pgfleet.wording import group_names, plural

Step = MigrationStep | SeedStep
Met = tuple[ErrorEntry, Step | None]
"""An error, and the step that met it."""

SECOND_MS, MINUTE_MS = 1_000, 60_000
MOST_UNCOUNTED = 3
DRY_RUN_NOTICE = "This was a dry run: every change was rolled back."
REASON_UNKNOWN = "reason unknown"
ACTION_MEANS = {
    Action.APPLY: "runs the script: not applied yet",
    Action.REAPPLY: "runs the script again: an object is missing or changed",
    Action.RERUN: "runs the script again: on request, or because an earlier script undoes part of it",
    Action.ADOPT: "runs nothing, records it in the ledger: applied already",
    Action.REPAIR: "runs generated statements, which fix its drift",
    Action.LEAVE: "runs nothing: drifted, and running the script again is not proven to fix that",
    Action.REVERT: "runs the down script: applied, and to be reverted",
    Action.REFUSE: "runs nothing: the script cannot run in the tenant",
}
"""The actions that a report mentions, in this order."""
STATUS_WORD = {
    StepStatus.FAILED: "failed",
    StepStatus.NOT_REACHED: "not reached",
    StepStatus.ROLLED_BACK: "rolled back",
    StepStatus.NOT_EXERCISED: "not exercised",
    StepStatus.SKIPPED: "already applied",
}
UNFIXED = {Action.LEAVE: "drifted", Action.REPAIR: "not repaired"}
RESULT_MEANS = {
    Result.FAILED: "at least one step failed; unproven changes were rolled back",
    Result.UNREACHABLE: "could not connect",
    Result.NOT_REACHED: "the rollout halted first",
    Result.PARTLY_EXERCISED: "the dry run could not exercise all of the plan",
    Result.DONE: "the plan was carried out",
    Result.UNCHANGED: "nothing to do",
}


def plan_sentence(plan: RolloutPlan) -> str:
    """`12 tenants: apply 9 migrations in 2, reapply 5 in 5, apply 1 seed in 1; nothing to do in 3; 1 unreachable`."""
    tally = Counter((each.action, tenant.name) for tenant in plan.tenants for each in tenant.migrations)
    parts: list[str] = []
    for action in ACTION_MEANS:
        steps = [number for (found, _), number in tally.items() if found is action]
        what = str(sum(steps)) if parts else plural(sum(steps), "migration")
        parts += [f"{action} {what} in {len(steps)}"] if steps else []
    seeds = [len(each.seeds) for each in plan.tenants if each.seeds]
    parts += [f"apply {plural(sum(seeds), 'seed')} in {len(seeds)}"] if seeds else []
    idle = sum(each.is_idle and not any(one.action is Action.LEAVE for one in each.migrations) for each in plan.tenants)
    obstacles = Counter(each.obstacle for each in plan.tenants if each.obstacle)
    all_parts = [", ".join(parts), f"nothing to do in {idle}" if idle else ""]
    all_parts += [f"{number} {verdict}" for verdict, number in obstacles.items()]
    return f"{tenant_count(len(plan.tenants))}: {'; '.join(filter(None, all_parts))}" if plan.tenants else "no tenants"


def tenant_plan_sentence(plan: TenantPlan, manifest: Manifest) -> str:
    """`apply all 7 migrations; apply seed policy_rules`, or why nothing can be done."""
    if plan.obstacle:
        return f"{plan.obstacle}: {plan.reason}"
    order = manifest.versions
    parts = []
    for action in ACTION_MEANS:
        versions = [each.version for each in plan.migrations if each.action is action]
        is_all = len(versions) == len(order) > 1
        which = f"all {len(versions)} migrations" if is_all else list_versions(versions, order)
        parts += [f"{action} {which}"] if versions else []
    parts += [f"apply seed {', '.join(plan.seeds)}"] if plan.seeds else []
    altered = [each.version for each in plan.migrations if each.altered]
    note = f" (file changed since it was applied: {list_versions(altered, order)})" if altered else ""
    return f"{'; '.join(parts) or 'nothing to do'}{note}"


def result_sentence(result: TenantResult, order: Sequence[str]) -> str:
    """Why the tenant failed, or what was done in it: `applied 25: 0039 … 0063`. `order` is the manifest's."""
    errors: dict[str, list[Met]] = {}
    for met in errors_of(result):
        errors.setdefault(error_sentence(met[0]), []).append(met)
    faults = [f"{message} {place_text(met, order)}".strip() for message, met in errors.items()]
    if faults or result.reason:
        return "; ".join(faults) or result.reason or ""
    steps = [each for each in result.migrations if each.status is not StepStatus.SKIPPED]
    words = group_names((step_word(each), each.version) for each in steps)
    parts = [f"{word} {list_versions(versions, order)}" for word, versions in words.items()]
    parts += [f"seed {seed_sentence(each)}" for each in result.seeds if each.status is not StepStatus.SKIPPED]
    if result.remaining:
        parts.append(f"{plural(len(result.remaining), 'finding')} remaining")
    return "; ".join(parts) or "nothing to do"


def errors_of(result: TenantResult) -> Iterator[Met]:
    """Each error of a tenant once, with the step that met it; None where it is the tenant's own.

    An error that ends the work in a tenant is stored both with its step and with the tenant.
    """
    steps: list[Met] = [(each.error, each) for each in steps_of(result) if each.error]
    own = result.error
    if own is None and not steps and result.result in FAULTY:
        own = ErrorEntry(message=result.reason or REASON_UNKNOWN)
    if own and own not in [error for error, _ in steps]:
        yield own, None
    if result.repair and result.repair.error:
        yield result.repair.error, None
    yield from steps


def steps_of(result: TenantResult) -> tuple[Step, ...]:
    """Migrations, then seeds."""
    return *result.migrations, *result.seeds


def place_text(found: Sequence[Met], order: Sequence[str]) -> str:
    """Where one error was met: `at 2_two.sql, line 4 column 7`, `in 23: 0041 … 0063`; empty if unknown."""
    error, step = found[0]
    subjects = dict.fromkeys(subject_of(each) for _, each in found if each)
    if len(subjects) > 1:
        return f"in {list_versions(tuple(subjects), order)}"
    if error.line:
        return f"at {error.file}, line {error.line} column {error.column}"
    return f"in {step.file if isinstance(step, MigrationStep) else subject_of(step)}" if step else ""


def list_versions(versions: Sequence[str], order: Sequence[str]) -> str:
    """`0001, 0003`, and of more than MOST_UNCOUNTED `25: 0039 … 0063`."""
    folded = fold_versions(versions, order)
    return folded if len(versions) <= MOST_UNCOUNTED else f"{len(versions)}: {folded}"


def about_migrations(versions: Sequence[str], files: Mapping[str, str]) -> str:
    """`0039_orders.sql`, `0040, 0041`, `24 migrations (0040 … 0063)`; `files` are the manifest's, in its order."""
    if len(versions) == 1:
        return files.get(versions[0], versions[0])
    folded = fold_versions(versions, tuple(files))
    return folded if len(versions) <= MOST_UNCOUNTED else f"{len(versions)} migrations ({folded})"


def subject_of(step: Step) -> str:
    """`20250315`, `seed policy_rules`."""
    return step.version if isinstance(step, MigrationStep) else f"seed {step.name}"


def step_word(step: Step) -> str:
    """`applied`, `reapplied`, `failed`, `not reached` and so on."""
    if isinstance(step, MigrationStep) and is_unfixed(step):
        return UNFIXED[step.action]
    if step.status is not StepStatus.DONE:
        return STATUS_WORD[step.status]
    return ACTION_DONE[step.action] if isinstance(step, MigrationStep) else "applied"


def is_unfixed(step: Step) -> bool:
    """Whether it is a migration whose drift was not fixed."""
    return isinstance(step, MigrationStep) and step.status is StepStatus.SKIPPED and step.action in UNFIXED


def seed_sentence(step: SeedStep) -> str:
    """`policy_rules applied (14 rows)`."""
    added = f" ({plural(step.rows_added, 'row')})" if step.rows_added is not None else ""
    return f"{step.name} {step_word(step)}{added}"


def ring_sentence(ring: RingEntry) -> str:
    """`Ring early halted: 2 failures, 0 allowed`, `Ring main completed; 2 tenants still have findings`."""
    findings = f"; {findings_text(ring.findings)}" if ring.findings else ""
    return f"Ring {ring.name} {ring.outcome.replace('_', ' ')}{f': {ring.reason}' if ring.reason else ''}{findings}"


def findings_text(tenants: int) -> str:
    """`2 tenants still have findings`."""
    return f"{tenant_count(tenants)} still {'has' if tenants == 1 else 'have'} findings"


def ring_facts(ring: RingEntry) -> Mapping[str, str]:
    """The results of the ring's tenants, and what followed them; empty where there is nothing to report."""
    failures = sum(ring.tenants.get(each, 0) for each in FAULTY)
    was_begun = ring.outcome is not RingOutcome.NOT_REACHED
    return {
        "tenants": format_summary(ring.tenants).split(": ", 1)[-1],
        "failures": f"{failures}, {ring.budget} allowed" if was_begun else "",
        "restarted": ", ".join(each.service if each.restarted else f"NOT {each.service}" for each in ring.restarts),
        "watched": "" if ring.watched_seconds is None else f"{ring.watched_seconds:g} s: {_watch_facts(ring.watch)}",
        "soaked": "" if ring.soaked_seconds is None else f"{ring.soaked_seconds:g} s",
    }


def duration_text(duration_ms: float) -> str:
    """`85 ms`, `1.2 s`, `12 min`."""
    if duration_ms < SECOND_MS:
        return f"{duration_ms:.0f} ms"
    is_short = duration_ms < 2 * MINUTE_MS
    return f"{duration_ms / SECOND_MS:.1f} s" if is_short else f"{duration_ms / MINUTE_MS:.0f} min"


def error_sentence(error: ErrorEntry) -> str:
    """The message, with the SQLSTATE where there is one."""
    return f"{error.message} (SQLSTATE {error.sqlstate})" if error.sqlstate else error.message


def is_unread(entry: WatchEntry) -> bool:
    """Whether the watched table could not be read."""
    return entry.overdue is entry.taken is entry.updates is entry.scans is None


def first_contact_sentence(found: FirstContact) -> str:
    """`none of this manifest's 8 tables exist here; 214 other tables do`."""
    others = f"{plural(found.other_tables, 'other table')} {'does' if found.other_tables == 1 else 'do'}"
    if found.manifest_tables == 1:
        return f"this manifest's table does not exist here; {others}"
    return f"none of this manifest's {plural(found.manifest_tables, 'table')} exist here; {others}"


def _watch_facts(entries: Sequence[WatchEntry]) -> str:
    found, unread = sum(each.is_finding for each in entries), sum(map(is_unread, entries))
    return f"{plural(found, 'finding') if found else 'no findings'}{f', {unread} not read' if unread else ''}"
