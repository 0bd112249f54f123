"""Where people read: as wide as their terminal, or as a file can well be."""

from typing import TextIO

from rich.console import Console

PLAIN_WIDTH = 160


def console_on(stream: TextIO) -> Console:
    """A console that writes plainly where nobody looks (rich respects NO_COLOR by itself)."""
    return Console(file=stream, width=None if stream.isatty() else PLAIN_WIDTH, highlight=False)
