"""Bars and lines that show how many tenants or migrations have each status."""

from collections.abc import Iterable, Mapping, Sequence
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


LINE_WIDTH, LINE_HEIGHT, LINE_MARGIN = 100.0, 20.0, 2.0
"""Of a sparkline, in its own units; the margin keeps the stroke inside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparkline:
    """The points of a line for SVG, and the numbers, as text."""

    points: str
    numbers: str


def sparkline(numbers: Sequence[int]) -> Sparkline | None:
    """A line from the oldest number to the latest, from zero to the largest; None for fewer than two, or only zeros."""
    if len(numbers) == 1 or not any(numbers):
        return None
    step, height = (LINE_WIDTH - 2 * LINE_MARGIN) / (len(numbers) - 1), LINE_HEIGHT - 2 * LINE_MARGIN
    places = (
        (LINE_MARGIN + place * step, LINE_HEIGHT - LINE_MARGIN - height * number / max(numbers))
        for place, number in enumerate(numbers)
    )
    return Sparkline(points=" ".join(f"{x:.1f},{y:.1f}" for x, y in places), numbers=", ".join(map(str, numbers)))


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
