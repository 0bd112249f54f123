"""Surveys the servers of a wave with a task run for each server and each expected catalog."""

from collections.abc import Sequence
from typing import Any

from prefect.futures import PrefectFuture

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.postgres.read.servers import ServerIdentity
from pgfleet.postgres.read.survey import Survey
from pgfleet.postgres.scratch.expectation_cache import EXPECTED_CATALOG
from pgfleet.run.context import Replay, RunContext
from pgfleet.tasks.expect_catalog import expect_catalog
from pgfleet.tasks.identify_server import identify_server
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.states import unwrap


def survey_servers(context: RunContext, *, with_expectations: bool) -> Survey:
    """Starts the survey of the servers of the context's tenants."""

    def identify(server: str, tenants: Sequence[str]) -> PrefectFuture[Any]:
        return identify_server.submit(server, tenants, opaque(context))

    def expect(replay: Replay, identity: ServerIdentity) -> ExpectedCatalog:
        state = expect_catalog(
            replay.server_major, replay.home, identity.extensions, identity.tenant, opaque(context), return_state=True
        )
        return EXPECTED_CATALOG.validate_json(unwrap(state))

    return Survey(context, identify, expect if with_expectations else None, _result)


def _result(future: PrefectFuture[Any]) -> Any:
    future.wait()  # the future knows its final state only after this
    return unwrap(future.state)
