"""Addresses of a run's pages in Prefect's web interface."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from pgfleet.reports.markup import escaped


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
