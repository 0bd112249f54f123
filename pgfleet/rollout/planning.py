"""From a tenant's audit to its plan."""

from collections.abc import Collection, Iterable, Iterator

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import INCONCLUSIVE, TenantEntry, Verdict
from pgfleet.documents.findings import DifferenceEntry, MigrationEntry, MigrationStatus, SeedStatus
from pgfleet.documents.plan import RUNS, AcceptedObject, Action, FirstContact, PlannedMigration, Scope, TenantPlan
from pgfleet.errors import FleetError
from pgfleet.fleet.pooler import Pooler
from pgfleet.manifest.model import Manifest, Migration, Priority, ToolLedger
from pgfleet.rollout.adoption import check_adoption, plan_adoption
from pgfleet.rollout.advice import advise
from pgfleet.rollout.drift import drift_action, may_not_rerun, recreated, repair_statements, why_left
from pgfleet.rollout.preconditions import pooler_error, standby_error
from pgfleet.rollout.revalidate import is_recorded
from pgfleet.rollout.reverting import check_revert, plan_revert


def check_scope(scope: Scope, manifest: Manifest) -> None:
    """Raises FleetError if a version to rerun, adopt, or revert to is not in the manifest, or has another priority."""
    if scope.adopt_through:
        check_adoption(scope.adopt_through, manifest)
    if scope.revert_to:
        check_revert(scope.revert_to, manifest)
    for version in scope.rerun:
        migration = next((each for each in manifest.migrations if each.version == version), None)
        if migration is None:
            known = ", ".join(manifest.versions)
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
    if scope.adopt_through:
        return plan_adoption(entry, scope.adopt_through, manifest.ledger)
    ring = entry.ring or ""
    if entry.verdict in INCONCLUSIVE or entry.reason or expected is None:
        reason = entry.reason or "it could not be inspected"
        obstacle = entry.verdict if entry.verdict in INCONCLUSIVE else Verdict.UNKNOWN
        because = entry.unreachable_because
        return TenantPlan(
            name=entry.name,
            ring=ring,
            obstacle=obstacle,
            reason=reason,
            unreachable_because=because,
            script_fault=entry.script_fault,
        )
    if scope.revert_to:
        plan = plan_revert(entry, manifest, expected, scope.revert_to)
        return _obstructed_by_standby(plan) if entry.standby and not plan.is_idle else plan
    chosen = {each.version for each in manifest.migrations if is_within(each, scope)}
    wanted = [each for each in entry.migrations if each.version in chosen]
    recreate = tuple(dict.fromkeys(recreated(wanted, scope, entry.home)))
    lost = {each.version for each in wanted if may_not_rerun(each, recreate)}
    planned = tuple(_plan(each, scope, manifest.ledger, recreate) for each in wanted)
    planned = _add_reruns(planned, expected, lost)
    if entry.pooler is Pooler.TRANSACTION:
        planned = _refuse_behind_pooler(planned, manifest)
    plan = TenantPlan(
        name=entry.name,
        ring=ring,
        fingerprint=entry.fingerprint,
        migrations=planned,
        seeds=tuple(_missing_seeds(entry, manifest, scope)),
        statements=tuple(repair_statements(wanted, recreate)) if scope.repair else (),
        recreate=recreate,
        first_contact=_first_contact(entry, expected),
    )
    return _obstructed_by_standby(plan) if entry.standby and not plan.is_idle else plan


def _first_contact(entry: TenantEntry, expected: ExpectedCatalog) -> FirstContact | None:
    """The warning for a tenant that has tables, but none of the manifest's, and no applied migration."""
    if not entry.other_tables or (entry.position and entry.position.applied):
        return None
    tables = sum(each.kind is ObjectKind.TABLE for each in expected.objects)
    return FirstContact(manifest_tables=tables, other_tables=entry.other_tables)


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


def _plan(
    entry: MigrationEntry, scope: Scope, ledger: ToolLedger | None, recreate: Collection[str]
) -> PlannedMigration:
    action = _action(entry, scope, ledger, recreate)
    accepted = entry.differences if action is Action.SKIP else ()
    return PlannedMigration(
        version=entry.version,
        action=action,
        altered=entry.altered,
        ledger=entry.ledger,
        accepted=tuple(accepted_object(each) for each in accepted),
        reason=why_left(entry, recreate) if action is Action.LEAVE else None,
    )


def accepted_object(difference: DifferenceEntry) -> AcceptedObject:
    """Identifies an accepted difference, so that the rollout recognizes it."""
    return AcceptedObject(kind=difference.kind, identity=difference.identity, change=difference.change)


def _action(entry: MigrationEntry, scope: Scope, ledger: ToolLedger | None, recreate: Collection[str]) -> Action:
    if entry.accepted and entry.version not in scope.rerun:
        return Action.SKIP
    if entry.status is MigrationStatus.PENDING:
        return Action.APPLY
    if entry.status is MigrationStatus.DRIFTED:
        return drift_action(entry, scope, recreate)
    if entry.version in scope.rerun:
        return Action.RERUN
    return Action.SKIP if is_recorded(entry.ledger, ledger, in_tool_ledger=entry.in_tool_ledger) else Action.ADOPT


def _add_reruns(
    planned: tuple[PlannedMigration, ...], expected: ExpectedCatalog, lost: Collection[str]
) -> tuple[PlannedMigration, ...]:
    """The migrations, rerunning every applied one that changes an object after a migration that is run again.

    CREATE OR REPLACE FUNCTION in an earlier migration undoes what a later one changed. A migration with accepted
    differences is not rerun, nor is one of which a table or column is `lost`; if the earlier script damages it, the
    earlier one is not proven and rolls back.
    """
    affected: set[str] = set()
    result = []
    for each in planned:
        is_affected = (
            each.version in affected and each.action not in RUNS and not each.accepted and each.version not in lost
        )
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
