"""Publishes what an audit found as artifacts of its flow run."""

import hashlib
import logging
import re
from dataclasses import replace
from typing import Any, cast
from uuid import UUID

from prefect import get_run_logger, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.judge.summary import format_summary, worst_first
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.links import Links
from pgfleet.reports.markup import escaped
from pgfleet.reports.phrases.trend import MOST_LINES
from pgfleet.reports.phrases.variants import summarize_variants, variant_rows
from pgfleet.reports.render import markdown
from pgfleet.reports.tables import tenant_rows
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.audit_tenant import tenant_view
from pgfleet.run.context import RunContext
from pgfleet.tasks.support.links import from_elsewhere, to_artifact, to_key, to_run

OPTIONS: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": 1,
}
"""Of every task that publishes."""
MOST_LOGGED = 10


@task(name="publish report", **OPTIONS)
def publish_report(document: AuditDocument, context: RunContext, kept: str = "") -> None:
    """A table of tenants, one of variants, a summary, and a page for each of the worst that is not ready or lost rows.

    The summary ends with where the run's own page was kept. An audit of chosen tenants has keys of its own:
    `audit-prod` goes on saying what the last whole audit found.
    """
    environment, said = document.environment, format_summary(document.summary)
    scope, zone = scope_of(context), context.environment.policy.timezone
    links = Links(run=to_run(document.run_id), summary=to_key(f"summary-{scope}"))
    links = replace(links, tenants=_publish_tenants(document, context, links))
    create_table_artifact(
        tenant_rows(document, zone, links), key=f"audit-{scope}", description=f"Audit of {environment}: {said}"
    )
    variants = document.variants
    described = summarize_variants(variants[:MOST_LINES])
    create_table_artifact(variant_rows(variants), key=f"variants-{scope}", description=described)
    page = markdown.render(audit_view(document, context.manifest, zone), replace(links, summary=None))
    summary = create_markdown_artifact(with_place(page, kept), key=f"summary-{scope}", description=said)
    _log_link(logging.INFO, "All of it", to_artifact(cast("UUID", summary)))


def _publish_tenants(document: AuditDocument, context: RunContext, links: Links) -> dict[str, str]:
    """The pages of the worst tenants, each by the tenant's name."""
    wrong = [each for each in worst_first(document.tenants) if each.verdict is not Verdict.READY or each.losses]
    found: dict[str, str] = {}
    for tenant in wrong[:MOST_TENANTS]:
        view = tenant_view(tenant, document, context.manifest, context.environment.policy.timezone)
        page = markdown.render(view, links)
        key = artifact_key("tenant", document.environment, tenant.name)
        said = f"{tenant.name} {'lost rows' if tenant.verdict is Verdict.READY else f'is {tenant.verdict}'}"
        made = create_markdown_artifact(page, key=key, description=said)
        found[tenant.name] = to_artifact(cast("UUID", made))
        if len(found) <= MOST_LOGGED:
            _log_link(logging.WARNING, said, found[tenant.name])
    return found


def _log_link(level: int, said: str, link: str) -> None:
    """In the run's log, which is what its page opens with: from there it is a click away."""
    if address := from_elsewhere(link):
        get_run_logger().log(level, "%s: %s", said, address)


def with_place(page: str, kept: str) -> str:
    """The page, and where more is kept, if it is."""
    return f"{page}\n{escaped(kept)}\n" if kept else page


def scope_of(context: RunContext) -> str:
    """The end of an artifact's key: the environment, and whether only some of its tenants were chosen."""
    environment = context.environment.name
    return f"{environment}-selection" if context.is_partial else environment


def artifact_key(*parts: str) -> str:
    """A key of Prefect's form (small letters, digits, dashes); a digest keeps names apart that had to be altered."""
    joined = "-".join(parts)
    plain = re.sub(r"[^a-z0-9]+", "-", joined.lower()).strip("-")
    return plain if plain == joined else f"{plain}-{hashlib.sha256(joined.encode()).hexdigest()[:6]}"
