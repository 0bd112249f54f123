"""Audits a fleet."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.login_rights import LoginRights
from pgfleet.fleet.selection import Selection, cut_waves
from pgfleet.flows._run import open_run
from pgfleet.flows._waves import Outcome, all_results, run_waves
from pgfleet.flows.audit_wave import AUDIT
from pgfleet.judge.tenant import check_scripts, lost_entry
from pgfleet.judge.unchanged import inspections_in
from pgfleet.postgres.read.audit import make_document
from pgfleet.reports import events
from pgfleet.run import progress
from pgfleet.run.context import Granularity
from pgfleet.run.parameters import Described, Detail, EnvironmentName, Labels, RingNames, TenantNames
from pgfleet.tasks.load_previous_audit import load_previous_audit
from pgfleet.tasks.publish_report import publish_report
from pgfleet.tasks.support.current_run import deployment_name
from pgfleet.tasks.support.events import announce
from pgfleet.tasks.support.inspections import load_inspections, save_inspections
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import AUDIT_DOCUMENT, LOGIN_RIGHTS, LOGINS, load_result, save_result
from pgfleet.tasks.support.states import run_state
from pgfleet.tasks.write_report import write_report_if_configured


def run_name() -> str:
    """`audit prod · 2026-11-24`, or `nightly prod · 2026-11-24` for a scheduled one."""
    kind = "nightly" if (deployment_name() or "").startswith("nightly-") else "audit"
    return f"{kind} {runtime.flow_run.parameters['environment']} · {datetime.now(UTC):%Y-%m-%d}"


@flow(name="audit", flow_run_name=run_name)
def audit_fleet(
    environment: EnvironmentName,
    tenants: TenantNames = None,
    rings: RingNames = None,
    labels: Labels = None,
    granularity: Detail = Granularity.AUTO,
    since_file: Annotated[
        str | None,
        Described("An audit document to compare with, on this machine; by default the last full audit in Prefect."),
    ] = None,
    compare: Annotated[bool, Described("Report what is new, persisting, and resolved since that audit.")] = True,
    full: Annotated[bool, Described("Read every tenant's catalog, also if it is unchanged since that audit.")] = False,
) -> State[Any]:
    """Compares every tenant with the manifest, and publishes the differences and since when they exist.

    Completed if every tenant is ready and lost no rows, else Failed as Drifted or Incomplete. Changes nothing in any
    tenant. Raises ConfigurationError for a wrong fleet file, manifest or `since_file`.
    """
    started_at = datetime.now(UTC)
    selection = Selection.of(tenants, rings, labels)
    with open_run(environment, selection, run=f"audit {environment}", waves=[AUDIT.flow]) as context:
        previous = load_previous_audit(opaque(context), since_file) if compare else None
        progress.report_phase("audit", len(context.environment.tenants))
        waves = cut_waves(context.environment)
        load_inspections(context.environment)
        outcomes = run_waves(AUDIT, context, waves, lambda _: {"granularity": granularity, "full": full})
        entries = all_results(outcomes, lost_entry)
        check_scripts((each.script_fault for each in entries), is_any_judged=any(each.migrations for each in entries))
        rights, run_id = _login_rights(outcomes), str(runtime.flow_run.id)
        document = make_document(
            context, entries, rights, previous, run_id=run_id, started_at=started_at, compare=compare
        )
        save_result(document, AUDIT_DOCUMENT, "The audit document")
        save_inspections(context.environment, inspections_in(entries))
        publish_report(opaque(document), opaque(context), write_report_if_configured(document, context))
        announce(events.of_audit(document, is_partial=context.is_partial))
    return run_state(document.tenants)


def _login_rights(outcomes: Iterable[Outcome[TenantEntry]]) -> Iterator[LoginRights]:
    """The rights of the tenants' logins, as far as the waves read them."""
    for outcome in outcomes:
        if outcome.results:
            yield from load_result(outcome.run_id, LOGIN_RIGHTS, kind=LOGINS) or ()
