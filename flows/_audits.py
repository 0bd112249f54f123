"""Audits the tenants of a wave."""

from collections.abc import Sequence
from typing import Any

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.judge.tenant import inconclusive_entry
from pgfleet.postgres.read.survey import Survey, work_on_tenants
from pgfleet.postgres.read.turns import Sweep
from pgfleet.run.context import Granularity
from pgfleet.tasks.audit_chunk import audit_chunk
from pgfleet.tasks.audit_tenant import audit_tenant
from pgfleet.tasks.support.chunks import tenant_state
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.states import unwrap

FINDINGS = frozenset(Verdict) - {Verdict.READY}
UNSEEN = frozenset({Verdict.UNREACHABLE, Verdict.UNKNOWN})
SMALL_WAVE_TENANTS = 20
"""In waves of at most this size each tenant has a task run of its own."""


def audit_tenants(survey: Survey, granularity: Granularity, detailed: frozenset[Verdict]) -> Sequence[TenantEntry]:
    """The entry of each tenant. Under `auto`, tenants with a `detailed` verdict have a task run for each step."""
    context = opaque(survey.context)
    is_large = len(survey.context.environment.tenants) > SMALL_WAVE_TENANTS
    sweep = Sweep(
        submit=lambda chunk: audit_chunk.submit([each.name for each in chunk], context, detailed), result=_result
    )
    return work_on_tenants(
        survey,
        lambda tenant: audit_tenant.submit(tenant.name, context, granularity, detailed),
        inconclusive_entry,
        lambda each: each.verdict,
        sweep if granularity is Granularity.AUTO and is_large else None,
    )


def _result(future: Any, position: int) -> Any:
    future.wait()  # the future knows its final state only after this
    return unwrap(tenant_state(future.state, position))
