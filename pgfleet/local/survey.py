"""Surveys the servers of a local run, and works on its tenants in threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.local.state import load_catalog, save_catalog
from pgfleet.postgres.read.servers import ServerIdentity, identify, workers_for
from pgfleet.postgres.read.survey import PATIENCE_SECONDS, Survey
from pgfleet.postgres.scratch.expected_catalog import expectation_key, find_expected
from pgfleet.run.context import Replay, RunContext
from pgfleet.run.retries import retrying

Start = Callable[..., "Future[Any]"]
"""Starts a function in a thread, given its arguments."""


@contextmanager
def survey_servers(context: RunContext, *, with_expectations: bool = True) -> Iterator[tuple[Survey, Start]]:
    """The survey of the servers of the context's tenants, with the threads that work on the tenants."""
    pool = ThreadPoolExecutor(workers_for(context.environment))

    def start_identifying(server: str, tenants: Sequence[str]) -> "Future[Any]":
        return pool.submit(_identify, server, tenants, context)

    def expect(replay: Replay, identity: ServerIdentity) -> ExpectedCatalog:
        return _expected(replay, identity, context)

    try:
        survey = Survey(context, start_identifying, expect if with_expectations else None, lambda work: work.result())
        survey.wait(PATIENCE_SECONDS)
        yield survey, pool.submit
    finally:
        pool.shutdown(cancel_futures=True)


def _identify(server: str, tenants: Sequence[str], context: RunContext) -> ServerIdentity | None:
    """The server's identity; from then on, it gets no more connections than it allows."""
    identity: ServerIdentity | None = retrying(identify, [context.tenant(name) for name in tenants], context)
    if identity:
        context.limiter.allow(server, identity.allowance.connections)
    return identity


def _expected(replay: Replay, identity: ServerIdentity, context: RunContext) -> ExpectedCatalog:
    """The expected catalog, from the state folder if an earlier local run saved it."""
    key = expectation_key(context.manifest, replay, identity.extensions)
    if found := load_catalog(key):
        return found
    tenant = context.tenant(identity.tenant)
    made: ExpectedCatalog = retrying(find_expected, context, replay, tenant.audit_dsn or tenant.dsn)
    save_catalog(key, made)
    return made
