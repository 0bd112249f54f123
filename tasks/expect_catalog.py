"""Finds the expected catalog for servers of one major version."""

from typing import Any

from prefect import task
from prefect.context import TaskRunContext

from pgfleet.postgres.scratch.expected_catalog import EXPECTED_CATALOG, expectation_key, find_expected
from pgfleet.run.context import Replay, RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS


def cache_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """One cached result per expected catalog."""
    replay = Replay(parameters["server_major"], parameters["home"])
    return f"pgfleet-expected-{expectation_key(parameters['context'].manifest, replay, parameters['extensions'])}"


# As JSON: Prefect's default is a pickle, and anyone who can write the file of a pickle can run code when it is read.
OPTIONS = {**STEP_OPTIONS, "cache_key_fn": cache_key, "persist_result": True, "result_serializer": "json"}
del OPTIONS["cache_policy"]


@task(name="expected catalog", task_run_name="expected catalog · PostgreSQL {server_major}", **OPTIONS)
def expect_catalog(
    server_major: int,
    home: str,
    extensions: str,  # noqa: ARG001 (part of the cache key)
    tenant: str,
    context: RunContext,
) -> str:
    """Replays the manifest on the server of `tenant`, unless Prefect has the result of an earlier run.

    `extensions` are those of the manifest with the versions that the server has packages of. Returns the expected
    catalog in the form `EXPECTED_CATALOG`.
    """
    chosen = context.tenant(tenant)
    found = find_expected(context, Replay(server_major, home), chosen.audit_dsn or chosen.dsn)
    return EXPECTED_CATALOG.dump_json(found).decode()
