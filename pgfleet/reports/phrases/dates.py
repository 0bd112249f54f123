"""Dates in the environment's time zone."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from pgfleet.documents.audit import AuditDocument

NEW = "new"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dates:
    """`now` is the end of the audit; None if there is no previous audit to compare with."""

    timezone: str = "UTC"
    now: datetime | None = None

    def moment(self, when: datetime) -> str:
        """`2026-11-24 02:00`."""
        return f"{when.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d %H:%M}"

    def since(self, when: datetime | None) -> str:
        """`new`, or `since 2026-11-24 02:00`; empty without a previous audit."""
        if when is None or self.now is None:
            return ""
        return NEW if when >= self.now else f"since {self.moment(when)}"

    def dated(self, text: str, when: datetime | None) -> str:
        """The text with `since` after it."""
        since = self.since(when)
        return f"{text} ({since})" if since else text


def dates_of(document: AuditDocument, timezone: str) -> Dates:
    """The dates of a report on that audit."""
    return Dates(timezone=timezone, now=document.finished_at if document.since else None)
