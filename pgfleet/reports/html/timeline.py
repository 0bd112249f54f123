"""The rings and waves of a rollout over time: when each was worked on, watched and left to soak."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from pgfleet.documents.rollout import Result, RingEntry, RolloutDocument, WaveEntry
from pgfleet.reports.html.rollout_tenant import in_time
from pgfleet.reports.html.status_style import NARROWEST, RING, WIDTH, Part, StatusStyle
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.rollout import ring_facts
from pgfleet.rollout.summary import format_summary

SHORTEST_SECONDS = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveBar:
    """A wave on the same axis: how long it took, and how its tenants ended."""

    name: str
    part: Part
    took: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RingBar:
    """A ring as a row: how it ended, its parts on the axis of the whole rollout, and what there is to say of it.

    `waves` is empty where there was one alone, which is the ring itself.
    """

    name: str
    look: StatusStyle
    word: str
    parts: tuple[Part, ...]
    waves: tuple[WaveBar, ...]
    timing: str
    facts: tuple[tuple[str, str], ...]
    reason: str


def timeline(document: RolloutDocument, dates: Dates) -> tuple[RingBar, ...]:
    """A row for each ring, in their order."""
    return tuple(_ring(each, document, dates) for each in document.rings)


def _ring(ring: RingEntry, document: RolloutDocument, dates: Dates) -> RingBar:
    facts = ((name, said) for name, said in ring_facts(ring).items() if said)
    spans = tuple(_spans(ring))
    return RingBar(
        name=ring.name,
        look=RING[ring.outcome],
        word=ring.outcome.replace("_", " "),
        parts=tuple(_parts(ring, spans, document)),
        waves=tuple(_wave(each, document) for each in ring.waves) if len(ring.waves) > 1 else (),
        timing=", ".join(
            [*_start(ring, dates), *(f"{word} {in_time(seconds * 1_000)}" for _, word, seconds in spans[:1])]
        ),
        facts=tuple(facts),
        reason=ring.reason or "",
    )


def _start(ring: RingEntry, dates: Dates) -> Iterator[str]:
    if ring.started_at:
        yield f"from {dates.moment(ring.started_at)}"


def _spans(ring: RingEntry) -> Iterator[tuple[StatusStyle, str, float]]:
    """How it looks, what it is, and how many seconds it took; none of a ring that was not begun."""
    if ring.started_at is None or ring.finished_at is None:
        return
    watched, soaked = ring.watched_seconds or 0.0, ring.soaked_seconds or 0.0
    worked = (ring.finished_at - ring.started_at).total_seconds() - watched - soaked
    yield StatusStyle.DONE, "worked on", max(worked, 0.0)
    yield from ((StatusStyle.KNOWN, "watched", each) for each in (watched,) if each)
    yield from ((StatusStyle.PENDING, "soaked", each) for each in (soaked,) if each)


def _parts(
    ring: RingEntry, spans: tuple[tuple[StatusStyle, str, float], ...], document: RolloutDocument
) -> Iterator[Part]:
    if ring.started_at is None:
        return
    started_at = ring.started_at
    for look, word, seconds in spans:
        yield _part(look, f"s {word}", started_at, seconds, document)
        started_at += timedelta(seconds=seconds)


def _wave(wave: WaveEntry, document: RolloutDocument) -> WaveBar:
    seconds = (wave.finished_at - wave.started_at).total_seconds()
    failed = any(wave.tenants.get(each, 0) for each in (Result.FAILED, Result.UNREACHABLE))
    again = f", taken up by {wave.attempts} workers, as some were lost" if wave.attempts > 1 else ""
    return WaveBar(
        name=f"wave {wave.number}",
        part=_part(
            StatusStyle.BAD if failed else StatusStyle.DONE,
            f"s: wave {wave.number}",
            wave.started_at,
            seconds,
            document,
        ),
        took=in_time(seconds * 1_000),
        said=format_summary(wave.tenants) + again,
    )


def _part(look: StatusStyle, word: str, started_at: datetime, seconds: float, document: RolloutDocument) -> Part:
    """Where it lies on the axis of the whole rollout; none too narrow to be seen."""
    total = max((document.finished_at - document.started_at).total_seconds(), SHORTEST_SECONDS)
    width = min(WIDTH, max(NARROWEST, WIDTH * seconds / total))
    x = WIDTH * (started_at - document.started_at).total_seconds() / total
    left = max(0.0, min(x, WIDTH - width))
    return Part(look=look, word=word, number=round(seconds, 1), x=round(left, 1), width=round(width, 1))
