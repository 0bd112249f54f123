"""The distinct scripts of a plan as entries of its document."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.rollout_plan import Gate, HazardEntry, LargestTable, ScriptEntry
from pgfleet.fleet.model import HazardPolicy
from pgfleet.hazards.codes import HazardCode
from pgfleet.hazards.dynamic import NAME
from pgfleet.hazards.model import Finding, Relation
from pgfleet.hazards.squawk import Lint, add_lint
from pgfleet.manifest.model import Manifest
from pgfleet.rollout.planned_scripts import PlannedScript, plan_key, planned_scripts

ORDER = {code: place for place, code in enumerate(HazardCode)}
Found = tuple[PlannedScript, Sequence[TenantPlan]]


def list_scripts(
    plans: Iterable[TenantPlan], manifest: Manifest, policy: HazardPolicy, lint: Mapping[str, Sequence[Lint]]
) -> tuple[ScriptEntry, ...]:
    """Each script that some tenant's plan runs, once; its hazards are those in any tenant.

    `lint` are squawk's findings by file; none if squawk did not run.
    """
    groups: dict[tuple[object, ...], list[TenantPlan]] = {}
    for plan in plans:
        groups.setdefault(plan_key(plan), []).append(plan)
    found: dict[tuple[str, str], list[Found]] = {}
    for tenants in groups.values():
        for script in planned_scripts(tenants[0], manifest):
            found.setdefault(script.key, []).append((script, tenants))
    places = {each.version: place for place, each in enumerate(manifest.migrations)}
    entries = (_entry(each, policy, lint) for each in found.values())
    return tuple(sorted(entries, key=lambda each: _place(each, places)))


def tables_by_plan(
    plans: Iterable[TenantPlan], manifest: Manifest
) -> Mapping[tuple[object, ...], tuple[Relation, ...]]:
    """The existing tables that the hazards of each plan are about, by the plans' keys."""
    distinct = {plan_key(each): each for each in plans}
    return {key: tuple(_tables(each, manifest)) for key, each in distinct.items()}


def _tables(plan: TenantPlan, manifest: Manifest) -> Iterator[Relation]:
    found = (each.hazard.relation for script in planned_scripts(plan, manifest) for each in script.findings)
    yield from (each for each in dict.fromkeys(found) if each is not None and each.name != NAME)


def _place(entry: ScriptEntry, places: Mapping[str, int]) -> tuple[int, int]:
    """Migrations in the manifest's order, newest first if they are reverted; then repairs; then seeds."""
    if entry.version is not None:
        place = places[entry.version]
        return (0, -place if Action.REVERT in entry.actions else place)
    return (1 if entry.seed is None else 2, 0)


def _entry(found: Sequence[Found], policy: HazardPolicy, lint: Mapping[str, Sequence[Lint]]) -> ScriptEntry:
    first = found[0][0]
    hazards: dict[tuple[object, ...], HazardEntry] = {}
    for script, _ in found:
        for each in add_lint(script.sql, script.findings, lint.get(script.file or "", ())):
            entry = _hazard(each, script, policy)
            hazards.setdefault((entry.line, entry.code, entry.object), entry)
    return ScriptEntry(
        title=first.title,
        file=first.file,
        version=first.version,
        seed=first.seed,
        actions=tuple(dict.fromkeys(script.action for script, _ in found if script.action)),
        tenants=sum(len(tenants) for _, tenants in found),
        sql=first.sql,
        hazards=tuple(sorted(hazards.values(), key=lambda each: (ORDER[each.code], each.line or 0))),
        tables=tuple(_largest(found)),
    )


def _hazard(finding: Finding, script: PlannedScript, policy: HazardPolicy) -> HazardEntry:
    hazard = finding.hazard
    return HazardEntry(
        code=hazard.code,
        line=finding.line,
        statement=finding.statement or None,
        object=hazard.object or None,
        detail=hazard.detail or None,
        source="squawk" if finding.is_from_squawk else "analysis",
        gate=_gate(finding, script, policy),
    )


def _gate(finding: Finding, script: PlannedScript, policy: HazardPolicy) -> Gate | None:
    """What the policy says; squawk knows less than our own analysis, so what only it finds denies nothing."""
    code = finding.hazard.code
    if code in policy.deny and not finding.is_from_squawk:
        is_allowed = code in script.allows or finding in script.own
        return Gate.ALLOWED if is_allowed else Gate.DENY
    return Gate.WARN if code in policy.warn or code in policy.deny else None


def _largest(found: Sequence[Found]) -> Iterator[LargestTable]:
    """For each table that the script concerns, its size in the tenant in which it is the largest."""
    concerned = {str(each.hazard.relation) for script, _ in found for each in script.findings if each.hazard.relation}
    largest: dict[str, LargestTable] = {}
    for tenant in (each for _, tenants in found for each in tenants):
        for size in tenant.tables:
            known = largest.get(size.table)
            if size.table in concerned and (known is None or size.bytes > known.bytes):
                largest[size.table] = LargestTable(tenant=tenant.name, **size.model_dump())
    yield from sorted(largest.values(), key=lambda each: -each.bytes)
