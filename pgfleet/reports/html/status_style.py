"""How states look: a colour, and a sign that tells the same without it. The style sheet knows them by their letter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgfleet.documents.audit import MigrationStatus, Verdict
from pgfleet.documents.rollout import Result, RingOutcome, StepStatus


class Look(StrEnum):
    """Kept to a letter, as there are thousands of cells on a page."""

    GOOD = "g"
    DONE = "d"
    BAD = "b"
    PARTLY = "p"
    PENDING = "t"
    DOUBTFUL = "q"
    AWAY = "u"
    KNOWN = "k"
    NONE = "n"


VERDICT = {
    Verdict.READY: Look.GOOD,
    Verdict.DEGRADED: Look.PARTLY,
    Verdict.BLOCKED: Look.BAD,
    Verdict.UNREACHABLE: Look.AWAY,
    Verdict.UNKNOWN: Look.DOUBTFUL,
}
STATUS = {
    MigrationStatus.APPLIED: Look.GOOD,
    MigrationStatus.PENDING: Look.PENDING,
    MigrationStatus.DRIFTED: Look.BAD,
    MigrationStatus.UNKNOWN: Look.DOUBTFUL,
}
RESULT = {
    Result.FAILED: Look.BAD,
    Result.UNREACHABLE: Look.AWAY,
    Result.NOT_REACHED: Look.PENDING,
    Result.DONE: Look.DONE,
    Result.UNCHANGED: Look.GOOD,
}
STEP = {
    StepStatus.DONE: Look.DONE,
    StepStatus.SKIPPED: Look.GOOD,
    StepStatus.FAILED: Look.BAD,
    StepStatus.NOT_REACHED: Look.PENDING,
    StepStatus.NOT_REHEARSED: Look.DOUBTFUL,
}
RING = {RingOutcome.COMPLETED: Look.DONE, RingOutcome.HALTED: Look.BAD, RingOutcome.NOT_REACHED: Look.PENDING}
WIDTH = 1000.0
"""Of a bar, in its own units."""
NARROWEST = 6.0
"""One tenant among thousands is still seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a bar: how it looks, what it stands for, and where it lies."""

    look: Look
    word: str
    number: float
    x: float
    width: float


def bar(numbers: Mapping[tuple[Look, str], float]) -> tuple[Part, ...]:
    """The parts of a bar that is full, each as wide as its share and none too narrow to be seen."""
    shown = {key: number for key, number in numbers.items() if number}
    total = sum(shown.values())
    raw = [max(NARROWEST, WIDTH * number / total) for number in shown.values()]
    scale = WIDTH / sum(raw) if raw else 1.0
    return tuple(_laid_out(shown, (each * scale for each in raw)))


def _laid_out(shown: Mapping[tuple[Look, str], float], widths: Iterable[float]) -> Iterable[Part]:
    x = 0.0
    for ((look, word), number), width in zip(shown.items(), widths, strict=True):
        yield Part(look=look, word=word, number=number, x=round(x, 1), width=round(width, 1))
        x += width
