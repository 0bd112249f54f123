"""Bars that show how many tenants or migrations have each status."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pgfleet.reports.blocks import Status

WIDTH = 1000.0
"""Of a bar, in its own units."""
NARROWEST = 6.0
"""Of a part, so that one tenant among thousands is visible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a bar: its status and number, and where it lies."""

    status: Status
    number: float
    x: float
    width: float


def bar(numbers: Mapping[Status, float]) -> tuple[Part, ...]:
    """The parts of a full bar, each as wide as its share but at least about NARROWEST."""
    shown = {status: number for status, number in numbers.items() if number}
    total = sum(shown.values())
    raw = [max(NARROWEST, WIDTH * number / total) for number in shown.values()]
    scale = WIDTH / sum(raw) if raw else 1.0
    return tuple(_laid_out(shown, (each * scale for each in raw)))


def _laid_out(shown: Mapping[Status, float], widths: Iterable[float]) -> Iterable[Part]:
    x = 0.0
    for (status, number), width in zip(shown.items(), widths, strict=True):
        yield Part(status=status, number=number, x=round(x, 1), width=round(width, 1))
        x += width
