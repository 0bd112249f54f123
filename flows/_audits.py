"""Audits the tenants of a wave."""

from collections.abc import Sequence

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.flows._sweep import sweep_if_auto
from pgfleet.judge.tenant import inconclusive_entry
from pgfleet.postgres.read.survey import Survey, work_on_tenants
from pgfleet.run.context import Granularity
from pgfleet.tasks.audit_chunk import audit_chunk
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.support.opaque import opaque

FINDINGS = frozenset(Verdict) - {Verdict.READY}
UNSEEN = frozenset({Verdict.UNREACHABLE, Verdict.UNKNOWN})


def audit_tenants(survey: Survey, granularity: Granularity, detailed: frozenset[Verdict]) -> Sequence[TenantEntry]:
    """The entry of each tenant. Under `auto`, tenants with a `detailed` verdict have a task run for each step."""
    context = opaque(survey.context)
    return work_on_tenants(
        survey,
        lambda tenant: audit_tenant.submit(tenant.name, context, granularity, detailed),
        inconclusive_entry,
        lambda each: each.verdict,
        sweep_if_auto(
            granularity,
            survey.context,
            lambda chunk: audit_chunk.submit([each.name for each in chunk], context, detailed),
        ),
    )
