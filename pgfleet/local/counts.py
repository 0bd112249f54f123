"""Counts the rows of a fleet in this process."""

from datetime import UTC, datetime
from uuid import uuid4

from pgfleet.documents.counts import CountDocument, TenantCounts
from pgfleet.fleet.selection import cut_waves
from pgfleet.judge.summary import skipped_entries
from pgfleet.local.survey import survey_servers
from pgfleet.postgres.read.audit import count_tables
from pgfleet.postgres.read.survey import work_on_tenants
from pgfleet.rollout.counts import build_count_document
from pgfleet.run import progress
from pgfleet.run.context import RunContext
from pgfleet.run.retries import retrying


def count_fleet(context: RunContext) -> CountDocument:
    """The count document, as the flow makes it."""
    started_at, environment = datetime.now(UTC), context.environment
    progress.report_phase("counts", len(environment.tenants))
    with survey_servers(context, with_expectations=False) as (survey, start):
        found = work_on_tenants(
            survey,
            lambda tenant: start(count_tables, tenant, context, retrying),
            lambda tenant, error: TenantCounts(name=tenant.name, ring=tenant.ring, reason=str(error)),
            lambda each: "not counted" if each.reason else "counted",
        )
    by_name = {each.name: each for each in found}
    counted = [by_name[name] for wave in cut_waves(environment) for name in wave.names]
    times = {"started_at": started_at, "finished_at": datetime.now(UTC)}
    return build_count_document(environment.name, str(uuid4()), counted, skipped_entries(environment.skipped), **times)
