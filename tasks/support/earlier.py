"""Loads the inspections of an earlier audit that may still hold."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from pydantic import TypeAdapter, ValidationError

from pgfleet.fleet.model import Policy
from pgfleet.judge.unchanged import EarlierInspection, StampedAudit, StampedTenant, earlier_inspections
from pgfleet.tasks.support.results import load_result

STAMPED_AUDIT = TypeAdapter(StampedAudit)


def load_earlier(run_id: str | None, policy: Policy) -> Mapping[str, EarlierInspection]:
    """The inspections by tenant in the document of that audit's flow run; none if there is no run, or no document."""
    entries = _tenants(run_id) if run_id else ()
    return earlier_inspections(entries, datetime.now(UTC), policy.full_audit_every)


@lru_cache(maxsize=1)
def _tenants(run_id: str) -> tuple[StampedTenant, ...]:
    """Cached, because all waves of a run in one process load the same document."""
    try:
        found = load_result(UUID(run_id), STAMPED_AUDIT)
    except ValidationError:  # the document of another version
        return ()
    return found.tenants if found else ()
