"""How states look: a colour, and a sign that tells the same without it. The style sheet knows them by their letter."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pgfleet.documents.audit import MigrationStatus, Verdict
from pgfleet.documents.rollout import Result, RingOutcome, StepStatus


class StatusStyle(StrEnum):
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
    Verdict.READY: StatusStyle.GOOD,
    Verdict.DEGRADED: StatusStyle.PARTLY,
    Verdict.BLOCKED: StatusStyle.BAD,
    Verdict.UNREACHABLE: StatusStyle.AWAY,
    Verdict.UNKNOWN: StatusStyle.DOUBTFUL,
}
STATUS = {
    MigrationStatus.APPLIED: StatusStyle.GOOD,
    MigrationStatus.PENDING: StatusStyle.PENDING,
    MigrationStatus.DRIFTED: StatusStyle.BAD,
    MigrationStatus.UNKNOWN: StatusStyle.DOUBTFUL,
}
RESULT = {
    Result.FAILED: StatusStyle.BAD,
    Result.UNREACHABLE: StatusStyle.AWAY,
    Result.NOT_REACHED: StatusStyle.PENDING,
    Result.DONE: StatusStyle.DONE,
    Result.UNCHANGED: StatusStyle.GOOD,
}
STEP = {
    StepStatus.DONE: StatusStyle.DONE,
    StepStatus.SKIPPED: StatusStyle.GOOD,
    StepStatus.FAILED: StatusStyle.BAD,
    StepStatus.NOT_REACHED: StatusStyle.PENDING,
    StepStatus.NOT_EXERCISED: StatusStyle.DOUBTFUL,
}
RING = {
    RingOutcome.COMPLETED: StatusStyle.DONE,
    RingOutcome.HALTED: StatusStyle.BAD,
    RingOutcome.NOT_REACHED: StatusStyle.PENDING,
}
WIDTH = 1000.0
"""Of a bar, in its own units."""
NARROWEST = 6.0
"""One tenant among thousands is still seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a bar: how it looks, what it stands for, and where it lies."""

    look: StatusStyle
    word: str
    number: float
    x: float
    width: float


def bar(numbers: Mapping[tuple[StatusStyle, str], float]) -> tuple[Part, ...]:
    """The parts of a bar that is full, each as wide as its share and none too narrow to be seen."""
    shown = {key: number for key, number in numbers.items() if number}
    total = sum(shown.values())
    raw = [max(NARROWEST, WIDTH * number / total) for number in shown.values()]
    scale = WIDTH / sum(raw) if raw else 1.0
    return tuple(_laid_out(shown, (each * scale for each in raw)))


def _laid_out(shown: Mapping[tuple[StatusStyle, str], float], widths: Iterable[float]) -> Iterable[Part]:
    x = 0.0
    for ((look, word), number), width in zip(shown.items(), widths, strict=True):
        yield Part(look=look, word=word, number=number, x=round(x, 1), width=round(width, 1))
        x += width
