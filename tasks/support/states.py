"""Prefect states for results: Completed if all is as expected, else Failed with a name that says why."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from prefect import Task
from prefect.client.schemas.objects import State
from prefect.results import ResultRecord  # type: ignore[attr-defined]  # imported there
from prefect.states import Completed, Failed
from prefect.transactions import CommitMode, Transaction

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.counts import CountDocument
from pgfleet.documents.findings import ContractEntry, MigrationEntry, MigrationStatus, SeedEntry, SeedStatus
from pgfleet.documents.manifest_proof import ManifestProof, ProofOutcome
from pgfleet.documents.rollout import (
    SUCCEEDED,
    MigrationStep,
    Result,
    RolloutDocument,
    SeedStep,
    StepStatus,
    TenantResult,
)
from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.summary import Outcome, format_summary, outcome_of, summarize, tenant_count
from pgfleet.reports.phrases import manifest_proof
from pgfleet.reports.phrases.audit import lacking_migrations, sentence
from pgfleet.reports.phrases.context import summarize_losses
from pgfleet.reports.phrases.rollout import findings_text
from pgfleet.rollout import summary as rollout_summary
from pgfleet.rollout.failures import group_failures
from pgfleet.rollout.summary import RolloutOutcome
from pgfleet.tasks.support.busy_server import repeat_soon
from pgfleet.tasks.support.logs import filter_findings
from pgfleet.tasks.support.opaque import opaque
from pgfleet.wording import shortened

# Here, because every process that runs such a task imports this module.
filter_findings()
repeat_soon()

MOST_CHARACTERS = 400


def migration_state(entry: MigrationEntry) -> State[MigrationEntry]:
    """Applied, or Failed with the name of the status."""
    name = entry.status.capitalize()
    if entry.status is MigrationStatus.APPLIED:
        return Completed(name=name, data=entry)
    return Failed(name=name, message=state_message(sentence(entry)), data=entry)


def seed_state(entry: SeedEntry) -> State[SeedEntry]:
    """Completed with the name of the status, which does not affect the verdict; Failed if the seed is unknown."""
    make = Failed if entry.status is SeedStatus.UNKNOWN else Completed
    return make(name=entry.status.capitalize(), message=state_message(entry.detail), data=entry)


def contracts_state(entries: tuple[ContractEntry, ...]) -> State[tuple[ContractEntry, ...]]:
    """Working, or Failed: Broken if a consumer's statements would fail, Unknown if some were not tried."""
    found = {each.works for each in entries}
    if found <= {True}:
        return Completed(name="Working", data=entries)
    message = state_message("; ".join(sentence(each) for each in entries if not each.works))
    return Failed(name="Broken" if False in found else "Unknown", message=message, data=entries)


def tenant_state(entry: TenantEntry) -> State[TenantEntry]:
    """Ready, or Failed with the name of the verdict."""
    name = entry.verdict.capitalize()
    if entry.verdict is Verdict.READY:
        return Completed(name=name, data=entry)
    return Failed(name=name, message=state_message(sentence(entry)), data=entry)


def needs_steps(entry: TenantEntry, detailed: Collection[Verdict]) -> bool:
    """Whether task runs of its steps show more than the tenant's own: not if it only lacks migrations."""
    lacking = lacking_migrations(entry)
    is_pending = bool(lacking) and all(each.status is MigrationStatus.PENDING for each in lacking)
    return entry.verdict in detailed and not is_pending


def run_state(tenants: Sequence[TenantEntry]) -> State[Any]:
    """Completed if every tenant is ready and lost no rows, else Failed with the name of the outcome."""
    outcome = outcome_of(tenants)
    message = "; ".join(filter(None, (format_summary(summarize(tenants)), summarize_losses(tenants))))
    if outcome is Outcome.READY:
        return Completed(message=message)
    return Failed(name=outcome, message=message)


def step_state(step: MigrationStep | SeedStep) -> State[Any]:
    """Completed with the name of the status, or Failed; a step that the dry run did not exercise does not fail."""
    make = Failed if step.status in {StepStatus.FAILED, StepStatus.NOT_REACHED} else Completed
    message = step.error.message if step.error else step.detail
    return make(name=_titled(step.status), message=state_message(message), data=step)


def result_state(result: TenantResult) -> State[TenantResult]:
    """Completed with the name of the result, or Failed with the name of the result."""
    make = Completed if result.result in SUCCEEDED else Failed
    message = "; ".join(each.message for each in group_failures([result])) or result.reason
    return make(name=_titled(result.result), message=state_message(message), data=result)


def results_state(results: Sequence[TenantResult]) -> State[Any]:
    """Of a wave: Completed if no tenant failed, else Failed, named Halted if one did not start."""
    message = format_summary(rollout_summary.summarize(results))
    found = {each.result for each in results}
    if found <= SUCCEEDED:
        return Completed(message=message)
    return Failed(name="Halted" if Result.NOT_REACHED in found else "Failed", message=message)


def rollout_state(document: RolloutDocument) -> State[Any]:
    """Completed if the rollout did everything, else Failed with the name of the outcome."""
    message = state_message(document.reason) or format_summary(document.summary)
    if findings := sum(map(rollout_summary.has_remaining_drift, document.tenants)):
        message = f"{message}; {findings_text(findings)}"
    if document.outcome == RolloutOutcome.COMPLETED:
        return Completed(message=message)
    return Failed(name=document.outcome, message=message)


def counts_state(document: CountDocument) -> State[Any]:
    """Completed if every tenant was counted, else Failed as Incomplete."""
    uncounted = document.summary["uncounted"]
    message = f"{tenant_count(document.summary['tenants'])}, {uncounted} of them not counted"
    return Failed(name=Outcome.INCOMPLETE, message=message) if uncounted else Completed(message=message)


def proof_state(proof: ManifestProof) -> State[Any]:
    """Completed if the manifest is proven, else Failed with the name of the outcome."""
    message = state_message(manifest_proof.proof_sentence(proof))
    if proof.outcome is ProofOutcome.PROVEN:
        return Completed(message=message)
    return Failed(name=proof.outcome, message=message)


def as_task_runs(tasks: Mapping[Callable[..., Any], Task[..., Any]]) -> Callable[..., Any]:
    """A function that runs each step as a run of its task.

    A step that has ended keeps its state: from 3.9 on, Prefect rolls back the task runs within one that returns a
    Failed state, unless their transactions are committed.
    """

    def run(step: Callable[..., Any], *arguments: object) -> Any:
        with Transaction(commit_mode=CommitMode.EAGER):
            state: State[Any] = tasks[step](*map(opaque, arguments), return_state=True)  # type: ignore[assignment]  # no coroutine
        return unwrap(state)

    return run


def unwrap(state: State[Any]) -> Any:
    """The result of a finished task run, whatever the name of its state. Raises the error that it ended with."""
    result = raw_result(state)
    if isinstance(result, BaseException):
        raise result
    return result


def raw_result(state: State[Any]) -> Any:
    """The result or the error in a state of this process.

    `State.result` would switch to Prefect's event loop and back, a third of the time that a step takes.
    """
    return state.data.result if isinstance(state.data, ResultRecord) else state.data


def state_message(message: str | None) -> str | None:
    """The message as Prefect logs and shows it with the run; the full text is in the result."""
    return shortened(show_hidden(message or ""), MOST_CHARACTERS) or None


def _titled(name: str) -> str:
    return name.replace("_", " ").capitalize()
