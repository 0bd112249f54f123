"""Adds to an audit document: the trend since the previous audit, variants, shared objects, and acceptances."""

from datetime import date

from pgfleet.documents.audit import AuditDocument
from pgfleet.fleet.model import Environment
from pgfleet.judge.acceptance import review
from pgfleet.judge.losses import add_losses
from pgfleet.judge.shared_objects import find_shared
from pgfleet.judge.trend import PreviousAudit, add_trend, restrict_to_tenants
from pgfleet.judge.variants import group_variants
from pgfleet.manifest.model import Manifest


def enrich(
    document: AuditDocument,
    environment: Environment,
    manifest: Manifest,
    previous: PreviousAudit | None,
    today: date,
    *,
    is_partial: bool,
) -> AuditDocument:
    """The document with losses, dates, variants, shared objects, and acceptances.

    `is_partial` means that not all of the environment's tenants were audited.
    """
    policy = environment.policy
    if previous and is_partial:
        previous = restrict_to_tenants(document, previous)
    if previous:
        may_shrink = {each.table for each in manifest.counts if each.may_shrink}
        tenants = add_losses(document.tenants, previous.document.tenants, policy.row_loss, may_shrink=may_shrink)
        document = document.model_copy(update={"tenants": tenants})
    homes = {each.name: each.home for each in environment.tenants}
    return add_trend(document, previous).model_copy(
        update={
            "variants": group_variants(document.tenants, homes),
            "shared": find_shared(document.tenants),
            "accepted": review(policy.acceptances, document.tenants, today, is_partial=is_partial),
        }
    )
