"""What was measured: the values that are written to the results folder."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel

THREADS = 8
"""Tenants that are worked on at once, by everything but the peers."""
PEERS = 4
"""Processes of the peers at once."""


class Part(StrEnum):
    """A part of the bench that can be run by itself."""

    AUDITS = "audits"
    ROLLOUTS = "rollouts"
    PEERS = "peers"
    SHARED = "shared"
    ROUND_TRIPS = "round-trips"
    LATENCY = "latency"
    LOCAL = "local"
    JUDGING = "judging"


class Cost(BaseModel):
    """What a piece of work cost; None is not measured or not applicable.

    `peak_mib` is the peak memory of the measuring process so far, or of the largest process that it started.
    `server_cpu_seconds` is the CPU time of PostgreSQL, `prefect_cpu_seconds` that of Prefect's server until it had
    recorded every task run, `recorded_seconds` after the start. `connections` is the number of sessions with tenants'
    databases, `prefect_kib` the growth of Prefect's database. `catalog_reads` is the number of introspection queries.
    """

    seconds: float | None = None
    client_cpu_seconds: float | None = None
    server_cpu_seconds: float | None = None
    prefect_cpu_seconds: float | None = None
    recorded_seconds: float | None = None
    prefect_kib: int | None = None
    peak_mib: float | None = None
    connections: int | None = None
    round_trips: int | None = None
    catalog_reads: int | None = None


class Figure(Cost):
    """The cost of a measure with this number of tenants; `delay_ms` is the artificial round-trip time.

    What others are compared with is taken several `times`, between them; its seconds are the mean.
    """

    measure: str
    tenants: int
    delay_ms: int | None = None
    times: int = 1

    def with_another(self, other: "Figure") -> "Figure":
        """The mean of this figure and another one of the same measure; counts and peaks are the highest."""
        found: dict[str, float | int | None] = {"times": self.times + other.times}
        for name in Cost.model_fields:
            mine, others = getattr(self, name), getattr(other, name)
            if mine is None or others is None:
                continue
            mean = (mine * self.times + others * other.times) / found["times"]
            found[name] = mean if name.endswith("seconds") else max(mine, others)
        return self.model_copy(update=found)


class Results(BaseModel):
    """The figures of one part, taken in one run on one machine; `notes` say what was left out."""

    part: Part
    machine: str
    taken_at: datetime
    notes: list[str] = []
    figures: list[Figure] = []

    def of(self, measure: str, tenants: int, delay_ms: int | None = None) -> Figure | None:
        """The figure of a measure; None if it was not taken."""
        wanted = (measure, tenants, delay_ms)
        return next((each for each in self.figures if (each.measure, each.tenants, each.delay_ms) == wanted), None)

    def add(self, figure: Figure) -> None:
        """Adds the figure, or combines it with the one of the same measure."""
        before = self.of(figure.measure, figure.tenants, figure.delay_ms)
        if before:
            self.figures[self.figures.index(before)] = before.with_another(figure)
        else:
            self.figures.append(figure)

    def save(self, folder: Path) -> None:
        """Writes the part's JSON file."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{self.part}.json").write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")


def load_all(folder: Path) -> list[Results]:
    """The results of every part in the folder, in the order of `Part`."""
    files = (folder / f"{part}.json" for part in Part)
    return [Results.model_validate_json(file.read_text(encoding="utf-8")) for file in files if file.exists()]
