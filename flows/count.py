"""The counts of a fleet."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, runtime

from pgfleet.documents.rollout import TenantCounts
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import cut_waves
from pgfleet.flows._waves import of_all, run_waves
from pgfleet.flows.count_wave import count_wave
from pgfleet.judge.summary import skipped_entries
from pgfleet.postgres.read.run_context import load_context
from pgfleet.rollout.counts import build_count_document
from pgfleet.run import progress
from pgfleet.run.context import RunContext
from pgfleet.run.parameters import EnvironmentName, Labels, RingNames, TenantNames
from pgfleet.tasks.publish_rollout import publish_counts
from pgfleet.tasks.support.progress_artifact import publishing_progress
from pgfleet.tasks.support.results import COUNT_DOCUMENT, COUNTED, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.states import counts_state
from pgfleet.tasks.support.tags import tag_run
from pgfleet.tasks.support.work_pools import refuse_undeployed


def run_name() -> str:
    """`counts prod · 2026-11-24`."""
    return f"counts {runtime.flow_run.parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="counts", flow_run_name=run_name)
def count_fleet(
    environment: EnvironmentName,
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
) -> State[Any]:
    """Counts the rows of the manifest's tables in every tenant, and publishes them. Changes nothing.

    Completed if every tenant was counted, else Failed as Incomplete. Raises ConfigurationError for a wrong fleet file.
    """
    started_at = datetime.now(UTC)
    chosen: dict[str, Any] = {"tenants": tenants or (), "rings": rings or (), "labels": labels or ()}
    context = load_context(environment, **chosen, run=f"counts {environment}", slots=prefect_slots)
    tag_run(f"env:{environment}")
    refuse_undeployed(context.environment, [count_wave])
    with publishing_progress(f"progress-{environment}"):
        progress.report_phase("counts", len(context.environment.tenants))
        counted = _count_waves(context)
    run_id, skipped = str(runtime.flow_run.id), skipped_entries(context.environment.skipped)
    times = {"started_at": started_at, "finished_at": datetime.now(UTC)}
    document = build_count_document(environment, run_id, counted, skipped, **times)
    save_result(document, COUNT_DOCUMENT, "The count document")
    publish_counts(document, context)
    return counts_state(document)


def _count_waves(context: RunContext) -> list[TenantCounts]:
    name, waves = context.environment.name, cut_waves(context.environment)
    calls = [(name, wave[0].ring, number, [each.name for each in wave]) for number, wave in enumerate(waves, start=1)]
    outcomes = run_waves(count_wave, COUNTED, context, calls)
    return of_all(outcomes, waves, _lost)


def _lost(tenant: Tenant, reason: str) -> TenantCounts:
    return TenantCounts(name=tenant.name, ring=tenant.ring, reason=reason)
