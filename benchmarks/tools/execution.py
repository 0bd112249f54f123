"""Runs a real tool in a project's folder."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.tools.project import Project
from pgfleet.postgres.embedded.binaries import embedded_binaries

TIMEOUT_SECONDS = 120
SHOWN_CHARACTERS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a run of a tool printed, and its exit status."""

    text: str
    status: int

    def __str__(self) -> str:
        return f"exit status {self.status}: {self.text[-SHOWN_CHARACTERS:]}"


def migrate(project: Project, programs: Path, url: str) -> Output:
    """Runs the tool, which is installed in `programs`, on the database. Raises TimeoutExpired."""
    return _execute(project.real.command, project, programs, url=url)


def write_sql(project: Project, programs: Path) -> None:
    """Writes the SQL of each of the tool's own files next to it. Raises RuntimeError and TimeoutExpired."""
    before = "base"
    for path in sorted(project.migrations.iterdir()):
        version = path.name.split("_")[0]
        output = _execute(project.real.offline, project, programs, before=before, version=version)
        if output.status:
            raise RuntimeError(str(output))
        path.with_suffix(".sql").write_text(output.text, encoding="utf-8")
        before = version


def _execute(
    command: Sequence[str], project: Project, programs: Path, *, url: str = "postgresql://", **more: str
) -> Output:
    places = {
        "programs": str(programs),
        "project": str(project.folder),
        "migrations": str(project.migrations),
        "url": url,
        **more,
    }
    variables = {
        "DATABASE_URL": url,
        "MIGRATIONS": str(project.migrations),
        "PATH": f"{embedded_binaries()}:{os.environ['PATH']}",
        "HOME": str(project.folder.parent),
        "DO_NOT_TRACK": "1",
        **{name: value.format_map(places) for name, value in project.real.variables.items()},
    }
    done = subprocess.run(
        [each.format_map(places) for each in command],
        cwd=project.real.directory.format_map(places),
        env=variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    return Output(text=done.stdout, status=done.returncode)
