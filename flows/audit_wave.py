"""Audits one wave of tenants."""

from collections.abc import Mapping

from prefect import State, flow

from pgfleet.documents.audit import TenantEntry
from pgfleet.flows._audits import FINDINGS, audit_tenants
from pgfleet.flows._wave import open_wave
from pgfleet.flows._waves import WaveKind
from pgfleet.run.context import Granularity
from pgfleet.tasks.support.inspections import load_inspections
from pgfleet.tasks.support.results import ENTRIES, LOGIN_RIGHTS, LOGINS, save_wave_result
from pgfleet.tasks.support.states import run_state


@flow(name="audit-wave", persist_result=False, flow_run_name="wave {number} · {ring}")
def audit_wave(
    environment: str,
    ring: str,
    number: int,
    tenants: list[str],
    granularity: Granularity = Granularity.AUTO,
    full: bool = False,
) -> State[None]:
    """Audits these tenants of one ring, and saves their entries with the flow run.

    Reads the catalogs of tenants that are unchanged since an earlier run only if `full`.
    """
    with open_wave(environment, ring, tenants, run=f"audit {environment} wave {number}") as survey:
        survey.context.earlier = {} if full else load_inspections(survey.context.environment)
        entries = audit_tenants(survey, granularity, FINDINGS)
    if rights := tuple(each for found in survey.context.login_rights.values() for each in found):
        save_wave_result(rights, LOGIN_RIGHTS, "Rights of the logins of these tenants", kind=LOGINS)
    save_wave_result(tuple(entries), ENTRIES, "Tenants of this wave, as in the audit document")
    return run_state(entries)


def _verdicts(entries: tuple[TenantEntry, ...]) -> Mapping[str, str]:
    return {each.name: each.verdict for each in entries}


AUDIT: WaveKind[TenantEntry] = WaveKind(flow=audit_wave, form=ENTRIES, task_run="audit {}", outcomes=_verdicts)
