"""Publishes a repair or its dry run as artifacts of its flow run."""

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.repair import RepairDocument
from pgfleet.reports.repair_page import repair_page, repair_rows
from pgfleet.rollout.repair_summary import format_summary
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS


@task(name="publish repair", **PUBLISH_OPTIONS)
def publish_repair(document: RepairDocument) -> None:
    """A table of tenants, and a page with the statements, their hazards, and what remains and why."""
    kind, environment = "Dry run of a repair" if document.dry_run else "Repair", document.environment
    description = f"{kind} of {environment}: {format_summary(document)}"
    create_table_artifact(repair_rows(document), key=f"repair-{environment}", description=description)
    create_markdown_artifact(repair_page(document), key=f"repair-summary-{environment}", description=description)
