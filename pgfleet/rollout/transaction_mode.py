"""One transaction for all of a tenant's rollout: what it cannot contain, and what a failure leaves."""

from collections.abc import Iterable

from pgfleet.documents.plan import RUNS, Action, PlannedMigration, TenantPlan
from pgfleet.documents.repair import RepairResult
from pgfleet.documents.rollout import CountPair, MigrationStep, SeedStep, StepStatus, TenantResult
from pgfleet.fleet.model import TransactionMode
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.rollout.results import DONE_BEFORE


def plan_in_mode(plan: TenantPlan, mode: TransactionMode, manifest: Manifest) -> TenantPlan:
    """The plan, refusing in one transaction per tenant every script that cannot run in one."""
    if mode is TransactionMode.MIGRATION:
        return plan
    migrations = {each.version: each for each in manifest.migrations}
    planned = tuple(_in_one_transaction(each, migrations[each.version]) for each in plan.migrations)
    return plan.model_copy(update={"migrations": planned, "transaction": mode})


def _in_one_transaction(planned: PlannedMigration, migration: Migration) -> PlannedMigration:
    file = None
    if planned.action in RUNS and not migration.transactional:
        file = migration.file
    elif planned.action is Action.REVERT and migration.down and not migration.down.transactional:
        file = migration.down.script.file
    if file is None:
        return planned
    reason = f'{file} runs outside a transaction, which transaction = "tenant" does not allow; use "migration" for it'
    return planned.model_copy(update={"action": Action.REFUSE, "reason": reason})


def roll_back(result: TenantResult) -> TenantResult:
    """The result of a tenant whose transaction failed and was rolled back: nothing was done."""
    failed = find_failed(result.migrations, result.seeds)
    detail = f"rolled back, because {failed or ('the repair' if result.repair else 'the commit')} failed"
    undone: dict[str, object] = {"status": StepStatus.ROLLED_BACK, "detail": detail}
    undone_seed = {**undone, "rows_added": None}
    migrations, seeds = result.migrations, result.seeds
    counts = (CountPair(table=each.table, before=each.before, after=each.before) for each in result.counts)
    repair = result.repair
    if repair and repair.result is RepairResult.REPAIRED:
        repair = repair.model_copy(update={"result": RepairResult.FAILED, "detail": detail})
    return result.model_copy(
        update={
            "migrations": tuple(each.model_copy(update=undone) if _is_undone(each) else each for each in migrations),
            "seeds": tuple(each.model_copy(update=undone_seed) if _is_undone(each) else each for each in seeds),
            "repair": repair,
            "counts": tuple(counts),
        }
    )


def find_failed(migrations: Iterable[MigrationStep], seeds: Iterable[SeedStep]) -> str | None:
    """The version of the first migration that failed, or the name of a seed; None if nothing did."""
    versions = (each.version for each in migrations if each.status is StepStatus.FAILED)
    names = (f"seed {each.name}" for each in seeds if each.status is StepStatus.FAILED)
    return next(versions, None) or next(names, None)


def _is_undone(step: MigrationStep | SeedStep) -> bool:
    """Whether the step was done in this transaction, not by another run before."""
    return step.status is StepStatus.DONE and step.detail not in DONE_BEFORE
