"""Findings as Prefect states: green where all is right, red and named where it is not."""

from collections.abc import Sequence
from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from pgfleet.judge.document import MigrationEntry, MigrationStatus, SeedEntry, SeedStatus, TenantEntry, Verdict
from pgfleet.judge.summary import Outcome, in_words, outcome_of, summarise
from pgfleet.render.words import sentence


def migration_state(entry: MigrationEntry) -> State[MigrationEntry]:
    """Applied, or Failed under the name of the status."""
    name = entry.status.capitalize()
    if entry.status is MigrationStatus.APPLIED:
        return Completed(name=name, data=entry)
    return Failed(name=name, message=sentence(entry), data=entry)


def seed_state(entry: SeedEntry) -> State[SeedEntry]:
    """Completed under the name of the status, which is no verdict on the tenant; Failed if it could not be seen."""
    make = Failed if entry.status is SeedStatus.UNKNOWN else Completed
    return make(name=entry.status.capitalize(), message=entry.detail, data=entry)


def tenant_state(entry: TenantEntry) -> State[TenantEntry]:
    """Ready, or Failed under the name of the verdict."""
    name = entry.verdict.capitalize()
    if entry.verdict is Verdict.READY:
        return Completed(name=name, data=entry)
    return Failed(name=name, message=sentence(entry), data=entry)


def run_state(tenants: Sequence[TenantEntry]) -> State[Any]:
    """Completed if every tenant is ready, else Failed under the name of the outcome."""
    outcome, message = outcome_of(tenants), in_words(summarise(tenants))
    if outcome is Outcome.READY:
        return Completed(message=message)
    return Failed(name=outcome, message=message)


def finding(state: State[Any]) -> Any:
    """What a finished task run found, whatever its state is named; the error that it ended with is raised."""
    found = held(state)
    if isinstance(found, BaseException):
        raise found
    return found


def held(state: State[Any]) -> Any:
    """What a state of this process holds: a finding or an error.

    Not by `State.result`, which crosses over to Prefect's event loop and back for it: a third of what a step costs.
    """
    return getattr(state.data, "result", state.data)
