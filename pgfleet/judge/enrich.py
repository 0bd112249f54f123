"""Adds to an audit document: lost rows and the trend since the previous audit, variants, shared objects, and more."""

from collections.abc import Collection, Iterable, Iterator
from datetime import date

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.documents.audit_context import LossEntry
from pgfleet.documents.findings import CountEntry
from pgfleet.fleet.model import Environment
from pgfleet.judge.acceptance import review
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


def add_losses(
    tenants: Iterable[TenantEntry],
    before: Iterable[TenantEntry],
    row_loss: int | str,
    *,
    may_shrink: Collection[str] = (),
) -> tuple[TenantEntry, ...]:
    """The tenants with their row losses since `before`, without tables that `may_shrink`.

    `row_loss` is the policy's limit: rows, or a percentage (`"10%"`) of the previous rows, rounded down. Two counts are
    compared only if both are exact or both are the planner's estimates.
    """
    earlier = {each.name: each for each in before}
    return tuple(
        each.model_copy(update={"losses": tuple(_losses(each, earlier[each.name], row_loss, may_shrink))})
        if each.name in earlier
        else each
        for each in tenants
    )


def allowed_rows(row_loss: int | str, before: int) -> int:
    """The number of rows out of `before` that may be lost."""
    return before * int(row_loss.removesuffix("%")) // 100 if isinstance(row_loss, str) else row_loss


def _losses(
    now: TenantEntry, before: TenantEntry, row_loss: int | str, may_shrink: Collection[str]
) -> Iterator[LossEntry]:
    counts = {each.table: each for each in before.counts}
    for count in now.counts:
        if count.table in counts and count.table not in may_shrink:
            yield from _loss(count, counts[count.table], row_loss)


def _loss(now: CountEntry, before: CountEntry, row_loss: int | str) -> Iterator[LossEntry]:
    """No loss if a table was absent or could not be counted, which is reported separately."""
    if now.rows is None or before.rows is None or now.exact is not before.exact:
        return
    allowed = allowed_rows(row_loss, before.rows)
    if before.rows - now.rows > allowed:
        yield LossEntry(table=now.table, before=before.rows, now=now.rows, allowed=allowed, exact=now.exact)
