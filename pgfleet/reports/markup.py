"""Text as markdown shows it literally."""

import re
from collections.abc import Iterable


def escaped(text: str) -> str:
    """Text that markdown shows as it is and on one line, whatever a tenant is named or a server says."""
    entities = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]#|~])", r"\\\1", entities)


def code(text: str) -> str:
    """Text as a code block, longer fences than any within it."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}sql\n{text.strip()}\n{fence}"


def bullets(title: str, items: Iterable[str]) -> list[str]:
    """A list under a title; nothing where there are no items."""
    lines = [f"- {escaped(item)}" for item in items]
    return [f"**{title}**", "", *lines, ""] if lines else []
