"""The events that runs send to Prefect's automations; docs/reference/events.md lists them.

Every event is about an environment. Triggers match its labels; messages use its payload.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.repair import RepairDocument
from pgfleet.documents.rollout import Result, RolloutDocument
from pgfleet.documents.rollout_plan import RolloutPlan
from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.findings import list_findings
from pgfleet.judge.summary import EXIT_STATUS, format_summary, outcome_of, worst_first
from pgfleet.reports.event_kinds import (
    AUDIT_FINISHED,
    MOST_TENANTS,
    REPAIR_FINISHED,
    ROLLOUT_AWAITING_APPROVAL,
    ROLLOUT_FINISHED,
    ROLLOUT_HALTED,
    ROLLOUT_REFUSED,
    TENANT_BLOCKED,
    TENANT_UNREACHABLE,
    ApprovalAwaited,
    AuditFinished,
    RepairFinished,
    RolloutFinished,
    TenantsFound,
    label_of,
)
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.trend import MOST_LINES, new_lines
from pgfleet.rollout import repair_summary
from pgfleet.rollout.summary import RolloutOutcome

OF_VERDICT = {Verdict.BLOCKED: TENANT_BLOCKED, Verdict.UNREACHABLE: TENANT_UNREACHABLE}
OF_OUTCOME = {RolloutOutcome.HALTED: ROLLOUT_HALTED, RolloutOutcome.REFUSED: ROLLOUT_REFUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened in an environment; `tenants` are the ones concerned, if any."""

    name: str
    environment: str
    labels: Mapping[str, str]
    payload: Mapping[str, object]
    tenants: Sequence[str] = ()

    @property
    def resource(self) -> dict[str, str]:
        """`pgfleet.environment.prod`, with its labels."""
        own = {f"pgfleet.{name}": value for name, value in self.labels.items()}
        return {
            "prefect.resource.id": f"pgfleet.environment.{self.environment}",
            "prefect.resource.name": self.environment,
            "pgfleet.environment": self.environment,
            **own,
        }

    @property
    def shown_payload(self) -> dict[str, object]:
        """The payload with the hidden characters of its texts shown, because messages to people quote them."""
        return {name: _shown(value) for name, value in self.payload.items()}

    @property
    def related(self) -> list[dict[str, str]]:
        """`pgfleet.tenant.prod.acme` for each tenant, at most MOST_TENANTS."""
        return [
            {
                "prefect.resource.id": f"pgfleet.tenant.{self.environment}.{name}",
                "prefect.resource.role": "tenant",
                "prefect.resource.name": name,
            }
            for name in self.tenants[:MOST_TENANTS]
        ]


def of_audit(document: AuditDocument, *, is_partial: bool) -> Iterator[Event]:
    """That the audit finished, one event for all blocked tenants, and one for all unreachable tenants.

    Without a previous audit, every finding is new.
    """
    outcome, since = outcome_of(document.tenants), document.since
    new = len(since.new) if since else len(list_findings(document))
    labels = {"outcome": label_of(outcome), "whole": _flag(not is_partial), "new-findings": _flag(new > 0)}
    yield Event(
        name=AUDIT_FINISHED,
        environment=document.environment,
        labels=labels,
        payload=AuditFinished(
            run_id=document.run_id,
            outcome=outcome,
            exit_status=EXIT_STATUS[outcome],
            summary=document.summary,
            said=format_summary(document.summary),
            new=new,
            new_findings=new_lines(since, document.manifest.migrations) if since else _tenant_lines(document),
            persisting=since.persisting if since else 0,
            resolved=len(since.resolved) if since else 0,
            compared_with=since.previous_run_id if since else None,
            is_first=document.is_first,
        ),
    )
    for verdict, name in OF_VERDICT.items():
        tenants = [each.name for each in document.tenants if each.verdict is verdict]
        if tenants:
            yield Event(
                name=name,
                environment=document.environment,
                labels={"whole": _flag(not is_partial)},
                payload=TenantsFound(run_id=document.run_id, count=len(tenants), tenants=tenants[:MOST_TENANTS]),
                tenants=tuple(tenants),
            )


def of_rollout(document: RolloutDocument) -> Iterator[Event]:
    """The rollout is finished; a second event if it halted or was refused. `what` distinguishes dry runs, seedings."""
    labels = {
        "outcome": label_of(document.outcome),
        "what": document.what.replace(" ", "-"),
        "dry-run": _flag(document.dry_run),
    }
    failed = [each.name for each in document.tenants if each.result is Result.FAILED]
    payload = RolloutFinished(
        run_id=document.run_id,
        what=document.what,
        outcome=document.outcome,
        reason=document.reason,
        plan_digest=document.plan_digest,
        summary=document.summary,
        said=format_summary(document.summary),
        failed=failed[:MOST_TENANTS],
    )
    for name in (ROLLOUT_FINISHED, OF_OUTCOME.get(RolloutOutcome(document.outcome))):
        if name:
            yield Event(
                name=name, environment=document.environment, labels=labels, payload=payload, tenants=tuple(failed)
            )


def of_repair(document: RepairDocument) -> Event:
    """The repair or its dry run is finished."""
    return Event(
        name=REPAIR_FINISHED,
        environment=document.environment,
        labels={"outcome": document.outcome.lower(), "dry-run": _flag(document.dry_run)},
        payload=RepairFinished(
            run_id=document.run_id,
            outcome=document.outcome,
            reason=document.reason,
            digest=document.digest,
            summary=document.summary,
            said=repair_summary.format_summary(document),
        ),
        tenants=tuple(each.name for each in document.tenants),
    )


def of_approval(plan: RolloutPlan, run_id: str) -> Event:
    """A rollout waits for the approval of its plan."""
    changing = [each.name for each in plan.tenants if each.changes]
    return Event(
        name=ROLLOUT_AWAITING_APPROVAL,
        environment=plan.environment,
        labels={},
        payload=ApprovalAwaited(run_id=run_id, plan_digest=plan.digest, tenants=len(changing)),
        tenants=tuple(changing),
    )


def _tenant_lines(document: AuditDocument) -> tuple[str, ...]:
    """`acme: no migration is applied: …` for the first MOST_LINES tenants that are not ready, worst first."""
    wrong = [each for each in worst_first(document.tenants) if each.verdict is not Verdict.READY]
    lines = [f"{each.name}: {sentence(each)}" for each in wrong[:MOST_LINES]]
    return (*lines, f"{len(wrong) - MOST_LINES} more tenants") if len(wrong) > MOST_LINES else tuple(lines)


def _shown(value: object) -> object:
    if isinstance(value, list | tuple):
        return [*map(_shown, value)]
    return show_hidden(value) if isinstance(value, str) else value


def _flag(value: bool) -> str:
    """A label's value, which is text."""
    return "true" if value else "false"
