"""What a terminal shows, for tests of reports."""

from io import StringIO

from rich.console import Console, RenderableType

from pgfleet.reports.blocks import View
from pgfleet.reports.render import terminal


def printed(shown: View | RenderableType, width: int = 160) -> list[str]:
    """The lines of a view, or of something drawn already, without the spaces at their ends."""
    text = StringIO()
    console = Console(width=width, file=text, color_system=None, legacy_windows=False)
    console.print(terminal.render(shown) if isinstance(shown, View) else shown)
    return [line.rstrip() for line in text.getvalue().splitlines()]
