"""The rings of a rollout over time: when each was worked on, watched and left to soak."""

from collections.abc import Iterator
from dataclasses import dataclass

from pgfleet.render.dates import Dates
from pgfleet.render.page.looks import NARROWEST, RING, WIDTH, Look, Part
from pgfleet.render.page.rollout_tenant import in_time
from pgfleet.render.rollout_words import ring_facts
from pgfleet.rollout.document import RingEntry, RolloutDocument


@dataclass(frozen=True, slots=True, kw_only=True)
class RingBar:
    """A ring as a row: how it ended, its parts on the axis of the whole rollout, and what there is to say of it."""

    name: str
    look: Look
    word: str
    parts: tuple[Part, ...]
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
        timing=", ".join(
            [*_start(ring, dates), *(f"{word} {in_time(seconds * 1_000)}" for _, word, seconds in spans[:1])]
        ),
        facts=tuple(facts),
        reason=ring.reason or "",
    )


def _start(ring: RingEntry, dates: Dates) -> Iterator[str]:
    if ring.started_at:
        yield f"from {dates.moment(ring.started_at)}"


def _spans(ring: RingEntry) -> Iterator[tuple[Look, str, float]]:
    """How it looks, what it is, and how many seconds it took; none of a ring that was not begun."""
    if ring.started_at is None or ring.finished_at is None:
        return
    watched, soaked = ring.watched_seconds or 0.0, ring.soaked_seconds or 0.0
    worked = (ring.finished_at - ring.started_at).total_seconds() - watched - soaked
    yield Look.DONE, "worked on", max(worked, 0.0)
    yield from ((Look.KNOWN, "watched", each) for each in (watched,) if each)
    yield from ((Look.PENDING, "soaked", each) for each in (soaked,) if each)


def _parts(ring: RingEntry, spans: tuple[tuple[Look, str, float], ...], document: RolloutDocument) -> Iterator[Part]:
    total = (document.finished_at - document.started_at).total_seconds()
    if ring.started_at is None or total <= 0:
        return
    x = WIDTH * (ring.started_at - document.started_at).total_seconds() / total
    for look, word, seconds in spans:
        width = max(NARROWEST, WIDTH * seconds / total)
        left = max(0.0, min(x, WIDTH - width))
        yield Part(look=look, word=f"s {word}", number=round(seconds, 1), x=round(left, 1), width=round(width, 1))
        x += width
