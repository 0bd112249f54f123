"""Audits one wave of tenants."""

from prefect import State, flow

from pgfleet.flows._audits import FINDINGS, audit_tenants
from pgfleet.flows._wave import open_wave
from pgfleet.run.context import Granularity
from pgfleet.tasks.support.earlier import load_earlier
from pgfleet.tasks.support.results import ENTRIES, LOGIN_RIGHTS, LOGINS, save_wave_result
from pgfleet.tasks.support.states import run_state


@flow(name="audit-wave", persist_result=False, flow_run_name="wave {number} · {ring}")
def audit_wave(
    environment: str,
    ring: str,
    number: int,
    tenants: list[str],
    granularity: Granularity = Granularity.AUTO,
    earlier_run: str | None = None,
) -> State[None]:
    """Audits these tenants of one ring, and saves their entries with the flow run.

    `earlier_run` is the flow run of an earlier audit, whose inspections hold where the catalog is unchanged.
    """
    with open_wave(environment, ring, tenants, run=f"audit {environment} wave {number}") as survey:
        survey.context.earlier = load_earlier(earlier_run, survey.context.environment.policy)
        entries = audit_tenants(survey, granularity, FINDINGS)
    if rights := tuple(each for found in survey.context.login_rights.values() for each in found):
        save_wave_result(rights, LOGIN_RIGHTS, "Rights of the logins of these tenants", kind=LOGINS)
    save_wave_result(tuple(entries), ENTRIES, "Tenants of this wave, as in the audit document")
    return run_state(entries)
