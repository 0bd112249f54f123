"""Repairs selected tenants."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet.documents.repair import RepairMode, TenantRepair
from pgfleet.errors import FleetError, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import Selection, Wave, cut_waves
from pgfleet.flows._run import open_run
from pgfleet.flows._waves import all_results, run_waves
from pgfleet.flows.repair_wave import REPAIR
from pgfleet.judge.summary import skipped_entries
from pgfleet.judge.tenant import check_scripts
from pgfleet.reports import events
from pgfleet.rollout.repair_results import digest_of, failed_repair, not_reached
from pgfleet.rollout.repair_summary import build_repair_document
from pgfleet.run import progress
from pgfleet.run.context import RunContext
from pgfleet.run.parameters import Described, DryRun, EnvironmentName, Labels, RingNames, TenantNames
from pgfleet.tasks.publish_repair import publish_repair
from pgfleet.tasks.support.events import announce
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.repair_states import repair_state
from pgfleet.tasks.support.results import REPAIR_DOCUMENT, save_result

NEVER = "none"
"""The digest of no repair: if none could be planned, none was approved, and none starts."""

PHASE = {RepairMode.PLAN: "plan", RepairMode.DRY_RUN: "dry run", RepairMode.REPAIR: "repair"}


def run_name() -> str:
    """`repair prod · 2026-11-24`, or `repair dry run prod · 2026-11-24`."""
    parameters: dict[str, Any] = runtime.flow_run.parameters
    kind = "repair dry run" if parameters.get("dry_run", True) else "repair"
    return f"{kind} {parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="repair", flow_run_name=run_name)
def repair_fleet(
    environment: EnvironmentName,
    tenants: TenantNames = None,
    rings: RingNames = None,
    dry_run: DryRun = True,
    digest: Annotated[
        str | None,
        Described("The digest that the dry run reported: the approved repair. Required unless this is a dry run."),
    ] = None,
    labels: Labels = None,
) -> State[Any]:
    """Fixes what drifted in the selected tenants: each tenant's repair is proven and committed as one transaction.

    Completed, named Dry run for a dry run, if nothing remains to be done; else Failed, Incomplete, or Refused if the
    repair now has another digest. Raises ConfigurationError for a wrong fleet file, manifest or selection.
    """
    if not dry_run and not digest:
        raise FleetError("digest", "", "is required: do a dry run first, and pass the digest that it reports")
    if not (tenants or rings):
        raise FleetError("tenants", "", "is required: name the tenants to repair, or rings")
    started_at, run_id = datetime.now(UTC), str(runtime.flow_run.id)
    selection, run = Selection.of(tenants, rings, labels), f"repair {environment} {run_id[:8]}"
    waves = [REPAIR[RepairMode.REPAIR].flow]
    with open_run(environment, selection, run=run, run_id=run_id, waves=waves) as context:
        found, reason = (_run(context, RepairMode.DRY_RUN), None) if dry_run else _repair(context, digest or "")
        skipped = skipped_entries(context.environment.skipped)
        times: dict[str, Any] = {"started_at": started_at, "finished_at": datetime.now(UTC)}
        document = build_repair_document(environment, run_id, found, skipped, dry_run=dry_run, reason=reason, **times)
        save_result(document, REPAIR_DOCUMENT, "The repair document")
        publish_repair(opaque(document))
        announce([events.of_repair(document)])
    return repair_state(document)


def _repair(context: RunContext, digest: str) -> tuple[list[TenantRepair], str | None]:
    """The results, or why nothing was done: the repair is planned again, and each tenant's must be the approved one."""
    planned = _run(context, RepairMode.PLAN)
    if digest_of(planned) != digest:
        now = digest_of(planned)[:12]
        reason = f"the approved repair is {digest[:12]}, and the repair is now {now}: do another dry run"
        return [not_reached(each) for each in planned], reason
    return _run(context, RepairMode.REPAIR, planned), None


def _run(context: RunContext, mode: RepairMode, planned: Sequence[TenantRepair] = ()) -> list[TenantRepair]:
    """The result of every tenant; a tenant whose wave failed has failed too."""
    digests = {each.name: each.digest or NEVER for each in planned}
    own_digests = {each.name: each.own_digest or NEVER for each in planned}

    def arguments(wave: Wave) -> dict[str, object]:
        return {
            "digests": {name: digests.get(name, NEVER) for name in wave.names},
            "own_digests": {name: own_digests.get(name, NEVER) for name in wave.names},
            "repair": context.run_id,
            "mode": mode,
        }

    progress.report_phase(PHASE[mode], len(context.environment.tenants))
    found = all_results(run_waves(REPAIR[mode], context, cut_waves(context.environment), arguments), _lost)
    check_scripts((each.script_fault for each in found), is_any_judged=any(each.error is None for each in found))
    return found


def _lost(tenant: Tenant, reason: str) -> TenantRepair:
    return failed_repair(tenant.name, tenant.ring, PgfleetError(reason))
