"""Surveys the servers of a run or a wave, and works on each of its tenants. Others start the work and wait for it."""

import math
import time
from collections.abc import Callable, Container, Sequence
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.errors import ConnectionLimitTimeout, NoExpectedCatalog, PgfleetError
from pgfleet.fleet.model import Tenant
from pgfleet.fleet.secret import redacted
from pgfleet.postgres import dsn
from pgfleet.postgres.read.servers import ServerIdentity, choose_replay_servers, group_by_server
from pgfleet.postgres.read.turns import Chunk, Future, Sweep, one_by_one, putting, run_in_turn
from pgfleet.run import progress
from pgfleet.run.context import Expectation, Replay, RunContext

Found = TypeVar("Found")
Identify = Callable[[str, Sequence[str]], Future]
"""Starts to identify a server, given its name and its tenants' names; the result is a ServerIdentity or None."""
Expect = Callable[[Replay, ServerIdentity], ExpectedCatalog]
"""Finds the expected catalog on the server of this identity. Raises PgfleetError."""
PATIENCE_SECONDS = 0.5
"""Healthy servers have answered by then; the work starts without the others."""
POLL_SECONDS = 0.1


class Survey:
    """Learns about the servers of the context's tenants, and writes to the context: the servers that do not answer,
    and, unless `expect` is None, the expected catalog of each server version.

    `identify` starts the work on a server, and `result` returns what such work found, or raises its error. `late` is
    the work on the servers that have not answered yet.
    """

    def __init__(
        self, context: RunContext, identify: Identify, expect: Expect | None, result: Callable[[Any], Any]
    ) -> None:
        servers = group_by_server(each for each in context.environment.tenants if each.name not in context.absent)
        self._scratch_server = _allow_scratch(context, servers)
        self.context, self.result, self._find_expected = context, result, expect
        for name, group in servers.items():
            context.limiter.want(name, len(group))
        self.late: dict[str, Future] = {
            name: identify(name, [each.name for each in group]) for name, group in servers.items()
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
            identity: ServerIdentity | None = self.result(self.late.pop(server))
        except PgfleetError as error:
            self.context.silent_servers = {**self.context.silent_servers, server: error}
            return
        if identity:
            self._identities.append(identity)

    def _can_start(self) -> bool:
        found = choose_replay_servers(self._identities)
        return bool(found) and (not self._find_expected or all(each.can_replay for each in found.values()))

    def _expect(self) -> None:
        homes = dict.fromkeys(each.home for each in self.context.environment.tenants)
        expect = self._find_expected
        for major, identity in choose_replay_servers(self._identities).items() if expect else ():
            for replay in dict.fromkeys(self.context.replay(major, home) for home in homes):
                if expect and replay not in self.context.expectations:
                    expectation = _expectation(expect, replay, identity)
                    self.context.expectations = {**self.context.expectations, replay: expectation}
        if self._scratch_server:  # other waves replay the manifest there too
            self.context.limiter.release_leases(self._scratch_server)


def work_on_tenants(
    survey: Survey,
    submit: Callable[[Tenant], Future],
    broken: Callable[[Tenant, PgfleetError], Found],
    word: Callable[[Found], str] | None,
    sweep: Sweep | None = None,
) -> Sequence[Found]:
    """Starts the work on each tenant of the context, and returns the results in the order of the context.

    `sweep` starts the work on several tenants together. `broken` makes the result of a tenant whose work raised an
    error; the other tenants continue. Progress reports `word`, the result in one word, or nothing if it is None.
    """
    context = survey.context
    found: dict[str, Found] = {}

    def start(chunk: Chunk) -> Future:
        return sweep.submit(chunk) if sweep and len(chunk) > 1 else submit(chunk[0])

    def result(chunk: Chunk, future: Future, position: int) -> Any:
        return sweep.result(future, position) if sweep and len(chunk) > 1 else survey.result(future)

    for chunk, future in run_in_turn(context, start, survey.late, survey.settle, sweep.size if sweep else one_by_one):
        for position, tenant in enumerate(chunk):
            found[tenant.name] = _found(partial(result, chunk, future, position), tenant, broken)
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


def _expectation(expect: Expect, replay: Replay, identity: ServerIdentity) -> Expectation:
    try:
        return expect(replay, identity)
    except NoExpectedCatalog as error:
        return error
    except PgfleetError as error:
        return NoExpectedCatalog(f"no scratch database for PostgreSQL {identity.major}: {error}")


def _found(result: Callable[[], Found], tenant: Tenant, broken: Callable[[Tenant, PgfleetError], Found]) -> Found:
    try:
        return result()
    except PgfleetError as error:
        return broken(tenant, error)
    except Exception as error:  # noqa: BLE001 (a defect in the work on one tenant must not end that on the others)
        message = f"internal error of pgfleet: {type(error).__name__}: {error}"
        return broken(tenant, PgfleetError(redacted(message, dsn.secrets(tenant.dsn))))
