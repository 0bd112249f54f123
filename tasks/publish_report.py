"""Publishes what an audit found as artifacts of its flow run."""

import hashlib
import re
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE

from pgfleet.brief import Brief
from pgfleet.judge.document import AuditDocument, Verdict
from pgfleet.judge.summary import in_words, worst_first
from pgfleet.render.markdown import MOST_TENANTS, summary_page, tenant_page
from pgfleet.render.markup import escaped
from pgfleet.render.since_words import MOST_LINES
from pgfleet.render.tables import tenant_rows
from pgfleet.render.variant_words import variant_rows, variants_in_words

OPTIONS: dict[str, Any] = {
    "cache_policy": NO_CACHE,
    "persist_result": False,
    "retries": 2,
    "retry_delay_seconds": 1,
}
"""Of every task that publishes."""


@task(name="publish report", **OPTIONS)
def publish_report(document: AuditDocument, brief: Brief, kept: str = "") -> None:
    """A table of tenants, one of variants, a summary, and a page for each of the worst that is not ready or lost rows.

    The summary ends with where the run's own page was kept. An audit of chosen tenants has keys of its own:
    `audit-prod` goes on saying what the last whole audit found.
    """
    environment, said = document.environment, in_words(document.summary)
    scope, zone = scope_of(brief), brief.environment.policy.timezone
    rows, variants = tenant_rows(document, zone), document.variants
    create_table_artifact(rows, key=f"audit-{scope}", description=f"Audit of {environment}: {said}")
    described = variants_in_words(variants[:MOST_LINES])
    create_table_artifact(variant_rows(variants), key=f"variants-{scope}", description=described)
    page = summary_page(document, brief.manifest, zone)
    create_markdown_artifact(with_place(page, kept), key=f"summary-{scope}", description=said)
    wrong = [each for each in worst_first(document.tenants) if each.verdict is not Verdict.READY or each.losses]
    for tenant in wrong[:MOST_TENANTS]:
        page = tenant_page(tenant, document, brief.manifest, zone)
        key = artifact_key("tenant", environment, tenant.name)
        create_markdown_artifact(page, key=key, description=f"{tenant.name} is {tenant.verdict}")


def with_place(page: str, kept: str) -> str:
    """The page, and where more is kept, if it is."""
    return f"{page}\n{escaped(kept)}\n" if kept else page


def scope_of(brief: Brief) -> str:
    """The end of an artifact's key: the environment, and whether only some of its tenants were chosen."""
    environment = brief.environment.name
    return f"{environment}-selection" if brief.is_partial else environment


def artifact_key(*parts: str) -> str:
    """A key of Prefect's form (small letters, digits, dashes); a digest keeps names apart that had to be altered."""
    joined = "-".join(parts)
    plain = re.sub(r"[^a-z0-9]+", "-", joined.lower()).strip("-")
    return plain if plain == joined else f"{plain}-{hashlib.sha256(joined.encode()).hexdigest()[:6]}"
