"""Gathers evidence about a manifest on a scratch database."""

from typing import Any

from prefect import task
from prefect.context import TaskRunContext
from pydantic import TypeAdapter

from pgfleet.catalog import expected
from pgfleet.check import evidence
from pgfleet.manifest.checksums import downs_checksum
from pgfleet.manifest.home_schema import DEFAULT
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.introspection import introspection_checksum
from pgfleet.postgres.scratch.evidence import gather_evidence
from pgfleet.postgres.scratch.server import proving_server
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.retries import STEP_OPTIONS
from pgfleet.version import VERSION

EVIDENCE = TypeAdapter(evidence.Evidence)


def evidence_key(_context: TaskRunContext, parameters: dict[str, Any]) -> str:
    """One cached result per manifest, introspection, environment, major version, and home schema."""
    context, checksum = parameters["context"], parameters["manifest"].checksum
    made_by = f"{VERSION}-{evidence.FORMAT}-{expected.FORMAT}-{introspection_checksum()[:16]}"
    major, name = parameters["server_major"], context.environment.name if context else "embedded server"
    downs = downs_checksum(parameters["manifest"].migrations)  # the manifest's checksum does not include them
    return f"pgfleet-proof-{made_by}-{checksum[:16]}-{downs[:16]}-{name}-{major}-{_home(major, context)}"


OPTIONS = {**STEP_OPTIONS, "cache_key_fn": evidence_key, "persist_result": True, "result_serializer": "json"}
del OPTIONS["cache_policy"]


@task(name="prove manifest", task_run_name="prove manifest · PostgreSQL {server_major}", **OPTIONS)
def prove_manifest(server_major: int, manifest: Manifest, context: RunContext | None) -> str:
    """Uses the environment's server or the embedded one, unless Prefect has the result of an earlier run.

    Returns the evidence in the form `EVIDENCE`.
    """
    with proving_server(context, manifest) as (admin, limits):
        return EVIDENCE.dump_json(gather_evidence(manifest, admin, limits, _home(server_major, context))).decode()


def _home(server_major: int, context: RunContext | None) -> str:
    """The home schema of the environment's first tenant, as in its replay."""
    return context.replay(server_major, context.environment.tenants[0].home).home if context else DEFAULT
