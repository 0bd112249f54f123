"""The scripts that the plan of a tenant runs, in their order, with their hazards."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pgfleet.documents.plan import RUNS, Action, TenantPlan
from pgfleet.hazards.codes import HazardCode
from pgfleet.hazards.created import Created
from pgfleet.hazards.model import Finding, Hazard
from pgfleet.hazards.scripts import Scripts, created_by
from pgfleet.manifest.model import DownScript, Manifest, Migration


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedScript:
    """One script: a migration's if it has a `version`, a `seed`'s, or the statements of a repair.

    `allows` are the hazards that its author intends; `own` are the findings about what a reverted migration created.
    """

    title: str
    sql: str
    findings: tuple[Finding, ...]
    file: str | None = None
    version: str | None = None
    seed: str | None = None
    action: Action | None = None
    allows: frozenset[HazardCode] = frozenset()
    own: frozenset[Finding] = frozenset()

    @property
    def key(self) -> tuple[str, str]:
        """Identifies the script among those of all tenants."""
        return self.title, self.sql


def planned_scripts(plan: TenantPlan, manifest: Manifest) -> tuple[PlannedScript, ...]:
    """What will run in the tenant, with its hazards there: what an earlier script of the plan creates is new."""
    if not runs_scripts(plan):
        return ()
    actions = {each.version: each.action for each in plan.migrations}
    scripts = Scripts()
    if Action.REVERT in actions.values():
        for each in manifest.migrations:
            scripts.read(each.script.sql, is_run=False)
        down = {each.version: (each, each.down) for each in manifest.migrations if each.down}
        chosen = [each.version for each in plan.migrations if each.action is Action.REVERT and each.version in down]
        return tuple(_reverting(*down[each], scripts) for each in chosen)
    return tuple(_applying(plan, actions, manifest, scripts))


def runs_scripts(plan: TenantPlan) -> bool:
    """Whether the plan runs any script."""
    return any(plan_key(plan))


def plan_key(plan: TenantPlan) -> tuple[tuple[object, ...], ...]:
    """What the hazards of a tenant's plan depend on; tenants with the same key run the same scripts alike."""
    runs = tuple((each.version, each.action) for each in plan.migrations if each.action in RUNS | {Action.REVERT})
    return runs, plan.seeds, tuple(each.sql for each in plan.statements)


def _applying(
    plan: TenantPlan, actions: dict[str, Action], manifest: Manifest, scripts: Scripts
) -> Iterator[PlannedScript]:
    for each in manifest.migrations:
        action = actions.get(each.version)
        if action in RUNS:
            yield _running(each, action, scripts)
        else:
            scripts.read(each.script.sql, is_run=False)
    if plan.statements:
        scripts.forget_types()
        sql = "\n".join(f"{each.sql};" for each in plan.statements)
        yield PlannedScript(title="Repair", sql=sql, findings=scripts.read(sql, is_pending=False), action=Action.REPAIR)
    for seed in (each for each in manifest.seeds if each.name in plan.seeds):
        findings = scripts.read(seed.script.sql, is_pending=False)
        yield PlannedScript(
            title=f"Seed {seed.name}",
            file=seed.script.file,
            seed=seed.name,
            sql=seed.script.sql,
            findings=findings,
            allows=frozenset(seed.allows),
        )


def _running(migration: Migration, action: Action, scripts: Scripts) -> PlannedScript:
    is_new = action is Action.APPLY
    findings = scripts.read(migration.script.sql, is_pending=is_new)
    return PlannedScript(
        title=migration.file,
        file=migration.file,
        version=migration.version,
        sql=migration.script.sql,
        findings=(*_of_kind(migration, is_new=is_new), *findings),
        action=action,
        allows=frozenset(migration.allows),
    )


def _of_kind(migration: Migration, *, is_new: bool) -> Iterator[Finding]:
    """The hazards that are not those of a statement."""
    if not migration.transactional:
        yield Finding(hazard=Hazard(code=HazardCode.RUNS_OUTSIDE_TRANSACTION))
    if is_new and (migration.down is None or migration.down.problem):
        yield Finding(hazard=Hazard(code=HazardCode.NOT_REVERSIBLE))


def _reverting(migration: Migration, down: DownScript, scripts: Scripts) -> PlannedScript:
    findings = scripts.read(down.script.sql, is_pending=False)
    outside = (Finding(hazard=Hazard(code=HazardCode.RUNS_OUTSIDE_TRANSACTION)),) if not down.transactional else ()
    return PlannedScript(
        title=down.script.file,
        file=down.script.file,
        version=migration.version,
        sql=down.script.sql,
        findings=(*outside, *findings),
        action=Action.REVERT,
        allows=frozenset(migration.allows),
        own=frozenset(_own(findings, created_by(migration.script.sql))),
    )


def _own(findings: Iterable[Finding], created: Created) -> Iterator[Finding]:
    """The findings about tables and columns that the migration itself created."""
    columns = {f"{relation}.{column}" for relation, column in created.columns | created.presumed_columns}
    for each in findings:
        if created.is_new(each.hazard.relation) or each.hazard.object in columns:
            yield each
