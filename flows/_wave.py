"""What the flows of all kinds of waves do before and after their own work."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from prefect.futures import PrefectFuture

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.postgres.read.run_context import load_wave_context
from pgfleet.postgres.read.servers import ServerIdentity
from pgfleet.postgres.read.survey import PATIENCE_SECONDS, Survey
from pgfleet.postgres.scratch.expected_catalog import EXPECTED_CATALOG
from pgfleet.run import interruption
from pgfleet.run.context import Replay, RunContext
from pgfleet.tasks.expect_catalog import expect_catalog
from pgfleet.tasks.identify_server import identify_server
from pgfleet.tasks.support.current_run import tag_run
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.server_lease import server_leases
from pgfleet.tasks.support.states import unwrap


@contextmanager
def open_wave(
    environment: str,
    ring: str,
    tenants: Sequence[str],
    *,
    run: str,
    run_id: str = "",
    with_expectations: bool = True,
    patience_seconds: float | None = PATIENCE_SECONDS,
    as_rollout: bool = False,
) -> Iterator[Survey]:
    """Loads the context of a wave, tags its flow run, and surveys its servers.

    Waits `patience_seconds` for the servers, or for all of them if it is None. The survey includes the expected
    catalogs unless `with_expectations` is false. `as_rollout` uses the tenants' logins for rollouts. The wave's leases
    of servers are released at the end.
    """
    interruption.watch()
    context = load_wave_context(
        environment, tenants, ring, run=run, run_id=run_id, leases=server_leases, as_rollout=as_rollout
    )
    tag_run(f"env:{environment}", f"ring:{ring}")
    survey = survey_servers(context, with_expectations=with_expectations)
    try:
        survey.wait(patience_seconds)
        yield survey
    finally:
        context.limiter.release_leases()


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
