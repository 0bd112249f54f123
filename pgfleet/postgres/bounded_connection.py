"""A connection on which every wait for the server ends."""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg import waiting
from psycopg.abc import PQGen
from psycopg.waiting import Ready

from pgfleet.run.interruption import is_interrupted

Result = TypeVar("Result")
WAKE_SECONDS = 0.1
"""How often a wait looks at the deadline while nothing arrives."""
CLEAN_UP_SECONDS = 2.0
"""How long a session that cleans up after an interruption waits for an answer."""


class NoAnswer(psycopg.OperationalError):
    """The server did not complete its answer within `seconds`; the connection is closed."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"no answer for {seconds:g} s")
        self.seconds = seconds


class BoundedConnection(psycopg.Connection[tuple[Any, ...]]):
    """Closes the socket and raises NoAnswer if the server's answer is not complete after `answer_seconds`.

    All of psycopg's waits pass through `wait`: statements, COMMIT, COPY, pipelines. After an interruption it raises
    KeyboardInterrupt in every thread; if the session `cleans_up`, it waits `CLEAN_UP_SECONDS` at most instead.
    """

    answer_seconds: float = math.inf
    answers: int = 1
    cleans_up: bool = False

    @contextmanager
    def awaiting(self, answers: int) -> Iterator[None]:
        """Within the block, a wait is for this many answers: `answer_seconds` bounds every answer and every pause."""
        self.answers = answers
        try:
            yield
        finally:
            self.answers = 1

    def wait(self, gen: PQGen[Result], interval: float = WAKE_SECONDS, timeout: float | None = None) -> Result:
        """Runs the generator until the answer is complete. Raises NoAnswer.

        Unlike psycopg's own method, it does not wait for the cancellation when it is interrupted; `disconnect` cancels.
        """
        seconds = self.answer_seconds if timeout is None else min(timeout, self.answer_seconds)
        try:
            bounded: PQGen[Result] = _bounded(gen, self._check_after(seconds, self.answers))
            # Not psycopg's own wait in C, which loses what a signal's handler raises just after it has woken up.
            return waiting.wait_poll(bounded, self.pgconn.socket, interval=interval)
        except NoAnswer:
            self.pgconn.finish()
            raise

    @classmethod
    def _connect_gen(cls, *arguments: Any, **named: Any) -> Any:
        """psycopg bounds connecting itself; this only ends it when the command is interrupted."""
        return _bounded(super()._connect_gen(*arguments, **named), lambda _: _check_interruption(cls.cleans_up))

    def _check_after(self, seconds: float, answers: int) -> Callable[[int], None]:
        began = arrived = monotonic()

        def check(ready: int) -> None:
            nonlocal arrived
            _check_interruption(self.cleans_up)
            now, bound = monotonic(), min(seconds, CLEAN_UP_SECONDS) if is_interrupted() else seconds
            if answers > 1 and ready & Ready.R:
                arrived = now
            if now - arrived > bound or now - began > bound * answers:
                raise NoAnswer(bound)

        return check


class CleaningConnection(BoundedConnection):
    """A connection that cleans up: an interruption does not end its waits, but shortens them."""

    cleans_up = True


def _check_interruption(cleans_up: bool) -> None:
    if is_interrupted() and not cleans_up:
        raise KeyboardInterrupt


def _bounded(generator: Any, check: Callable[[int], None]) -> Any:
    """The generator, with a check whenever the wait wakes up. psycopg sends what is ready, or nothing."""
    try:
        wanted = next(generator)
        while True:
            ready = yield wanted
            check(ready)
            wanted = generator.send(ready)
    except StopIteration as stop:
        return stop.value
