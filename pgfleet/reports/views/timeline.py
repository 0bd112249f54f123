"""The rings and waves of a rollout over time: working, watching, soaking."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgfleet.documents.ring import RingEntry, WaveEntry
from pgfleet.documents.rollout import RolloutDocument
from pgfleet.judge.summary import format_summary
from pgfleet.reports.blocks import Status, StatusStyle
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.rollout import duration_text, ring_facts
from pgfleet.reports.render.bars import NARROWEST, WIDTH, Part
from pgfleet.reports.views.rollout import ring_status
from pgfleet.rollout.failures import FAULTY

SHORTEST_SECONDS = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveBar:
    """A wave on the same axis: its duration and its tenants' results."""

    name: str
    part: Part
    took: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingBar:
    """A ring as a row: its parts on the axis of the entire rollout, and its facts.

    `waves` is empty where there was only one, which is the ring itself.
    """

    name: str
    status: Status
    parts: tuple[Part, ...]
    waves: tuple[WaveBar, ...]
    timing: str
    facts: tuple[tuple[str, str], ...]
    reason: str


def timeline(document: RolloutDocument, dates: Dates) -> tuple[RingBar, ...]:
    """A row per ring, in their order."""
    return tuple(_ring(each, document, dates) for each in document.rings)


def _ring(ring: RingEntry, document: RolloutDocument, dates: Dates) -> RingBar:
    spans = tuple(_spans(ring))
    begun = [(dates.moment(started_at), duration_text(seconds * 1_000)) for _, _, started_at, seconds in spans[:1]]
    return RingBar(
        name=ring.name,
        status=ring_status(ring.outcome),
        parts=tuple(_part(style, f"s {word}", start, seconds, document) for style, word, start, seconds in spans),
        waves=tuple(_wave(each, document) for each in ring.waves) if len(ring.waves) > 1 else (),
        timing=" ".join(f"from {moment}, working {worked}" for moment, worked in begun),
        facts=tuple((name, text) for name, text in ring_facts(ring).items() if text),
        reason=ring.reason or "",
    )


def _spans(ring: RingEntry) -> Iterator[tuple[StatusStyle, str, datetime, float]]:
    """A style, a word, the start, and seconds; nothing for a ring that was not begun."""
    if ring.started_at is None or ring.finished_at is None:
        return
    watched, soaked, started_at = ring.watched_seconds or 0.0, ring.soaked_seconds or 0.0, ring.started_at
    worked = max((ring.finished_at - started_at).total_seconds() - watched - soaked, 0.0)
    yield StatusStyle.DONE, "working", started_at, worked
    for style, word, before, seconds in (
        (StatusStyle.KNOWN, "watching", worked, watched),
        (StatusStyle.PENDING, "soaking", worked + watched, soaked),
    ):
        if seconds:
            yield style, word, started_at + timedelta(seconds=before), seconds


def _wave(wave: WaveEntry, document: RolloutDocument) -> WaveBar:
    seconds = (wave.finished_at - wave.started_at).total_seconds()
    style = StatusStyle.BAD if any(wave.tenants.get(each, 0) for each in FAULTY) else StatusStyle.DONE
    again = f", run by {wave.attempts} workers because some were lost" if wave.attempts > 1 else ""
    return WaveBar(
        name=f"wave {wave.number}",
        part=_part(style, f"s, wave {wave.number}", wave.started_at, seconds, document),
        took=duration_text(seconds * 1_000),
        summary=format_summary(wave.tenants) + again,
    )


def _part(style: StatusStyle, word: str, started_at: datetime, seconds: float, document: RolloutDocument) -> Part:
    """Its place on the axis of the entire rollout, at least NARROWEST wide."""
    total = max((document.finished_at - document.started_at).total_seconds(), SHORTEST_SECONDS)
    width = min(WIDTH, max(NARROWEST, WIDTH * seconds / total))
    x = WIDTH * (started_at - document.started_at).total_seconds() / total
    left = max(0.0, min(x, WIDTH - width))
    return Part(status=Status(style, word), number=round(seconds, 1), x=round(left, 1), width=round(width, 1))
