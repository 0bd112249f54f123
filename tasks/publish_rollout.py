"""Publishes the plan and the results of a rollout, and counts, as artifacts of their flow run."""

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.plan import RolloutPlan
from pgfleet.documents.rollout import CountDocument, RolloutDocument
from pgfleet.reports.links import Links
from pgfleet.reports.rollout_markdown import plan_page, rollout_page
from pgfleet.reports.rollout_tables import count_rows_of, fleet_count_rows, plan_rows, rollout_rows, watch_rows
from pgfleet.rollout.summary import format_summary
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.artifacts import scope_of, with_place
from pgfleet.tasks.support.links import to_run
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS


@task(name="publish plan", **PUBLISH_OPTIONS)
def publish_plan(plan: RolloutPlan, context: RunContext, *, seeds_alone: bool = False) -> None:
    """A table of what the rollout will do in each tenant, and a page that describes it."""
    kind = "seed-plan" if seeds_alone else "plan"
    description = f"Plan {plan.digest[:12]} of {plan.environment}"
    rings = context.environment.policy.rings
    create_table_artifact(plan_rows(plan, context.manifest), key=f"{kind}-{scope_of(context)}", description=description)
    page = plan_page(plan, context.manifest, rings)
    create_markdown_artifact(page, key=f"{kind}-summary-{scope_of(context)}", description=description)


@task(name="publish rollout", **PUBLISH_OPTIONS)
def publish_rollout(document: RolloutDocument, context: RunContext, place: str = "") -> None:
    """A table of tenants, a summary that ends with `place`, the counts before and after, and what the watch saw."""
    kind, scope = document.what.replace(" ", "-"), scope_of(context)
    description = f"{document.what.capitalize()} of {document.environment}: {format_summary(document.summary)}"
    create_table_artifact(rollout_rows(document), key=f"{kind}-{scope}", description=description)
    page = rollout_page(document, context.manifest)
    page = "\n".join([page, *Links(run=to_run(document.run_id)).back])
    create_markdown_artifact(with_place(page, place), key=f"{kind}-summary-{scope}", description=description)
    if counts := count_rows_of(document):
        create_table_artifact(counts, key=f"counts-{kind}-{scope}", description="Rows before and after")
    watched = [row for ring in document.rings for row in watch_rows(ring)]
    if watched:
        create_table_artifact(watched, key=f"watch-{scope}", description="What moved after each ring")


@task(name="publish counts", **PUBLISH_OPTIONS)
def publish_counts(document: CountDocument, context: RunContext) -> None:
    """A table of the counted rows of each tenant."""
    description = f"Counts of {document.environment}"
    create_table_artifact(fleet_count_rows(document), key=f"counts-{scope_of(context)}", description=description)
