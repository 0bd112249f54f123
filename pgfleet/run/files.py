"""Reads the files that pure modules parse, and writes reports."""

import os
import shutil
from pathlib import Path
from uuid import uuid4

import yaml
from pydantic import ValidationError

from pgfleet.documents.audit import SCHEMA_VERSION, AuditDocument
from pgfleet.errors import ConfigurationError, FleetError, ManifestError
from pgfleet.fleet.file import FleetDocument
from pgfleet.fleet.model import Environment
from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.fleet.templates import Values
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.parse import build_manifest, parse_document


def load_manifest(path: Path) -> Manifest:
    """The manifest at `path`, with all its scripts. Raises ManifestError."""
    file = str(path)
    document = parse_document(_text(path), file=file)
    present = [name for name in document.script_paths() if (path.parent / name).is_file()]
    scripts = {name: _text(path.parent / name) for name in present}
    return build_manifest(document, scripts, file=file)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(str(path), "", f"is not UTF-8, at byte {error.start}") from None
    except OSError as error:
        raise ManifestError(str(path), "", f"cannot be read: {error.strerror}; name another with --manifest") from None


def load_fleet(path: Path) -> FleetDocument:
    """The fleet file at `path`, without the values of `${VAR}` and other references. Raises FleetError."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise FleetError(str(path), "", f"is not UTF-8, at byte {error.start}; name another with --config") from None
    except OSError as error:
        raise FleetError(str(path), "", f"cannot be read: {error.strerror}; name another with --config") from None
    return parse_fleet(text, file=str(path))


def load_environment(path: Path, name: str, values: Values) -> Environment:
    """One environment of the fleet file at `path`, before its inventories are read. Raises FleetError."""
    return build_environment(load_fleet(path), name, values, file=str(path))


def load_audit(path: Path, environment: str) -> AuditDocument:
    """The audit document at `path`, for `--since`. Raises ConfigurationError, also for another environment's."""
    try:
        document = AuditDocument.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError("--since", str(path), f"cannot be read: {error.strerror}") from None
    except ValidationError:
        problem = "is no audit document; write one with pgfleet audit ENV --format json --output FILE"
        raise ConfigurationError("--since", str(path), problem) from None
    if document.schema_version != SCHEMA_VERSION:
        raise ConfigurationError("--since", str(path), f"has schema_version {document.schema_version}")
    if document.environment != environment:
        raise ConfigurationError("--since", str(path), f"is an audit of {document.environment}, not of {environment}")
    return document


def load_yaml(path: Path) -> object:
    """The content of a YAML file. Raises ConfigurationError."""
    try:
        return yaml.safe_load(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(str(path), "", f"cannot be read: {error.strerror}") from None
    except yaml.YAMLError as error:
        raise ConfigurationError(str(path), "", f"is not YAML: {error}") from None


def replace_file(path: Path, text: str) -> None:
    """Replaces the file at `path` as a whole: a reader finds the old text or the new text, never a part of it.

    Writes directly to something other than a file, such as a pipe. Raises OSError, and then the old file is unchanged.
    """
    target = path.resolve()  # a link must remain a link
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    temporary = target.with_name(f".{uuid4().hex}.tmp")
    try:
        with temporary.open("x", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
