"""From a tenant's audit to its plan."""

from collections.abc import Iterable, Iterator

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import (
    INCONCLUSIVE,
    DifferenceEntry,
    LedgerState,
    MigrationEntry,
    MigrationStatus,
    SeedStatus,
    TenantEntry,
    Verdict,
)
from pgfleet.documents.plan import RUNS, AcceptedObject, Action, PlannedMigration, Scope, TenantPlan
from pgfleet.errors import FleetError
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.model import Manifest, Migration, Priority
from pgfleet.rollout.advice import advise
from pgfleet.rollout.preconditions import pooler_error, standby_error

BY_STATUS = {
    MigrationStatus.PENDING: Action.APPLY,
    MigrationStatus.DRIFTED: Action.REAPPLY,
}


def check_scope(scope: Scope, manifest: Manifest) -> None:
    """Raises FleetError if a version to rerun is not in the manifest, or is excluded by the priority."""
    for version in scope.rerun:
        migration = next((each for each in manifest.migrations if each.version == version), None)
        if migration is None:
            known = ", ".join(each.version for each in manifest.migrations)
            raise FleetError("--rerun", version, f"not in the manifest, which has: {known}")
        if not is_within(migration, scope):
            raise FleetError("--rerun", version, f"is {migration.priority}, which --priority {scope.priority} excludes")


def is_within(migration: Migration, scope: Scope) -> bool:
    """Whether the migration is in the scope."""
    return scope.migrations and (scope.priority in {None, Priority.P1} or migration.priority is scope.priority)


def plan_tenant(entry: TenantEntry, manifest: Manifest, expected: ExpectedCatalog | None, scope: Scope) -> TenantPlan:
    """The plan for one audited tenant; `expected` is the expected catalog for its server.

    A tenant that could not be inspected, or a standby that would be written to, gets an obstacle instead. A migration
    whose differences are all accepted is skipped, unless it is to be rerun. A missing seed is imported if its migration
    is applied or will be.
    """
    ring = entry.ring or ""
    if entry.verdict in INCONCLUSIVE or expected is None:
        reason = entry.reason or "it could not be inspected"
        obstacle = entry.verdict if entry.verdict in INCONCLUSIVE else Verdict.UNKNOWN
        because = entry.unreachable_because
        return TenantPlan(name=entry.name, ring=ring, obstacle=obstacle, reason=reason, unreachable_because=because)
    chosen = {each.version for each in manifest.migrations if is_within(each, scope)}
    planned = _add_reruns(tuple(_plan(each, scope) for each in entry.migrations if each.version in chosen), expected)
    if entry.pooler is Pooler.TRANSACTION:
        planned = _refuse_behind_pooler(planned, manifest)
    plan = TenantPlan(
        name=entry.name,
        ring=ring,
        fingerprint=entry.fingerprint,
        migrations=planned,
        seeds=tuple(_missing_seeds(entry, manifest, scope)),
    )
    return _obstructed_by_standby(plan) if entry.standby and not plan.is_idle else plan


def _refuse_behind_pooler(planned: tuple[PlannedMigration, ...], manifest: Manifest) -> tuple[PlannedMigration, ...]:
    """The migrations, refusing those outside a transaction: their lock needs a session, which the pooler shares."""
    files = {each.version: each.file for each in manifest.migrations if not each.transactional}
    return tuple(
        _refused(each, files[each.version]) if each.action in RUNS and each.version in files else each
        for each in planned
    )


def _refused(planned: PlannedMigration, file: str) -> PlannedMigration:
    error = pooler_error(file)
    return planned.model_copy(update={"action": Action.REFUSE, "reason": f"{error}; {advise(error)}"})


def _obstructed_by_standby(plan: TenantPlan) -> TenantPlan:
    error = standby_error()
    return TenantPlan(
        name=plan.name,
        ring=plan.ring,
        obstacle=Verdict.UNREACHABLE,
        reason=str(error),
        unreachable_because=error.connect_failure,
    )


def _plan(entry: MigrationEntry, scope: Scope) -> PlannedMigration:
    action = _action(entry, scope)
    accepted = entry.differences if action is Action.SKIP else ()
    return PlannedMigration(
        version=entry.version,
        action=action,
        altered=entry.altered,
        ledger=entry.ledger,
        accepted=tuple(accepted_object(each) for each in accepted),
    )


def accepted_object(difference: DifferenceEntry) -> AcceptedObject:
    """Identifies an accepted difference, so that the rollout recognizes it."""
    return AcceptedObject(kind=difference.kind, identity=difference.identity, change=difference.change)


def _action(entry: MigrationEntry, scope: Scope) -> Action:
    if entry.accepted and entry.version not in scope.rerun:
        return Action.SKIP
    if entry.status in BY_STATUS:
        return BY_STATUS[entry.status]
    if entry.version in scope.rerun:
        return Action.RERUN
    return Action.SKIP if entry.ledger in {LedgerState.APPLIED, LedgerState.ADOPTED} else Action.ADOPT


def _add_reruns(planned: tuple[PlannedMigration, ...], expected: ExpectedCatalog) -> tuple[PlannedMigration, ...]:
    """The migrations, rerunning every applied one that changes an object after a migration that is run again.

    CREATE OR REPLACE FUNCTION in an earlier migration undoes what a later one changed. A migration with accepted
    differences is not rerun; if the earlier script damages it, the earlier one is not proven and rolls back.
    """
    affected: set[str] = set()
    result = []
    for each in planned:
        is_affected = each.version in affected and each.action not in RUNS and not each.accepted
        action = Action.RERUN if is_affected else each.action
        if action in {Action.REAPPLY, Action.RERUN}:
            affected |= expected.later_changers(each.version)
        result.append(each.model_copy(update={"action": action}))
    return tuple(result)


def _missing_seeds(entry: TenantEntry, manifest: Manifest, scope: Scope) -> Iterator[str]:
    applied = {each.version for each in entry.migrations if each.status is MigrationStatus.APPLIED}
    missing = {each.name for each in entry.seeds if each.status is SeedStatus.MISSING}
    skipped = {each.version for each in entry.migrations if each.accepted and each.status is MigrationStatus.PENDING}
    within = (applied | _within(manifest.migrations, scope)) - skipped
    for seed in manifest.seeds:
        urgent_enough = scope.priority is None or seed.requires in _within(manifest.migrations, scope)
        if seed.name in missing and seed.requires in within and urgent_enough:
            yield seed.name


def _within(migrations: Iterable[Migration], scope: Scope) -> set[str]:
    return {each.version for each in migrations if is_within(each, scope)}
