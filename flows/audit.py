"""The audit of a fleet."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.fleet.selection import cut_waves
from pgfleet.flows._waves import of_all, run_waves
from pgfleet.flows.audit_wave import audit_wave, lost_entry
from pgfleet.judge.enrich import enrich
from pgfleet.judge.summary import build_document, skipped_entries
from pgfleet.judge.trend import PreviousAudit
from pgfleet.postgres.read.run_context import load_context
from pgfleet.reports import events
from pgfleet.run import progress
from pgfleet.run.context import Granularity, RunContext
from pgfleet.run.parameters import Described, Detail, EnvironmentName, Labels, RingNames, TenantNames
from pgfleet.tasks.load_previous_audit import load_previous_audit
from pgfleet.tasks.publish_report import publish_report
from pgfleet.tasks.support.events import announce
from pgfleet.tasks.support.progress_artifact import publishing_progress
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, ENTRIES, save_result
from pgfleet.tasks.support.server_lease import prefect_slots
from pgfleet.tasks.support.states import run_state
from pgfleet.tasks.support.tags import tag_run
from pgfleet.tasks.support.work_pools import refuse_undeployed
from pgfleet.tasks.write_report import write_report_if_configured


def run_name() -> str:
    """`audit prod · 2026-11-24`."""
    return f"audit {runtime.flow_run.parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="audit", flow_run_name=run_name)
def audit_fleet(
    environment: EnvironmentName,
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
    granularity: Detail = Granularity.STEP,
    since_file: Annotated[
        str | None,
        Described("An audit document to compare with, where this runs; else the last whole audit in Prefect."),
    ] = None,
    compare: Annotated[bool, Described("Say what is new, persisting and resolved since that audit.")] = True,
) -> State[Any]:
    """Holds every tenant against the manifest, wave after wave, and publishes what differs, and since when.

    Completed if every tenant is ready and lost no rows, else Failed as Drifted or Incomplete. Changes nothing in any
    tenant. Raises ConfigurationError for a wrong fleet file, manifest or `since_file`.
    """
    started_at = datetime.now(UTC)
    chosen: dict[str, Any] = {"tenants": tenants or (), "rings": rings or (), "labels": labels or ()}
    context = load_context(environment, **chosen, run=f"audit {environment}", slots=prefect_slots)
    tag_run(f"env:{environment}")
    refuse_undeployed(context.environment, [audit_wave])
    previous = load_previous_audit(context, since_file) if compare else None
    with publishing_progress(f"progress-{environment}"):
        progress.report_phase("audit", len(context.environment.tenants))
        entries = _audit_waves(context, granularity)
        document = _document(context, entries, previous, started_at)
        save_result(document, AUDIT_DOCUMENT, "The audit document")
        publish_report(document, context, write_report_if_configured(document, context))
        announce(events.of_audit(document, is_partial=context.is_partial))
    return run_state(document.tenants)


def _document(
    context: RunContext, entries: Sequence[TenantEntry], previous: PreviousAudit | None, started_at: datetime
) -> AuditDocument:
    """The audit document in its context."""
    environment, manifest = context.environment, context.manifest
    times = {"started_at": started_at, "finished_at": datetime.now(UTC)}
    run_id, skipped = str(runtime.flow_run.id), skipped_entries(environment.skipped)
    document = build_document(environment.name, run_id, manifest, entries, skipped, **times)
    return enrich(document, environment, manifest, previous, context.today, is_partial=context.is_partial)


def _audit_waves(context: RunContext, granularity: Granularity) -> list[TenantEntry]:
    """What the waves' own flow runs left with Prefect; one that broke off leaves its tenants unknown."""
    name, waves = context.environment.name, cut_waves(context.environment)
    calls = [
        (name, wave[0].ring, number, [each.name for each in wave], granularity)
        for number, wave in enumerate(waves, start=1)
    ]
    outcomes = run_waves(audit_wave, ENTRIES, context, calls)
    return of_all(outcomes, waves, lost_entry)
