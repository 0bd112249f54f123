"""Reads the files that pure modules parse, and writes reports."""

import os
import shlex
import shutil
from pathlib import Path
from uuid import uuid4

from pydantic import ValidationError

from pgfleet.documents.audit import SCHEMA_VERSION, AuditDocument
from pgfleet.errors import ConfigurationError, FleetError, ManifestError
from pgfleet.fleet.file import FleetDocument
from pgfleet.fleet.parse import parse_fleet
from pgfleet.manifest.file import ManifestDocument
from pgfleet.manifest.migrations import prefix_of
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.parse import build_manifest, parse_document
from pgfleet.manifest.source.drizzle import JOURNAL
from pgfleet.manifest.source.model import Content, Directory
from pgfleet.manifest.text import Unusable, decode, normalize
from pgfleet.run.regular_file import KIB, Unreadable, read_regular_file

MOST_BYTES_OF_SETTINGS, MOST_BYTES_OF_SCRIPT, MOST_BYTES_OF_AUDIT = 16 * KIB * KIB, 64 * KIB * KIB, 1024 * KIB * KIB
READ = {".sql", ".conf", ".toml", ".plan"}
"""Of the files in a source's directory, only these are read; of others, the name suffices."""


def load_manifest(path: Path) -> Manifest:
    """The manifest at `path`, with all its scripts. Raises ManifestError."""
    document = parse_document(_manifest_text(path), file=str(path))
    return build_manifest(document, _files(document, path.parent), file=str(path))


def _files(document: ManifestDocument, folder: Path) -> dict[str, Content]:
    """The files that the document names, and those of its source's directory, by path relative to the folder."""
    files: dict[str, Content] = {
        name: _content(folder / name, folder) for name in document.script_paths() if os.path.lexists(folder / name)
    }
    if document.source:  # its directory may be anywhere, as somebody named it, but its files must be in it
        prefix = prefix_of(document.source.directory)
        files |= {prefix + name: content for name, content in read_directory(folder / prefix).items()}
    return files


def read_directory(folder: Path) -> Directory:
    """The files of a folder and its subfolders, by path relative to it, without hidden ones."""
    found = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        is_link = path.is_symlink() and not path.is_dir()  # also one to a file that does not exist
        if (path.is_file() or is_link) and not any(part.startswith(".") for part in name.split("/")):
            found[name] = _content(path, folder) if path.suffix.lower() in READ or name == JOURNAL else None
    return found


def _content(path: Path, folder: Path) -> Content:
    """The text of a file that must be in `folder`, also if it is a symbolic link."""
    if path.is_symlink() and not path.exists():
        return Unusable("is a symbolic link to a file that does not exist")
    if not path.resolve().is_relative_to(folder.resolve()):
        return Unusable(f"is a symbolic link out of {folder}")
    try:
        return decode(read_regular_file(path, most_bytes=MOST_BYTES_OF_SCRIPT))
    except Unusable as error:
        return error
    except Unreadable as error:
        return Unusable(str(error))


def _manifest_text(path: Path) -> str:
    try:
        return normalize(decode(read_regular_file(path, most_bytes=MOST_BYTES_OF_SETTINGS)))
    except Unusable as error:
        raise ManifestError(str(path), "", str(error)) from None
    except Unreadable as error:
        advice = "name another with --manifest"
        if os.path.isdir(path):  # noqa: PTH112 (Path raises for a name with a NUL byte)
            advice = f"to create a manifest for it: pgfleet manifest init {shlex.quote(str(path))}"
        raise ManifestError(str(path), "", f"{error}; {advice}") from None


def load_fleet(path: Path) -> FleetDocument:
    """The fleet file at `path`, without the values of `${VAR}` and other references. Raises FleetError."""
    try:
        text = normalize(decode(read_regular_file(path, most_bytes=MOST_BYTES_OF_SETTINGS)))
    except (Unusable, Unreadable) as error:
        raise FleetError(str(path), "", f"{error}; name another with --config (pgfleet init writes one)") from None
    return parse_fleet(text, file=str(path))


def load_audit(path: Path, environment: str) -> AuditDocument:
    """The audit document at `path`, for `--since`. Raises ConfigurationError, also for another environment's."""
    try:
        document = AuditDocument.model_validate_json(read_regular_file(path, most_bytes=MOST_BYTES_OF_AUDIT))
    except Unreadable as error:
        raise ConfigurationError("--since", str(path), str(error)) from None
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
    import yaml  # noqa: PLC0415 (few commands need it)

    try:
        return yaml.safe_load(read_regular_file(path, most_bytes=MOST_BYTES_OF_SETTINGS))
    except Unreadable as error:
        raise ConfigurationError(str(path), "", str(error)) from None
    except RecursionError:
        raise ConfigurationError(str(path), "", "is nested too deeply") from None
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that does not exist
        raise ConfigurationError(str(path), "", f"is not YAML: {error}") from None


def private_file(path: Path, text: str) -> None:
    """Writes a file that only its owner can read, with its folders. Raises OSError."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
        stream.write(text)


def replace_file(path: Path, text: str) -> None:
    """Replaces the file at `path` atomically: a reader finds the old text or the new text, never a part of it.

    A new file is for its owner only. Writes directly to something other than a file, such as a pipe. Raises OSError,
    and then the old file is unchanged.
    """
    target = path.resolve()  # a link must remain a link
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8")
        return
    temporary = target.with_name(f".{uuid4().hex}.tmp")
    try:
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            shutil.copymode(target, temporary)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
