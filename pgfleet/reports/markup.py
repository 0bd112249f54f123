"""Text that markdown shows literally, and links to a run's pages in Prefect's web interface."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pgfleet.hidden_characters import KEPT_IN_BLOCKS, show_hidden, show_hidden_in_sql

MEANT = re.compile(r"([\\`*_{}\[\]#|~]|^[-+=]|(?<=\w)(?::(?=//)|@(?=\w))|(?<=\bwww)\.)")
"""What means something in markdown: also addresses, of which GitHub and Prefect make links, and the marks of lists."""


def escaped(text: str) -> str:
    """The text on one line, with every character escaped that is hidden or means something in markdown or HTML."""
    entities = show_hidden(" ".join(text.split())).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MEANT.sub(r"\\\1", entities)


def code(text: str, language: str = "sql") -> str:
    """Text as a code block, with a fence longer than any within it; hidden characters are shown, line breaks kept."""
    text = show_hidden_in_sql(text) if language == "sql" else show_hidden(text, keep=KEPT_IN_BLOCKS)
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.strip()}\n{fence}"


def bullets(title: str, items: Iterable[str]) -> list[str]:
    """A list with a title, or nothing without items."""
    lines = [f"- {escaped(item)}" for item in items]
    return [f"**{title}**", "", *lines, ""] if lines else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses of the run, of its summary, and of tenants' pages by name; any may be missing."""

    run: str | None = None
    summary: str | None = None
    tenants: Mapping[str, str] = field(default_factory=dict)

    def tenant(self, name: str) -> str:
        """The tenant's name as markdown, a link if the tenant has a page."""
        return linked(escaped(name), self.tenants.get(name))

    @property
    def back(self) -> list[str]:
        """A line with links to the summary and to the run; empty if neither is known."""
        known = (("Summary", self.summary), ("Run", self.run))
        return [" · ".join(linked(text, to) for text, to in known if to), ""] if self.run or self.summary else []


NO_LINKS = Links()


def linked(markdown: str, to: str | None) -> str:
    """The markdown as a link, unchanged without an address."""
    return f"[{markdown}]({to})" if to else markdown
