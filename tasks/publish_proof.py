"""Publishes what was proven of a manifest as artifacts of its flow run."""

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.manifest_proof import ManifestProof
from pgfleet.reports.phrases.manifest_proof import in_words
from pgfleet.reports.proof_page import proof_page, proof_rows
from pgfleet.tasks.publish_report import OPTIONS


@task(name="publish proof", **OPTIONS)
def publish_proof(proof: ManifestProof) -> None:
    """A table of what a rerun heals, and a page of what is wrong."""
    said = in_words(proof)
    create_table_artifact(proof_rows(proof), key="manifest-check", description=said)
    create_markdown_artifact(proof_page(proof), key="manifest-check-summary", description=said)
