"""The beginning of a wave, and its tenants one beside the other."""

import math
import time
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from prefect.futures import PrefectFuture
from prefect.logging import get_run_logger

from pgfleet.errors import ConnectionLimitTimeout, NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.secret import redacted
from pgfleet.flows._scheduler import ended_in_turn, told
from pgfleet.postgres import dsn
from pgfleet.postgres.read.servers import ServerIdentity, fittest, group_by_server
from pgfleet.run import progress
from pgfleet.run.context import Expectation, RunContext
from pgfleet.tasks.expect_catalog import expect_catalog
from pgfleet.tasks.identify_server import identify_server, in_words
from pgfleet.tasks.support.heartbeat import is_within_a_run
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.states import unwrap

Found = TypeVar("Found")
LOOK_SECONDS = 0.1
PATIENCE_SECONDS = 0.5
"""A server that is well has answered by then; one that has not holds up its own tenants alone."""


class Survey:
    """What is learned of a wave's servers, all of it put into the context: which do not answer, how many connections each
    may be asked for and, where it is wanted, what tenants of each version must hold.

    `late` are the servers that are still being asked, each with the task that does it.
    """

    def __init__(self, context: RunContext, *, with_expectations: bool) -> None:
        servers = group_by_server(each for each in context.environment.tenants if each.name not in context.absent)
        _allow_scratch(context, servers)
        self.context, self.with_expectations = context, with_expectations
        self.late: dict[str, PrefectFuture[Any]] = {
            name: identify_server.submit(name, [each.name for each in group], opaque(context))
            for name, group in servers.items()
        }
        self._identities: list[ServerIdentity] = []

    def wait(self, seconds: float | None) -> None:
        """For every server to answer, or to be given up; after so many seconds for no more than are needed.

        Of each version that there is one is needed on which a replay can be made, as long as there may be one.
        """
        ended: SimpleQueue[str] = SimpleQueue()
        for name, future in self.late.items():
            future.add_done_callback(told(ended, name))
        deadline_seconds = math.inf if seconds is None else time.monotonic() + seconds
        while self.late and not (time.monotonic() > deadline_seconds and self._can_go_on()):
            with suppress(Empty):
                self._learn(ended.get(timeout=LOOK_SECONDS))
        self._expect()

    def settle(self, server: str) -> None:
        """Takes in what has become of a server that was late."""
        self._learn(server)
        self._expect()

    def _learn(self, server: str) -> None:
        try:
            identity: ServerIdentity | None = _outcome(self.late.pop(server))
        except PgfleetError as error:
            self.context.silent_servers = {**self.context.silent_servers, server: error}
            return
        if identity:
            self._identities.append(identity)
            _tell(server, identity)

    def _can_go_on(self) -> bool:
        found = fittest(self._identities)
        return bool(found) and (not self.with_expectations or all(each.is_fit for each in found.values()))

    def _expect(self) -> None:
        for major, identity in fittest(self._identities).items() if self.with_expectations else ():
            if major not in self.context.expectations:
                expectation = _expectation(identity, self.context)
                self.context.expectations = {**self.context.expectations, major: expectation}


def survey_servers(context: RunContext) -> Survey:
    """Of what versions the servers are and what tenants of each must hold; some may still be asked when it returns."""
    survey = Survey(context, with_expectations=True)
    survey.wait(PATIENCE_SECONDS)
    return survey


def identify_servers(context: RunContext, patience_seconds: float | None = PATIENCE_SECONDS) -> Survey:
    """The same without what tenants must hold; with None for patience no server is still being asked."""
    survey = Survey(context, with_expectations=False)
    survey.wait(patience_seconds)
    return survey


def work_on_tenants(
    survey: Survey,
    submit: Callable[[Tenant], PrefectFuture[Any]],
    broken: Callable[[Tenant, PgfleetError], Found],
    said: Callable[[Found], str],
) -> Sequence[Found]:
    """What the task of every tenant found, each reported as it is finished, in the order of the context.

    `broken` makes the finding of a task that broke: it says nothing of its tenant, and nothing of another. `said` is
    the word by which a finding is reported.
    """
    context = survey.context
    found: dict[str, Found] = {}
    try:
        for tenant, future in ended_in_turn(context, submit, survey.late, survey.settle):
            found[tenant.name] = _found(future, tenant, broken)
            progress.report_finished(tenant.name, said(found[tenant.name]))
    finally:
        if not is_within_a_run():  # else the next wave takes the slots up
            context.limiter.rest()
    return [found[each.name] for each in context.environment.tenants]


def _allow_scratch(context: RunContext, surveyed: Container[str]) -> None:
    """As many connections as the policy says to a server that has scratch databases alone."""
    policy = context.environment.policy
    if policy.scratch_dsn and (server := dsn.server(policy.scratch_dsn)) not in surveyed:
        with suppress(ConnectionLimitTimeout):  # the replay has that as its reason, should one be needed
            context.limiter.allow(server, policy.max_connections_per_server)


def _tell(server: str, identity: ServerIdentity) -> None:
    """In the log, where a server is asked for fewer connections than the policy says."""
    if identity.allowance.reason:
        get_run_logger().warning("%s: %s", server, in_words(identity))


def _expectation(identity: ServerIdentity, context: RunContext) -> Expectation:
    state = expect_catalog(identity.major, identity.tenant, opaque(context), return_state=True)
    try:
        expected: Expectation = unwrap(state)
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
    return unwrap(future.state)
