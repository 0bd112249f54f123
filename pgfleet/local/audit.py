"""Audits a fleet in this process."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.audit_context import Source
from pgfleet.fleet.selection import cut_waves
from pgfleet.judge.tenant import check_scripts, inconclusive_entry
from pgfleet.judge.trend import PreviousAudit
from pgfleet.judge.unchanged import EarlierInspection, earlier_inspections, inspections_in
from pgfleet.local.state import load_previous_audit, save_audit
from pgfleet.local.survey import survey_servers
from pgfleet.postgres.read.audit import audit, make_document
from pgfleet.postgres.read.survey import work_on_tenants
from pgfleet.run import progress
from pgfleet.run.context import RunContext
from pgfleet.run.retries import retrying


def audit_fleet(context: RunContext, since: Path | None, *, full: bool = False) -> AuditDocument:
    """The audit document, as the flow makes it, compared with the one in the file `since` or the last local one.

    Reads the catalogs of tenants that are unchanged since the last local audit only if `full`. Raises
    ConfigurationError for a script of the manifest that fails in an empty database, and a wrong `since`.
    """
    started_at = datetime.now(UTC)
    previous = load_previous_audit(context.environment.name, context.manifest, since)
    context.earlier = {} if full else _earlier(previous, context)
    progress.report_phase("audit", len(context.environment.tenants))
    with survey_servers(context) as (survey, start):
        found = work_on_tenants(
            survey,
            lambda tenant: start(audit, tenant, context, retrying),
            inconclusive_entry,
            lambda each: each.verdict,
        )
    by_name = {each.name: each for each in found}
    entries = [by_name[name] for wave in cut_waves(context.environment) for name in wave.names]
    check_scripts((each.script_fault for each in entries), is_any_judged=any(each.migrations for each in entries))
    rights = [each for found in context.login_rights.values() for each in found]
    document = make_document(context, entries, rights, previous, run_id=str(uuid4()), started_at=started_at)
    if not context.is_partial:
        save_audit(document)
    return document


def _earlier(previous: PreviousAudit | None, context: RunContext) -> Mapping[str, EarlierInspection]:
    """The inspections of the last local audit that may still be current; a document in a file is only compared with."""
    if previous is None or previous.source is not Source.LOCAL:
        return {}
    found = inspections_in(previous.document.tenants)
    return earlier_inspections(found, datetime.now(UTC), context.environment.policy.full_audit_every)
