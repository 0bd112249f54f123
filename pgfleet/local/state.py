"""What local runs keep in the state folder: expected catalogs, and the last audit of each environment."""

import hashlib
from contextlib import suppress
from pathlib import Path

from pydantic import ValidationError

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.audit_context import Source
from pgfleet.errors import ConfigurationError
from pgfleet.judge.lineage import is_same_lineage
from pgfleet.judge.summary import manifest_entry
from pgfleet.judge.trend import PreviousAudit
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.scratch.expected_catalog import EXPECTED_CATALOG
from pgfleet.run import files, progress, settings


def load_catalog(key: str) -> ExpectedCatalog | None:
    """The expected catalog that a local run saved under this key; None if there is none that can be read."""
    with suppress(OSError, ValidationError):
        return EXPECTED_CATALOG.validate_json(_catalog_file(key).read_bytes())
    return None


def save_catalog(key: str, catalog: ExpectedCatalog) -> None:
    """Saves the expected catalog under this key."""
    _save(_catalog_file(key), EXPECTED_CATALOG.dump_json(catalog).decode())


def load_previous_audit(environment: str, manifest: Manifest, since: Path | None) -> PreviousAudit | None:
    """The audit document in the file `since`, or else that of the last full local audit; None if there is none.

    An audit of another manifest counts as none. Raises ConfigurationError if `since` is not an audit document of the
    environment.
    """
    try:
        document = files.load_audit(since or _audit_file(environment), environment)
    except ConfigurationError:
        if since:
            raise
        return None
    is_same = is_same_lineage(document.manifest, manifest_entry(manifest))
    return PreviousAudit(document=document, source=Source.FILE if since else Source.LOCAL) if is_same else None


def save_audit(document: AuditDocument) -> None:
    """Saves the document for the next local audit of the same environment in the same fleet file."""
    _save(_audit_file(document.environment), document.model_dump_json())


def _catalog_file(key: str) -> Path:
    return settings.Settings().state_folder / "expected" / f"{_digest(key)}.json"


def _audit_file(environment: str) -> Path:
    chosen = settings.Settings()
    return chosen.state_folder / "audits" / f"{_digest(f'{chosen.config.absolute()}:{environment}')}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _save(file: Path, text: str) -> None:
    """Without the file, the next run takes longer or has nothing to compare with, so a failure is only reported."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        files.replace_file(file, text)
    except OSError as error:
        progress.report_note(f"{file} cannot be written: {error.strerror}; set PGFLEET_STATE to another folder")
