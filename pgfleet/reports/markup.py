"""Text that markdown shows literally."""

import re
from collections.abc import Iterable


def escaped(text: str) -> str:
    """The text on one line, with every character that means something in markdown or HTML escaped."""
    entities = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", entities)


def code(text: str, language: str = "sql") -> str:
    """Text as a code block, with a fence longer than any within it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def bullets(title: str, items: Iterable[str]) -> list[str]:
    """A list with a title, or nothing without items."""
    lines = [f"- {escaped(item)}" for item in items]
    return [f"**{title}**", "", *lines, ""] if lines else []
