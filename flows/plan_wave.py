"""Plans one wave of tenants: what a rollout will do in each."""

from collections.abc import Sequence

from prefect import State, flow
from prefect.states import Completed

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.plan import Scope, TenantPlan
from pgfleet.flows._audits import UNSEEN, audit_tenants
from pgfleet.flows._wave import open_wave
from pgfleet.flows._waves import WaveKind
from pgfleet.judge.unchanged import inspections_in
from pgfleet.rollout.idle import note_findings
from pgfleet.rollout.planned_scripts import plan_key
from pgfleet.rollout.planning import plan_tenant
from pgfleet.rollout.script_entries import tables_by_plan
from pgfleet.rollout.transaction_mode import plan_in_mode
from pgfleet.run.context import Granularity, RunContext
from pgfleet.tasks.measure_tables import measure_tables
from pgfleet.tasks.support.inspections import INSPECTIONS, load_inspections
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import INSPECTED, PLANS, save_wave_result


@flow(name="plan-wave", persist_result=False, flow_run_name="plan {number} · {ring}")
def plan_wave(
    environment: str, ring: str, number: int, tenants: list[str], scope: Scope, granularity: Granularity
) -> State[None]:
    """Audits these tenants of one ring, and saves their plans with the flow run. Changes nothing."""
    with open_wave(environment, ring, tenants, run=f"plan {environment} wave {number}") as survey:
        context = survey.context
        context.earlier = load_inspections(context.environment)
        entries = audit_tenants(survey, granularity, UNSEEN)
        plans = _measured([_plan(each, context, scope) for each in entries], context)
    save_wave_result(inspections_in(entries), INSPECTIONS, "For the next inspection of these tenants", kind=INSPECTED)
    save_wave_result(plans, PLANS, "Tenants of this wave, as in the plan")
    return Completed(message=f"{sum(each.changes for each in plans)} of {len(plans)} tenants need changes")


def _plan(entry: TenantEntry, context: RunContext, scope: Scope) -> TenantPlan:
    plan = plan_tenant(entry, context.manifest, _expected(entry, context), scope)
    plan = plan_in_mode(plan, context.environment.policy.rollout.transaction, context.manifest)
    return note_findings(plan, entry)


def _measured(plans: Sequence[TenantPlan], context: RunContext) -> tuple[TenantPlan, ...]:
    """The plans with the sizes of the tables that their scripts concern; most plans concern none."""
    tables = tables_by_plan(plans, context.manifest)
    wanted = {each.name: found for each in plans if (found := tables[plan_key(each)])}
    sizes = measure_tables(opaque(wanted), opaque(context)) if wanted else {}
    return tuple(each.model_copy(update={"tables": sizes.get(each.name, ())}) for each in plans)


def _expected(entry: TenantEntry, context: RunContext) -> ExpectedCatalog | None:
    """The expected catalog for the tenant's server; None if it is unknown."""
    tenant = context.tenant(entry.name)
    major = int(entry.server_version.split(".")[0]) if entry.server_version else 0
    found = context.expectations.get(context.replay(major, tenant.home))
    return found if isinstance(found, ExpectedCatalog) else None


PLAN: WaveKind[TenantPlan] = WaveKind(flow=plan_wave, form=PLANS, task_run="audit {}")
