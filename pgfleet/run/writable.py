"""Checks before a run that its results can be written."""

from pathlib import Path
from uuid import uuid4

REPORT_BYTES = 262_144


def writing_problem(folder: Path, size_bytes: int = REPORT_BYTES) -> str | None:
    """Why a file of this size cannot be written in the folder, which is created if necessary; None if it can be."""
    probe = folder / f".{uuid4().hex}.tmp"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            probe.write_bytes(b"\0" * size_bytes)
        finally:
            probe.unlink(missing_ok=True)
    except OSError as error:
        return error.strerror or str(error)
    return None
