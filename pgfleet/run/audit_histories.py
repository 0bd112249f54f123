"""Reads the histories of audits that `report_dir` keeps for its pages."""

from collections.abc import Iterator
from pathlib import Path

from pydantic import ValidationError

from pgfleet.documents.audit_history import AuditHistory
from pgfleet.run.regular_file import KIB, Unreadable, read_regular_file

FLEET_PAGE = "index.html"
MOST_BYTES = KIB * KIB
PREFIX, SUFFIX = "audits-", ".json"


def history_name(environment: str) -> str:
    """The name of the file with the environment's audits."""
    return f"{PREFIX}{environment}{SUFFIX}"


def load_history(file: Path) -> AuditHistory | None:
    """The history in the file; None if there is none that this version can read, so that a new one is begun."""
    try:
        found = AuditHistory.model_validate_json(read_regular_file(file, most_bytes=MOST_BYTES))
    except (Unreadable, ValidationError):
        return None
    return found if file.name == history_name(found.environment) else None


def load_histories(folder: Path) -> Iterator[AuditHistory]:
    """The histories of all environments whose pages are in the folder."""
    yield from filter(None, map(load_history, sorted(folder.glob(f"{PREFIX}*{SUFFIX}"))))
