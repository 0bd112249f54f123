"""Runs squawk, a linter that finds statements that are unsafe on a live table."""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pgfleet.check.lint import read_findings
from pgfleet.documents.manifest_proof import LintEntry
from pgfleet.errors import PgfleetError
from pgfleet.manifest.model import Manifest, Migration

CONFIGURATION = ".squawk.toml"
TIMEOUT_SECONDS = 120
OLDEST_MAJOR = 14


class LintFailed(PgfleetError):
    """Squawk is not installed, or its output cannot be read."""


def lint(manifest: Manifest, folder: Path, *, server_major: int) -> tuple[LintEntry, ...]:
    """Squawk's findings in the migrations, in the manifest's order.

    Uses squawk's default rules for that server version, and `.squawk.toml` in the manifest's `folder`; ignores
    configuration in other folders, so that the findings are the same everywhere. Raises LintFailed.
    """
    own = folder / CONFIGURATION
    with tempfile.TemporaryDirectory(prefix="pgfleet-lint-") as name:
        scratch = Path(name)
        configuration = scratch / CONFIGURATION
        configuration.write_bytes(own.read_bytes() if own.is_file() else b"")
        for migration in manifest.migrations:
            file = scratch / migration.file
            file.parent.mkdir(exist_ok=True, parents=True)
            file.write_text(migration.script.sql, encoding="utf-8")
        found = [
            finding
            for is_transactional in (True, False)
            for finding in _run(
                [each for each in manifest.migrations if each.transactional is is_transactional],
                scratch,
                "--assume-in-transaction" if is_transactional else "--no-assume-in-transaction",
                f"--pg-version={server_major}.0",
            )
        ]
    order = [each.file for each in manifest.migrations]
    return tuple(sorted(found, key=lambda each: (order.index(each.file), each.line, each.rule)))


@lru_cache(maxsize=4)
def lint_once(manifest: Manifest, folder: Path) -> Mapping[str, tuple[LintEntry, ...]]:
    """The findings by file, by the rules for the oldest supported server; none if squawk cannot run.

    A rollout depends on pgfleet's own analysis; squawk only adds to it.
    """
    try:
        found = lint(manifest, folder, server_major=OLDEST_MAJOR)
    except LintFailed:
        return {}
    return {each.file: tuple(one for one in found if one.file == each.file) for each in found}


def _run(migrations: Iterable[Migration], folder: Path, *options: str) -> tuple[LintEntry, ...]:
    files = [each.file for each in migrations]
    if not files:
        return ()
    command = [str(_program()), "--reporter=json", f"--config={folder / CONFIGURATION}", *options, *files]
    try:
        done = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True, timeout=TIMEOUT_SECONDS)
        return read_findings(json.loads(done.stdout))
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError) as error:
        message = done.stderr.strip() if isinstance(error, ValueError) else ""
        raise LintFailed(f"squawk's output cannot be read ({message or error})") from error


def _program() -> Path:
    """The program in the wheel `squawk-cli`. Raises LintFailed."""
    try:
        files = distribution("squawk-cli").files or ()
    except PackageNotFoundError as error:
        raise LintFailed("squawk is not installed: pip install squawk-cli") from error
    for file in files:
        if file.stem == "squawk" and file.parent.name.lower() in {"bin", "scripts"}:
            return Path(str(file.locate()))
    raise LintFailed("squawk is not installed: pip install squawk-cli")
