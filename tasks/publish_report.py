"""Publishes what an audit found as artifacts of its flow run."""

import logging
from dataclasses import replace
from typing import cast
from uuid import UUID

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.judge.summary import format_summary
from pgfleet.reports.markup import Links
from pgfleet.reports.phrases.context import summarize_variants
from pgfleet.reports.phrases.trend import MOST_LINES
from pgfleet.reports.render import markdown
from pgfleet.reports.tables import tenant_rows, variant_rows
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.audit_tenant import tenant_view, tenants_with_page
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.artifacts import (
    artifact_key,
    key_of,
    log_link,
    to_artifact,
    to_key,
    to_run,
    with_place,
)
from pgfleet.tasks.support.retries import PUBLISH_OPTIONS

MOST_LOGGED = 10


@task(name="publish report", **PUBLISH_OPTIONS)
def publish_report(document: AuditDocument, context: RunContext, place: str = "") -> None:
    """A summary that ends with `place`, tables of tenants and of variants, and a page for each of the worst tenants.

    An audit of selected tenants has other keys: `audit-prod` remains the last full audit.
    """
    environment, said = document.environment, format_summary(document.summary)
    zone = context.environment.policy.timezone
    links = Links(run=to_run(document.run_id), summary=to_key(key_of("summary", context)))
    links = replace(links, tenants=_publish_tenants(document, context, links))
    create_table_artifact(
        tenant_rows(document, zone, links), key=key_of("audit", context), description=f"Audit of {environment}: {said}"
    )
    variants = document.variants
    described = summarize_variants(variants[:MOST_LINES])
    create_table_artifact(variant_rows(variants), key=key_of("variants", context), description=described)
    page = markdown.render(audit_view(document, context.manifest, zone), replace(links, summary=None))
    summary = create_markdown_artifact(with_place(page, place), key=key_of("summary", context), description=said)
    log_link(logging.INFO, "All of it", to_artifact(cast("UUID", summary)))


def _publish_tenants(document: AuditDocument, context: RunContext, links: Links) -> dict[str, str]:
    """Publishes the tenants' pages; returns their links by tenant."""
    found: dict[str, str] = {}
    for tenant in tenants_with_page(document):
        view = tenant_view(tenant, document, context.manifest, context.environment.policy.timezone)
        page = markdown.render(view, links)
        is_ready = tenant.verdict is Verdict.READY
        key = artifact_key("tenant", document.environment, tenant.name)
        said = f"{tenant.name} {'lost rows' if tenant.losses and is_ready else f'is {tenant.verdict}'}"
        made = create_markdown_artifact(page, key=key, description=said)
        found[tenant.name] = to_artifact(cast("UUID", made))
        if len(found) <= MOST_LOGGED and (tenant.losses or not is_ready):
            log_link(logging.WARNING, said, found[tenant.name])
    return found
