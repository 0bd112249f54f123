"""Sends statements without waiting for the answer to one before the next (PostgreSQL manual, 34.5 Pipeline Mode)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from pgfleet.postgres.connection import Connection, disconnect
from pgfleet.postgres.session_settings import TIMEOUT_SETTING

logging.getLogger("psycopg").setLevel(logging.CRITICAL)
"""It logs the errors that follow the first one when a pipeline fails; the first one is raised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One statement to send; `start` is its position in the script that contains it, if it is not one of pgfleet's."""

    text: str
    start: int | None = None

    @property
    def sets_timeout(self) -> bool:
        """Whether it may change how long the server works on the statements after it."""
        return self.start is not None and TIMEOUT_SETTING in self.text.lower()


class PipelineFailed(Exception):
    """The statement at `place` failed with `error`, and those after it were not run."""

    def __init__(self, place: int, error: psycopg.Error) -> None:
        super().__init__(str(error))
        self.place, self.error = place, error


def send_all(connection: Connection, texts: Sequence[str], *, answer_seconds: float) -> None:
    """Runs the statements in one round trip, as far as the network's buffers allow.

    The server may take `answer_seconds` for each. Raises PipelineFailed, and psycopg.Error if the connection is lost.
    """
    cursors: list[psycopg.Cursor[Any]] = []
    first_error: psycopg.Error | None = None
    connection.answer_seconds = answer_seconds
    try:
        with connection.awaiting(len(texts)), connection.pipeline():
            try:
                cursors += (connection.execute(each) for each in texts)
            except psycopg.Error as error:  # the block must end before another statement can be sent
                first_error = error
            except BaseException:  # a signal; the end of the block would wait for the answers
                disconnect(connection)
                raise
    except psycopg.Error as error:
        if (interruption := error.__context__) is not None and not isinstance(interruption, Exception):
            raise interruption from None  # the end of the block waits, and fails if a signal ends its wait
        first_error = first_error or error
    if first_error is not None:
        if connection.closed:
            raise first_error
        place = next((n for n, each in enumerate(cursors) if each.statusmessage is None), len(cursors))
        raise PipelineFailed(place, first_error) from first_error
