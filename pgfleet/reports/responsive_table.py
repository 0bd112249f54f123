"""Tables that are drawn in another way where the terminal is too narrow for them."""

from collections.abc import Callable
from dataclasses import dataclass

from rich import console as rich
from rich.console import RenderableType, RenderResult

WIDEST = 10_000


@dataclass(frozen=True, slots=True)
class ResponsiveTable:
    """What `wide` makes where it fits, unbroken, else what `narrow` makes."""

    wide: RenderableType
    narrow: Callable[[], RenderableType]

    def __rich_console__(self, console: rich.Console, options: rich.ConsoleOptions) -> RenderResult:
        """As rich asks for it."""
        needed = console.measure(self.wide, options=options.update(max_width=WIDEST)).maximum
        yield self.wide if needed <= options.max_width else self.narrow()
