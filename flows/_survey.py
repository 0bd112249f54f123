"""Surveys the servers of a wave, and runs a task for each of its tenants."""

import math
import time
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from prefect.futures import PrefectFuture

from pgfleet.errors import ConnectionLimitTimeout, NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.secret import redacted
from pgfleet.flows._scheduler import putting, run_in_turn
from pgfleet.postgres import dsn
from pgfleet.postgres.read.servers import ServerIdentity, choose_replay_servers, group_by_server
from pgfleet.run import progress
from pgfleet.run.context import Expectation, Replay, RunContext
from pgfleet.tasks.expect_catalog import EXPECTED_CATALOG, expect_catalog
from pgfleet.tasks.identify_server import identify_server
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.states import unwrap

Found = TypeVar("Found")
POLL_SECONDS = 0.1


class Survey:
    """Learns about the servers of a wave, and writes to the wave's context: the servers that do not answer, the
    connections that each server may have, and, if `with_expectations`, the expected catalog of each server version.

    `late` are the tasks of the servers that have not answered yet.
    """

    def __init__(self, context: RunContext, *, with_expectations: bool) -> None:
        servers = group_by_server(each for each in context.environment.tenants if each.name not in context.absent)
        self._scratch_server = _allow_scratch(context, servers)
        self.context, self.with_expectations = context, with_expectations
        self.late: dict[str, PrefectFuture[Any]] = {
            name: identify_server.submit(name, [each.name for each in group], opaque(context))
            for name, group in servers.items()
        }
        self._identities: list[ServerIdentity] = []

    def wait(self, seconds: float | None) -> None:
        """Waits until every server has answered or failed; after `seconds`, only for those that are needed.

        With expectations, one server of each version is needed on which the manifest can be replayed, if there is one.
        """
        finished: SimpleQueue[str] = SimpleQueue()
        for name, future in self.late.items():
            future.add_done_callback(putting(finished, name))
        deadline_seconds = math.inf if seconds is None else time.monotonic() + seconds
        while self.late and not (time.monotonic() > deadline_seconds and self._can_start()):
            with suppress(Empty):
                self._learn(finished.get(timeout=POLL_SECONDS))
        self._expect()

    def settle(self, server: str) -> None:
        """Records the answer of a server that was late."""
        self._learn(server)
        self._expect()

    def _learn(self, server: str) -> None:
        try:
            identity: ServerIdentity | None = _result(self.late.pop(server))
        except PgfleetError as error:
            self.context.silent_servers = {**self.context.silent_servers, server: error}
            return
        if identity:
            self._identities.append(identity)

    def _can_start(self) -> bool:
        found = choose_replay_servers(self._identities)
        return bool(found) and (not self.with_expectations or all(each.can_replay for each in found.values()))

    def _expect(self) -> None:
        homes = dict.fromkeys(each.home for each in self.context.environment.tenants)
        for major, identity in choose_replay_servers(self._identities).items() if self.with_expectations else ():
            for replay in dict.fromkeys(self.context.replay(major, home) for home in homes):
                if replay not in self.context.expectations:
                    expectation = _expectation(replay, identity, self.context)
                    self.context.expectations = {**self.context.expectations, replay: expectation}
        if self._scratch_server:  # other waves replay the manifest there too
            self.context.limiter.release_leases(self._scratch_server)


def work_on_tenants(
    survey: Survey,
    submit: Callable[[Tenant], PrefectFuture[Any]],
    broken: Callable[[Tenant, PgfleetError], Found],
    word: Callable[[Found], str] | None,
) -> Sequence[Found]:
    """Runs a task for each tenant of the context, and returns the results in the order of the context.

    `broken` makes the result of a tenant whose task raised an error; the other tenants continue. Progress reports
    `word`, the result in one word, or nothing if it is None.
    """
    context = survey.context
    found: dict[str, Found] = {}
    for tenant, future in run_in_turn(context, submit, survey.late, survey.settle):
        found[tenant.name] = _found(future, tenant, broken)
        if word:
            progress.report_finished(tenant.name, word(found[tenant.name]))
    return [found[each.name] for each in context.environment.tenants]


def _allow_scratch(context: RunContext, surveyed: Container[str]) -> str | None:
    """Allows the policy's number of connections to a server that has only scratch databases; its name, if any."""
    policy = context.environment.policy
    if policy.scratch_dsn and (server := dsn.server(policy.scratch_dsn)) not in surveyed:
        with suppress(ConnectionLimitTimeout):  # a replay, if needed, reports it
            context.limiter.allow(server, policy.max_connections_per_server)
        return server
    return None


def _expectation(replay: Replay, identity: ServerIdentity, context: RunContext) -> Expectation:
    state = expect_catalog(
        replay.server_major, replay.home, identity.extensions, identity.tenant, opaque(context), return_state=True
    )
    try:
        return EXPECTED_CATALOG.validate_json(unwrap(state))
    except NoExpectedCatalog as error:
        return error
    except PgfleetError as error:
        return NoExpectedCatalog(f"no scratch database for PostgreSQL {identity.major}: {error}")


def _found(future: PrefectFuture[Any], tenant: Tenant, broken: Callable[[Tenant, PgfleetError], Found]) -> Found:
    try:
        found: Found = _result(future)
    except PgfleetError as error:
        return broken(tenant, error)
    except Exception as error:  # noqa: BLE001 (a defect of one tenant's task must not end the others')
        message = f"the work on this tenant itself broke: {type(error).__name__}: {error}"
        return broken(tenant, PgfleetError(redacted(message, dsn.secrets(tenant.dsn))))
    return found


def _result(future: PrefectFuture[Any]) -> Any:
    future.wait()  # the future knows its final state only after this
    return unwrap(future.state)
