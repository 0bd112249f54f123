"""Makes the audit document of a run from the tenants' entries."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from pgfleet.documents.audit import AuditDocument, TenantEntry
from pgfleet.documents.login_rights import LoginRights
from pgfleet.judge.enrich import enrich
from pgfleet.judge.logins import judge_logins
from pgfleet.judge.summary import build_document, skipped_entries
from pgfleet.judge.trend import PreviousAudit
from pgfleet.postgres.read.logins import logins_of
from pgfleet.run.context import RunContext


def make_document(
    context: RunContext,
    entries: Sequence[TenantEntry],
    rights: Iterable[LoginRights],
    previous: PreviousAudit | None,
    *,
    run_id: str,
    started_at: datetime,
    compare: bool = True,
) -> AuditDocument:
    """The document of an audit that ends now, compared with the previous one if there is one.

    `rights` are those of the tenants' logins. Without `compare`, a missing previous audit does not mean that this is
    the first one.
    """
    environment, manifest = context.environment, context.manifest
    times = {"started_at": started_at, "finished_at": datetime.now(UTC)}
    document = build_document(
        environment.name, run_id, manifest, entries, skipped_entries(environment.skipped), **times
    )
    document = enrich(document, environment, manifest, previous, context.today, is_partial=context.is_partial)
    has_scratch_dsn = environment.policy.scratch_dsn is not None
    logins = judge_logins(rights, logins_of(environment), has_scratch_dsn=has_scratch_dsn)
    return document.model_copy(update={"is_first": compare and previous is None, "logins": logins})
