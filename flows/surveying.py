"""The beginning of a wave, and its tenants one beside the other."""

from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger

from flows.pacing import ended_in_turn
from pgfleet import progress
from pgfleet.brief import Brief, Expectation
from pgfleet.errors import NoExpectedCatalog, NoPermit, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.secret import redacted
from pgfleet.pg import dsn
from pgfleet.pg.survey import ServerIdentity, fittest, group_by_server
from tasks.expect_catalog import expect_catalog
from tasks.identify_server import identify_server, in_words
from tasks.slots import share_connections
from tasks.states import finding
from tasks.whole import whole

Found = TypeVar("Found")


def survey_servers(brief: Brief) -> None:
    """Learns which versions the servers are of, which do not answer, and what tenants of each version must hold."""
    found = identify_servers(brief)
    brief.expectations = {major: _expectation(identity, brief) for major, identity in found.items()}


def identify_servers(brief: Brief) -> dict[int, ServerIdentity]:
    """A server of each major version; learns which do not answer, and how many connections each may be asked for."""
    share_connections(brief)
    servers = group_by_server(each for each in brief.environment.tenants if each.name not in brief.absent)
    futures = {
        name: identify_server.submit(name, [each.name for each in group], whole(brief))
        for name, group in servers.items()
    }
    found: list[ServerIdentity] = []
    silent: dict[str, PgfleetError] = {}
    for name, future in futures.items():
        try:
            identity = _outcome(future)
        except PgfleetError as error:
            silent[name] = error
        else:
            if identity:
                found.append(identity)
                _tell(name, identity)
    brief.silent_servers = silent
    _allow_scratch(brief, servers)
    return fittest(found)


def work_on_tenants(
    brief: Brief,
    submit: Callable[[Tenant], PrefectFuture[Any]],
    broken: Callable[[Tenant, PgfleetError], Found],
    said: Callable[[Found], str],
) -> Sequence[Found]:
    """What the task of every tenant found, each reported as it is finished, in the order of the brief.

    `broken` makes the finding of a task that broke: it says nothing of its tenant, and nothing of another. `said` is
    the word by which a finding is reported.
    """
    share_connections(brief)
    found: dict[str, Found] = {}
    try:
        for tenant, future in ended_in_turn(brief, submit):
            found[tenant.name] = _found(future, tenant, broken)
            progress.report_finished(tenant.name, said(found[tenant.name]))
    finally:
        brief.permits.rest()
    return [found[each.name] for each in brief.environment.tenants]


def _allow_scratch(brief: Brief, surveyed: Container[str]) -> None:
    """As many connections as the policy says to a server that has scratch databases alone."""
    policy = brief.environment.policy
    if policy.scratch_dsn and (server := dsn.server(policy.scratch_dsn)) not in surveyed:
        with suppress(NoPermit):  # the replay has that as its reason, should one be needed
            brief.permits.allow(server, policy.max_connections_per_server)


def _tell(server: str, identity: ServerIdentity) -> None:
    """In the log, where a server is asked for fewer connections than the policy says."""
    if identity.allowance.reason:
        get_run_logger().warning("%s: %s", server, in_words(identity))


def _expectation(identity: ServerIdentity, brief: Brief) -> Expectation:
    state = expect_catalog(identity.major, identity.tenant, whole(brief), return_state=True)
    try:
        expected: Expectation = finding(state)
    except NoExpectedCatalog as error:
        return error
    except PgfleetError as error:
        return NoExpectedCatalog(f"no scratch database for PostgreSQL {identity.major}: {error}")
    return expected


def _found(future: PrefectFuture[Any], tenant: Tenant, broken: Callable[[Tenant, PgfleetError], Found]) -> Found:
    try:
        found: Found = _outcome(future)
    except PgfleetError as error:
        return broken(tenant, error)
    except Exception as error:  # noqa: BLE001 (whatever it was, it is this tenant's alone)
        said = f"the work on this tenant itself broke: {type(error).__name__}: {error}"
        return broken(tenant, PgfleetError(redacted(said, dsn.secrets(tenant.dsn))))
    return found


def _outcome(future: PrefectFuture[Any]) -> Any:
    future.wait()  # only then does it know its final state
    return finding(future.state)
