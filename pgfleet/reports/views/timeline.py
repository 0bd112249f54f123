"""The rings and waves of a rollout over time: working, watching, soaking."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgfleet.documents.rollout import Result, RingEntry, RolloutDocument, WaveEntry
from pgfleet.reports.blocks import Status, StatusStyle
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.rollout import duration_text, ring_facts
from pgfleet.reports.render.bars import NARROWEST, WIDTH, Part
from pgfleet.reports.views.rollout import ring_status
from pgfleet.rollout.summary import format_summary

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
    facts = ((name, text) for name, text in ring_facts(ring).items() if text)
    spans = tuple(_spans(ring))
    return RingBar(
        name=ring.name,
        status=ring_status(ring.outcome),
        parts=tuple(_parts(ring, spans, document)),
        waves=tuple(_wave(each, document) for each in ring.waves) if len(ring.waves) > 1 else (),
        timing=", ".join(
            [*_start(ring, dates), *(f"{word} {duration_text(seconds * 1_000)}" for _, word, seconds in spans[:1])]
        ),
        facts=tuple(facts),
        reason=ring.reason or "",
    )


def _start(ring: RingEntry, dates: Dates) -> Iterator[str]:
    if ring.started_at:
        yield f"from {dates.moment(ring.started_at)}"


def _spans(ring: RingEntry) -> Iterator[tuple[StatusStyle, str, float]]:
    """A style, a word, and seconds; nothing for a ring that was not begun."""
    if ring.started_at is None or ring.finished_at is None:
        return
    watched, soaked = ring.watched_seconds or 0.0, ring.soaked_seconds or 0.0
    worked = (ring.finished_at - ring.started_at).total_seconds() - watched - soaked
    yield StatusStyle.DONE, "working", max(worked, 0.0)
    yield from ((StatusStyle.KNOWN, "watching", each) for each in (watched,) if each)
    yield from ((StatusStyle.PENDING, "soaking", each) for each in (soaked,) if each)


def _parts(
    ring: RingEntry, spans: tuple[tuple[StatusStyle, str, float], ...], document: RolloutDocument
) -> Iterator[Part]:
    if ring.started_at is None:
        return
    started_at = ring.started_at
    for style, word, seconds in spans:
        yield _part(style, f"s {word}", started_at, seconds, document)
        started_at += timedelta(seconds=seconds)


def _wave(wave: WaveEntry, document: RolloutDocument) -> WaveBar:
    seconds = (wave.finished_at - wave.started_at).total_seconds()
    failed = any(wave.tenants.get(each, 0) for each in (Result.FAILED, Result.UNREACHABLE))
    again = f", run by {wave.attempts} workers because some were lost" if wave.attempts > 1 else ""
    return WaveBar(
        name=f"wave {wave.number}",
        part=_part(
            StatusStyle.BAD if failed else StatusStyle.DONE,
            f"s, wave {wave.number}",
            wave.started_at,
            seconds,
            document,
        ),
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
