"""What was measured."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

THREADS = 8
"""Tenants worked on at once, by every measure but the loop of psql."""


class Name(StrEnum):
    """What is measured."""

    PSQL = "psql"
    RAW = "raw"
    ENGINE = "engine"
    FLOW_TENANT = "flow-tenant"
    EMPTY_TASKS = "empty-tasks"
    FLOW_STEP = "flow-step"
    RAW_ROLLOUT = "raw-rollout"
    ROLLOUT = "rollout"
    UNCHANGED_ROLLOUT = "unchanged-rollout"


MEANS = {
    Name.PSQL: "the document's six queries, a loop of psql",
    Name.RAW: "raw limit: connect, one introspection query",
    Name.ENGINE: "engine alone, no Prefect",
    Name.FLOW_TENANT: "audit, granularity tenant",
    Name.EMPTY_TASKS: "empty nested Prefect tasks, as many as the next",
    Name.FLOW_STEP: "audit, granularity step",
    Name.RAW_ROLLOUT: "raw limit: connect, the same scripts",
    Name.ROLLOUT: "rollout to empty tenants, granularity tenant",
    Name.UNCHANGED_ROLLOUT: "the same again: nothing to be done",
}


class Cost(BaseModel):
    """What a measure took by itself: wall-clock time, when that was over (a Unix time), and the peak of memory."""

    seconds: float
    ended_at: float
    peak_mib: float
    task_runs: int = 0


class Measure(Cost):
    """The same, of so many tenants, with what the servers saw of it.

    `connections` is how many sessions there were with tenants' databases; `prefect_kib` by how much Prefect's database
    grew; `recorded_seconds` how long it took until Prefect had written down how each task run ended.
    """

    name: Name
    tenants: int
    connections: int
    prefect_kib: int | None = None
    recorded_seconds: float | None = None


class Results(BaseModel):
    """All of one run, on one machine."""

    machine: str
    taken_at: datetime
    measures: list[Measure]

    def of(self, name: Name, tenants: int) -> Measure | None:
        """One measure of that fleet, if it was taken."""
        return next((each for each in self.measures if (each.name, each.tenants) == (name, tenants)), None)

    def sizes(self, name: Name) -> list[int]:
        """The fleets of which it was taken."""
        return [each.tenants for each in self.measures if each.name == name]
