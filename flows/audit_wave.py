"""Audits one wave of tenants."""

from collections.abc import Sequence
from typing import Any

from prefect import State, flow
from prefect.futures import PrefectFuture, as_completed

from pgfleet import progress
from pgfleet.brief import Brief, Expectation, Granularity
from pgfleet.errors import NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.secret import redacted
from pgfleet.judge.document import TenantEntry
from pgfleet.judge.tenant import unjudged
from pgfleet.pg import dsn
from pgfleet.pg.briefing import prepare_brief
from pgfleet.pg.survey import ServerIdentity, group_by_server
from tasks.audit_tenant import audit_tenant
from tasks.exchange import send_entries
from tasks.expect_catalog import expect_catalog
from tasks.identify_server import identify_server
from tasks.states import finding, run_state
from tasks.tagging import tag_run


@flow(name="audit-wave", flow_run_name="wave {number} · {ring}")
def audit_wave(
    environment: str, ring: str, number: int, tenants: list[str], granularity: Granularity = Granularity.STEP
) -> State[None]:
    """Audits the named tenants of one ring, and leaves what it found with its run."""
    brief = prepare_brief(environment, names=tenants, run=f"audit {environment} wave {number}")
    tag_run(f"env:{environment}", f"ring:{ring}")
    _survey_servers(brief)
    entries = _audit_tenants(brief, granularity)
    send_entries(entries)
    return run_state(entries)


def _survey_servers(brief: Brief) -> None:
    """Learns which versions the servers are of, which do not answer, and what tenants of each version must hold."""
    servers = group_by_server(brief.environment.tenants)
    futures = {
        name: identify_server.submit(name, [each.name for each in group], brief) for name, group in servers.items()
    }
    found: dict[int, ServerIdentity] = {}
    silent: dict[str, PgfleetError] = {}
    for name, future in futures.items():
        try:
            identity = _outcome(future)
        except PgfleetError as error:
            silent[name] = error
        else:
            if identity:
                found.setdefault(identity.major, identity)
    brief.silent_servers = silent
    brief.expectations = {major: _expectation(identity, brief) for major, identity in found.items()}


def _expectation(identity: ServerIdentity, brief: Brief) -> Expectation:
    state = expect_catalog(identity.major, identity.tenant, brief, return_state=True)
    try:
        expected: Expectation = finding(state)
    except NoExpectedCatalog as error:
        return error
    except PgfleetError as error:
        return NoExpectedCatalog(f"no scratch database for PostgreSQL {identity.major}: {error}")
    return expected


def _audit_tenants(brief: Brief, granularity: Granularity) -> Sequence[TenantEntry]:
    """Every tenant's entry, each reported as it is finished, in the order of the brief."""
    futures = {audit_tenant.submit(each.name, brief, granularity): each for each in brief.environment.tenants}
    entries: dict[str, TenantEntry] = {}
    for future in as_completed(list(futures)):
        entry = _entry(future, futures[future])
        entries[entry.name] = entry
        progress.report_finished(entry)
    return [entries[each.name] for each in brief.environment.tenants]


def _entry(future: PrefectFuture[Any], tenant: Tenant) -> TenantEntry:
    """What the tenant's task found; a task that broke says nothing of its tenant, and nothing of another."""
    try:
        entry: TenantEntry = _outcome(future)
    except Exception as error:  # noqa: BLE001 (whatever it was, it is this tenant's alone)
        said = redacted(f"the audit itself broke: {type(error).__name__}: {error}", dsn.secrets(tenant.dsn))
        return unjudged(tenant, PgfleetError(said))
    return entry


def _outcome(future: PrefectFuture[Any]) -> Any:
    future.wait()  # only then does it know its final state
    return finding(future.state)
