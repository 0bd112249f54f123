"""Finds out which version a server runs."""

from collections.abc import Sequence

from prefect import task

from pgfleet.brief import Brief
from pgfleet.pg.survey import ServerIdentity, identify
from tasks.retries import STEP_OPTIONS


@task(name="identify server", task_run_name="identify {server}", **{**STEP_OPTIONS, "retries": 2})
def identify_server(server: str, tenants: Sequence[str], brief: Brief) -> ServerIdentity | None:  # noqa: ARG001 (named in the run)
    """The version of the server behind these tenants, asked of the first that lets us in; None if none does."""
    return identify([brief.tenant(name) for name in tenants], brief)
