"""The repair of chosen tenants."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import State, flow, runtime
from pydantic import Field

from pgfleet.documents.repair import RepairMode, TenantRepair
from pgfleet.errors import FleetError, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import cut_waves
from pgfleet.flows._waves import of_all, run_waves
from pgfleet.flows.repair_wave import repair_wave
from pgfleet.judge.summary import skipped_entries
from pgfleet.postgres.read.run_context import load_context
from pgfleet.reports import events
from pgfleet.rollout.repair_results import digest_of, failed_repair, not_reached
from pgfleet.rollout.repair_summary import build_repair_document
from pgfleet.run import progress
from pgfleet.run.context import RunContext
from pgfleet.run.parameters import Described, DryRun, EnvironmentName, Label, Name
from pgfleet.tasks.publish_repair import publish_repair
from pgfleet.tasks.support.events import announce
from pgfleet.tasks.support.progress_artifact import publishing_progress
from pgfleet.tasks.support.repair_states import repair_state
from pgfleet.tasks.support.results import REPAIR_DOCUMENT, REPAIRS, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.tags import tag_run
from pgfleet.tasks.support.work_pools import refuse_undeployed

NEVER = "none"
"""The digest of nothing: where no repair could be planned, none was agreed to, and none is begun."""

PHASE = {RepairMode.PLAN: "plan", RepairMode.DRY_RUN: "dry run", RepairMode.REPAIR: "repair"}


def run_name() -> str:
    """`repair prod · 2026-11-24`, or `repair dry run prod · 2026-11-24`."""
    parameters: dict[str, Any] = runtime.flow_run.parameters
    kind = "repair dry run" if parameters.get("dry_run", True) else "repair"
    return f"{kind} {parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="repair", flow_run_name=run_name)
def repair_fleet(
    environment: EnvironmentName,
    tenants: Annotated[list[Name], Field(min_length=1), Described("These tenants, by name or pattern: acme, acme-*.")],
    dry_run: DryRun = True,
    digest: Annotated[
        str | None,
        Described("The digest that the dry run told: what is agreed to. Required unless rehearsed."),
    ] = None,
    labels: Annotated[
        list[Label] | None, Described("Of these, those with these labels alone: region=eu, tier=g*.")
    ] = None,
) -> State[Any]:
    """Puts right what drifted in the chosen tenants: each one's repair proven and committed as a whole, or not at all.

    Completed, or named Rehearsed, if nothing is left to be done; else Failed as Failed, Incomplete, or Refused: what
    would be run now has another digest. Raises ConfigurationError for a wrong fleet file, manifest or choice.
    """
    if not dry_run and not digest:
        raise FleetError("digest", "", "is required: rehearse first, and name the digest that the dry run tells")
    started_at, run_id = datetime.now(UTC), str(runtime.flow_run.id)
    run = f"repair {environment} {run_id[:8]}"
    context = load_context(
        environment, tenants=tenants, labels=labels or (), run=run, run_id=run_id, slots=prefect_slots
    )
    tag_run(f"env:{environment}")
    refuse_undeployed(context.environment, [repair_wave])
    with publishing_progress(f"progress-{environment}"):
        found, reason = (_go(context, RepairMode.DRY_RUN), None) if dry_run else _repair(context, digest or "")
        skipped = skipped_entries(context.environment.skipped)
        times: dict[str, Any] = {"started_at": started_at, "finished_at": datetime.now(UTC)}
        document = build_repair_document(environment, run_id, found, skipped, dry_run=dry_run, reason=reason, **times)
        save_result(document, REPAIR_DOCUMENT, "The repair document")
        publish_repair(document)
        announce([events.of_repair(document)])
    return repair_state(document)


def _repair(context: RunContext, digest: str) -> tuple[list[TenantRepair], str | None]:
    """What came of it, or why nothing was done: it is planned anew, and each tenant is bound to its own plan."""
    planned = _go(context, RepairMode.PLAN)
    if digest_of(planned) != digest:
        now = digest_of(planned)[:12]
        said = f"the repair that was agreed to is {digest[:12]}, and it is {now} now: rehearse again"
        return [not_reached(each) for each in planned], said
    return _go(context, RepairMode.REPAIR, planned), None


def _go(context: RunContext, mode: RepairMode, planned: Sequence[TenantRepair] = ()) -> list[TenantRepair]:
    """Every tenant; what a wave that broke off has not left is not known to be done."""
    environment, waves = context.environment, cut_waves(context.environment)
    whole = {each.name: each.digest or NEVER for each in planned}
    own = {each.name: each.own_digest or NEVER for each in planned}
    progress.report_phase(PHASE[mode], len(environment.tenants))
    calls = [
        (environment.name, wave[0].ring, number, _agreed(wave, whole), _agreed(wave, own), context.run_id, mode)
        for number, wave in enumerate(waves, start=1)
    ]
    outcomes = run_waves(repair_wave, REPAIRS, context, calls)
    return of_all(outcomes, waves, _lost)


def _lost(tenant: Tenant, reason: str) -> TenantRepair:
    return failed_repair(tenant.name, tenant.ring, PgfleetError(reason))


def _agreed(wave: Sequence[Tenant], digests: Mapping[str, str]) -> dict[str, str]:
    return {each.name: digests.get(each.name, NEVER) for each in wave}
