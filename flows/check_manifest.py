"""Checks a manifest."""

from pathlib import Path
from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet.check.judgment import build_proof
from pgfleet.documents.manifest_proof import LintEntry
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.run_context import load_context
from pgfleet.postgres.scratch.server import proving_major
from pgfleet.run import files, interruption, squawk
from pgfleet.run.manifest_file import find_manifest
from pgfleet.run.parameters import Described
from pgfleet.run.squawk import LintFailed
from pgfleet.tasks.prove_manifest import EVIDENCE, prove_manifest
from pgfleet.tasks.publish_proof import publish_proof
from pgfleet.tasks.support.current_run import tag_run
from pgfleet.tasks.support.opaque import opaque
from pgfleet.tasks.support.results import MANIFEST_PROOF, save_result
from pgfleet.tasks.support.server_lease import server_leases
from pgfleet.tasks.support.states import proof_state, unwrap


def run_name() -> str:
    """`manifest check · prod`."""
    return f"manifest check · {runtime.flow_run.parameters.get('environment') or 'embedded server'}"


@flow(name="manifest-check", flow_run_name=run_name)
def check_manifest(
    environment: Annotated[
        str | None, Described("The environment whose server is used; by default the embedded server.")
    ] = None,
) -> State[Any]:
    """Proves the manifest on scratch databases, and publishes the problems and what reapplying restores.

    Completed if it is proven, else Failed as Faulty or Incomplete. Changes nothing in any tenant. Raises
    ConfigurationError for a wrong fleet file or manifest, and ScratchUnavailable.
    """
    interruption.watch()
    file = find_manifest()
    manifest = files.load_manifest(file)
    context = load_context(environment, run="manifest check", leases=server_leases) if environment else None
    if context:
        tag_run(f"env:{environment}")
    try:
        major = proving_major(context)
        evidence = EVIDENCE.validate_json(unwrap(prove_manifest(major, manifest, context, return_state=True)))
    finally:
        if context:
            context.limiter.release_leases()
    proof = build_proof(manifest, evidence, _lint(manifest, file, major))
    save_result(proof, MANIFEST_PROOF, "The proof of the manifest")
    publish_proof(opaque(proof))
    return proof_state(proof)


def _lint(manifest: Manifest, file: Path, major: int) -> tuple[LintEntry, ...] | str:
    """Squawk's findings, or why it could not be run."""
    try:
        return squawk.lint(manifest, file.parent, server_major=major)
    except LintFailed as error:
        return str(error)
