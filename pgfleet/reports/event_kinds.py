"""The events that runs send to Prefect's automations: names, labels, and payloads (docs/reference/events.md)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from pgfleet.judge.summary import Outcome
from pgfleet.rollout.repair_summary import RepairOutcome
from pgfleet.rollout.summary import RolloutOutcome

AUDIT_FINISHED = "pgfleet.audit.finished"
TENANT_BLOCKED = "pgfleet.tenant.blocked"
TENANT_UNREACHABLE = "pgfleet.tenant.unreachable"
ROLLOUT_AWAITING_APPROVAL = "pgfleet.rollout.awaiting-approval"
ROLLOUT_FINISHED = "pgfleet.rollout.finished"
ROLLOUT_HALTED = "pgfleet.rollout.halted"
ROLLOUT_REFUSED = "pgfleet.rollout.refused"
REPAIR_FINISHED = "pgfleet.repair.finished"

MOST_TENANTS = 50
"""Names of tenants in one event; Prefect allows 100 related resources, including the run's own."""


def label_of(outcome: str) -> str:
    """`drifted-incomplete` for the outcome of an audit or a rollout, as a label has it."""
    return outcome.lower().replace(", ", "-")


def _values(outcomes: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in outcomes)


LABELS: Mapping[str, str] = {
    "outcome": (
        f"Of an audit: {_values(map(label_of, Outcome))}. Of a rollout: {_values(map(label_of, RolloutOutcome))}. "
        f"Of a repair: {_values(each.lower() for each in RepairOutcome)}."
    ),
    "whole": "`true`, or `false` if only some tenants were selected.",
    "new-findings": "`true` if the audit found something that the previous one did not have, otherwise `false`.",
    "what": (
        "What ended: `rollout`, `dry-run`, `seed`, `seed-dry-run`, `revert`, `revert-dry-run`, `adoption`, "
        "`adoption-dry-run`."
    ),
    "dry-run": "`true`, `false`.",
}
"""What each label contains, by its name without the prefix `pgfleet.`."""


class AuditFinished(TypedDict):
    """The payload of a finished audit."""

    run_id: str
    """The flow run."""
    outcome: str
    """The outcome, as the run's final state is named."""
    exit_status: int
    """The exit status of the command."""
    summary: Mapping[str, int]
    """Tenants per verdict."""
    said: str
    """The summary in words."""
    new: int
    """Findings that the previous audit did not have; without a previous audit, all of them."""
    new_findings: Sequence[str]
    """The first of the new findings in words."""
    persisting: int
    """Findings that the previous audit had too."""
    resolved: int
    """Findings that only the previous audit had."""
    compared_with: str | None
    """The flow run of the previous audit."""
    is_first: bool
    """Whether there is no earlier audit of this manifest."""


class TenantsFound(TypedDict):
    """The payload of an event about tenants with one verdict."""

    run_id: str
    """The flow run."""
    count: int
    """How many tenants have the verdict."""
    tenants: Sequence[str]
    """The first 50 of their names."""


class RolloutFinished(TypedDict):
    """The payload of a finished rollout, seeding, revert, or dry run of one of them."""

    run_id: str
    """The flow run."""
    what: str
    """As in `pgfleet.what`, with spaces: `rollout`, `dry run`, `seed dry run` …"""
    outcome: str
    """The outcome, as the run's final state is named."""
    reason: str | None
    """Why it halted or was refused, otherwise null."""
    plan_digest: str
    """The digest of its plan."""
    summary: Mapping[str, int]
    """Tenants per result."""
    said: str
    """The summary in words."""
    failed: Sequence[str]
    """The first 50 names of failed tenants."""


class RepairFinished(TypedDict):
    """The payload of a finished repair or its dry run."""

    run_id: str
    """The flow run."""
    outcome: str
    """The outcome, as the run's final state is named."""
    reason: str | None
    """Why nothing was done, otherwise null."""
    digest: str
    """The digest of what would run."""
    summary: Mapping[str, int]
    """Tenants per result."""
    said: str
    """The summary in words."""


class ApprovalAwaited(TypedDict):
    """The payload of a request for approval."""

    run_id: str
    """The flow run."""
    plan_digest: str
    """The digest of the plan."""
    tenants: int
    """How many tenants the plan changes."""


@dataclass(frozen=True, slots=True)
class EventKind:
    """An event that runs emit; `labels` besides `pgfleet.environment`, `payload` the type of its payload."""

    name: str
    emitted_when: str
    labels: tuple[str, ...]
    payload: type


OF_ROLLOUT = ("outcome", "what", "dry-run")
EVENT_KINDS: Sequence[EventKind] = (
    EventKind(AUDIT_FINISHED, "an audit finished", ("outcome", "whole", "new-findings"), AuditFinished),
    EventKind(TENANT_BLOCKED, "an audit found blocked tenants", ("whole",), TenantsFound),
    EventKind(TENANT_UNREACHABLE, "an audit found unreachable tenants", ("whole",), TenantsFound),
    EventKind(ROLLOUT_AWAITING_APPROVAL, "a plan waits for approval", (), ApprovalAwaited),
    EventKind(
        ROLLOUT_FINISHED, "a rollout, seeding, or revert ended, or a dry run of one", OF_ROLLOUT, RolloutFinished
    ),
    EventKind(ROLLOUT_HALTED, "a rollout halted (in addition)", OF_ROLLOUT, RolloutFinished),
    EventKind(ROLLOUT_REFUSED, "a rollout was refused (in addition)", OF_ROLLOUT, RolloutFinished),
    EventKind(REPAIR_FINISHED, "a repair or its dry run ended", ("outcome", "dry-run"), RepairFinished),
)
