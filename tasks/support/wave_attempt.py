"""One attempt of a worker at a wave: how far it is, and whether it is to be taken for lost."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

STARTING_SECONDS = 300.0
"""How much longer than a silence a worker may take to begin what it took up: an image may have to be fetched."""
MOST_ATTEMPTS = 3
"""A wave that loses every worker that touches it must not go on to lose the rest of them."""


class Stage(StrEnum):
    """Where an attempt is."""

    WAITING = "waiting"
    """No worker has taken it up."""
    STARTING = "starting"
    RUNNING = "running"
    ENDED = "ended"
    """Whatever the end was: the wave itself has come to it."""
    CRASHED = "crashed"
    """Its process has died, and somebody was there to say so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen of an attempt at one look.

    `beats` counts its signs of life. `finished` are the tenants that it is through with, in that order,
    each with what came of it in a word. `started_at` is when a worker began it.
    """

    stage: Stage
    started_at: datetime | None = None
    beats: int = 0
    finished: tuple[tuple[str, str], ...] = ()


class Attempt:
    """What was seen of an attempt so far, and since when it has been silent."""

    def __init__(self, now_seconds: float) -> None:
        self.sight = Observation(stage=Stage.WAITING)
        self.last_sign_seconds = now_seconds

    def see(self, sight: Observation, now_seconds: float) -> None:
        """Notes a look; anything that is another than at the last one is a sign of life."""
        if (sight.stage, sight.beats) != (self.sight.stage, self.sight.beats):
            self.last_sign_seconds = now_seconds
        self.sight = sight

    def excuse(self, now_seconds: float) -> None:
        """Nobody could look, so its silence says nothing."""
        self.last_sign_seconds = now_seconds

    def is_lost(self, silence_seconds: float, now_seconds: float) -> bool:
        """Whether a worker that took it up has been silent for too long. One that nobody took up can wait for ever."""
        silent_for = now_seconds - self.last_sign_seconds
        if self.sight.stage is Stage.STARTING:
            return silent_for > silence_seconds + STARTING_SECONDS
        return self.sight.stage is Stage.RUNNING and silent_for > silence_seconds
