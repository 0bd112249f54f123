"""The document of `pgfleet doctor`: JSON for other programs. Keys are added, never renamed or removed."""

from enum import StrEnum

from pgfleet.documents.entry import Entry

SCHEMA_VERSION = 1


class CheckStatus(StrEnum):
    """What a check found; pgfleet cannot do its work while there is an error."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


class CheckEntry(Entry):
    """One check: what was found, and what to do about it, empty if nothing.

    `is_unreachable`: the error is that a server or an API could not be reached, not that a file or setting is wrong.
    """

    name: str
    status: CheckStatus
    detail: str
    fix: str = ""
    is_unreachable: bool = False


class DoctorDocument(Entry):
    """All checks, in the order in which they were made; `environment` is null without one."""

    schema_version: int = SCHEMA_VERSION
    """1."""
    environment: str | None = None
    """ENV."""
    checks: tuple[CheckEntry, ...]
    """The checks, in the order in which they were made."""
