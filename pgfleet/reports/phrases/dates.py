"""Dates as people of the environment's time zone read them."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pgfleet.documents.audit import AuditDocument

NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """How a report tells since when something is so; `now` is the end of its audit, None where none is compared."""

    timezone: str = "UTC"
    now: datetime | None = None

    def moment(self, when: datetime) -> str:
        """`2026-11-24 02:00`."""
        return f"{when.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d %H:%M}"

    def since(self, when: datetime | None) -> str:
        """`new`, or `since 2026-11-24 02:00`; empty where nothing earlier is known to compare with."""
        if when is None or self.now is None:
            return ""
        return NEW if when >= self.now else f"since {self.moment(when)}"

    def told(self, text: str, when: datetime | None) -> str:
        """The text with that after it."""
        since = self.since(when)
        return f"{text} ({since})" if since else text


def dates_of(document: AuditDocument, timezone: str) -> Dates:
    """The dates of a report on that audit; without a previous one every date would be its own, and none is told."""
    return Dates(timezone=timezone, now=document.finished_at if document.since else None)
