"""Publishes the proof of a manifest as artifacts of its flow run."""

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.manifest_proof import ManifestProof
from pgfleet.hidden_characters import show_hidden
from pgfleet.reports.phrases.manifest_proof import proof_sentence
from pgfleet.reports.render import markdown
from pgfleet.reports.views.manifest_proof import proof_rows, proof_view
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS


@task(name="publish proof", **PUBLISH_OPTIONS)
def publish_proof(proof: ManifestProof) -> None:
    """A table of the objects and whether reapplying restores them, and a page of the problems."""
    description = show_hidden(proof_sentence(proof))
    create_table_artifact(proof_rows(proof), key="manifest-check", description=description)
    create_markdown_artifact(markdown.render(proof_view(proof)), key="manifest-check-summary", description=description)
