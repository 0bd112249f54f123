"""Counts the rows of a fleet."""

from datetime import UTC, datetime
from typing import Any

from prefect import State, flow, runtime

from pgfleet.documents.counts import TenantCounts
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.selection import Selection, cut_waves
from pgfleet.flows._run import dated, open_run
from pgfleet.flows._waves import all_results, run_waves
from pgfleet.flows.count_wave import COUNT
from pgfleet.judge.summary import skipped_entries
from pgfleet.rollout.counts import build_count_document
from pgfleet.run import progress
from pgfleet.run.parameters import EnvironmentName, Labels, RingNames, TenantNames
from pgfleet.tasks.publish_rollout import publish_counts
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import COUNT_DOCUMENT, save_result
from pgfleet.tasks.support.states import counts_state


@flow(name="counts", flow_run_name=dated("counts {environment}"))
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
    selection = Selection.of(tenants, rings, labels)
    with open_run(environment, selection, run=f"counts {environment}", waves=[COUNT.flow]) as context:
        progress.report_phase("counts", len(context.environment.tenants))
        counted = all_results(run_waves(COUNT, context, cut_waves(context.environment)), _lost)
    run_id, skipped = str(runtime.flow_run.id), skipped_entries(context.environment.skipped)
    times = {"started_at": started_at, "finished_at": datetime.now(UTC)}
    document = build_count_document(environment, run_id, counted, skipped, **times)
    save_result(document, COUNT_DOCUMENT, "The count document")
    publish_counts(opaque(document), opaque(context))
    return counts_state(document)


def _lost(tenant: Tenant, reason: str) -> TenantCounts:
    return TenantCounts(name=tenant.name, ring=tenant.ring, reason=reason)
