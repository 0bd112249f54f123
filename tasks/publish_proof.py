"""Publishes the proof of a manifest as artifacts of its flow run."""

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.manifest_proof import ManifestProof
from pgfleet.reports.phrases.manifest_proof import in_words
from pgfleet.reports.proof_page import proof_page, proof_rows
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS


@task(name="publish proof", **PUBLISH_OPTIONS)
def publish_proof(proof: ManifestProof) -> None:
    """A table of the objects and whether reapplying restores them, and a page of the problems."""
    description = in_words(proof)
    create_table_artifact(proof_rows(proof), key="manifest-check", description=description)
    create_markdown_artifact(proof_page(proof), key="manifest-check-summary", description=description)
