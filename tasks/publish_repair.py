"""Publishes a repair or its dry run as artifacts of its flow run."""

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.repair import RepairDocument
from pgfleet.hidden_characters import show_hidden
from pgfleet.reports.render import markdown
from pgfleet.reports.views.repair import repair_rows, repair_view
from pgfleet.tasks.support.artifacts import artifact_key
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS


@task(name="publish repair", **PUBLISH_OPTIONS)
def publish_repair(document: RepairDocument) -> None:
    """A table of tenants, and a page with the statements, their hazards, and what remains to fix by hand."""
    view, environment = repair_view(document, with_command=True), document.environment
    description = show_hidden(f"{view.title}: {view.summary}")
    create_table_artifact(repair_rows(document), key=artifact_key("repair", environment), description=description)
    create_markdown_artifact(
        markdown.render(view), key=artifact_key("repair-summary", environment), description=description
    )
