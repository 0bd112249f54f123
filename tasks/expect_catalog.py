"""Finds the expected catalog for servers of one major version."""

from typing import Any

from prefect import task
from prefect.context import TaskRunContext
from pydantic import TypeAdapter

from pgfleet.catalog.expected import FORMAT, ExpectedCatalog
from pgfleet.postgres.read.introspection import introspection_checksum
from pgfleet.postgres.scratch.expected_catalog import find_expected
from pgfleet.run.context import Replay, RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.version import VERSION

EXPECTED_CATALOG = TypeAdapter(ExpectedCatalog)


def expectation_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """One cached result per manifest, introspection, major version, home schema, and versions of its extensions."""
    checksum = parameters["context"].manifest.checksum
    made_by = f"{VERSION}-{FORMAT}-{introspection_checksum()[:16]}"
    return f"pgfleet-expected-{made_by}-{checksum[:16]}-{parameters['server_major']}-{parameters['home']}" + (
        f"-{parameters['extensions']}" if parameters["extensions"] else ""
    )


# As JSON: Prefect's default is a pickle, and anyone who can write the file of a pickle can run code when it is read.
OPTIONS = {**STEP_OPTIONS, "cache_key_fn": expectation_key, "persist_result": True, "result_serializer": "json"}
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
