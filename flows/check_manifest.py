"""The check of a manifest."""

from typing import Annotated, Any

from prefect import State, flow, runtime

from pgfleet import files, linting, settings
from pgfleet.linting import LintFailed
from pgfleet.manifest.model import Manifest
from pgfleet.parameters import Described
from pgfleet.pg.briefing import prepare_brief
from pgfleet.pg.proving_server import proving_major
from pgfleet.proof.document import LintEntry
from pgfleet.proof.judgement import build_proof
from tasks.exchange import MANIFEST_PROOF, leave
from tasks.prove_manifest import prove_manifest
from tasks.publish_proof import publish_proof
from tasks.slots import prefect_slots
from tasks.states import finding, proof_state
from tasks.tagging import tag_run


def run_name() -> str:
    """`manifest check · prod`."""
    return f"manifest check · {runtime.flow_run.parameters.get('environment') or 'embedded server'}"


@flow(name="manifest-check", flow_run_name=run_name)
def check_manifest(
    environment: Annotated[
        str | None, Described("Whose server to prove it on; without one, the embedded server.")
    ] = None,
) -> State[Any]:
    """Proves the manifest on scratch databases, and publishes what is wrong and what a rerun heals.

    Completed if it is proven, else Failed as Faulty or Incomplete. Changes nothing in any tenant. Raises
    ConfigurationError for a wrong fleet file or manifest, and ScratchUnavailable.
    """
    manifest = files.load_manifest(settings.Settings().manifest_file)
    brief = prepare_brief(environment, run="manifest check", slots=prefect_slots) if environment else None
    if brief:
        tag_run(f"env:{environment}")
    major = proving_major(brief)
    evidence = finding(prove_manifest(major, manifest, brief, return_state=True))
    if brief:
        brief.permits.rest()
    proof = build_proof(manifest, evidence, _lint(manifest, major))
    leave(proof, MANIFEST_PROOF, "The proof of the manifest")
    publish_proof(proof)
    return proof_state(proof)


def _lint(manifest: Manifest, major: int) -> tuple[LintEntry, ...] | str:
    """Squawk's findings, or why there are none to be had."""
    try:
        return linting.lint(manifest, settings.Settings().manifest_file.parent, server_major=major)
    except LintFailed as error:
        return str(error)
