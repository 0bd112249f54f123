"""Publishes the plan and the results of a rollout, and counts, as artifacts of their flow run."""

import logging
from typing import cast
from uuid import UUID

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.counts import CountDocument
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.hidden_characters import show_hidden
from pgfleet.reports.markup import Links
from pgfleet.reports.render import markdown
from pgfleet.reports.views.counts import count_rows_of, fleet_count_rows
from pgfleet.reports.views.plan import plan_rows, plan_view
from pgfleet.reports.views.rollout import rollout_rows, rollout_view, watch_rows
from pgfleet.rollout.summary import RolloutOutcome
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.artifacts import key_of, log_link, to_artifact, to_run, with_place
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS


@task(name="publish plan", **PUBLISH_OPTIONS)
def publish_plan(plan: RolloutPlan, context: RunContext, *, seeds_alone: bool = False) -> None:
    """A table with a row per tenant, and a page."""
    kind = "seed-plan" if seeds_alone else "plan"
    description = f"Plan {plan.digest[:12]} of {plan.environment}"
    rows = plan_rows(plan, context.manifest)
    create_table_artifact(rows, key=key_of(kind, context), description=description)
    page = markdown.render(plan_view(plan, context.manifest, context.environment.policy.rings))
    made = create_markdown_artifact(page, key=key_of(f"{kind}-summary", context), description=description)
    log_link(logging.INFO, description, to_artifact(cast("UUID", made)))


@task(name="publish rollout", **PUBLISH_OPTIONS)
def publish_rollout(document: RolloutDocument, context: RunContext, place: str = "") -> None:
    """A table of tenants, a page that ends with `place`, the counts before and after, and the watched tables."""
    kind = document.what.replace(" ", "-")
    view = rollout_view(document, context.manifest, context.environment.policy.timezone)
    description = show_hidden(f"{view.title}: {view.summary}")
    create_table_artifact(rollout_rows(document), key=key_of(kind, context), description=description)
    page = with_place(markdown.render(view, Links(run=to_run(document.run_id))), place)
    made = create_markdown_artifact(page, key=key_of(f"{kind}-summary", context), description=description)
    level = logging.INFO if document.outcome == RolloutOutcome.COMPLETED else logging.WARNING
    log_link(level, show_hidden(view.summary), to_artifact(cast("UUID", made)))
    if counts := count_rows_of(document):
        create_table_artifact(counts, key=key_of(f"counts-{kind}", context), description="Rows before and after")
    watched = [row for ring in document.rings for row in watch_rows(ring)]
    if watched:
        create_table_artifact(watched, key=key_of("watch", context), description="Activity after each ring")


@task(name="publish counts", **PUBLISH_OPTIONS)
def publish_counts(document: CountDocument, context: RunContext) -> None:
    """A table with the rows of each tenant's counted tables."""
    description = f"Counts of {document.environment}"
    create_table_artifact(fleet_count_rows(document), key=key_of("counts", context), description=description)
