"""The command line: in this process, or as a process of its own."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

import pytest
from fix_fleet import Fleet

from pgfleet.run import settings

PGFLEET = Path(sys.executable).parent / "pgfleet"
LONGEST_SECONDS = 240
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """Runs pgfleet with the test's fleet file, in an empty folder, against the session's Prefect server."""

    fleet: Fleet
    prefect_api: str
    folder: Path

    def __call__(self, *arguments: str, **variables: str) -> Done:
        """In this process: another takes seconds to import Prefect."""
        from pgfleet.cli.app import main

        out, err = io.StringIO(), io.StringIO()
        files = {name: os.environ[name] for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST")}
        with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
            for name, value in {**settings.QUIET, **settings.SERVER, **files, "COLUMNS": "200", **variables}.items():
                patch.setenv(name, value)  # what the command sets itself is put back with it
            patch.chdir(self.folder)
            patch.setattr(sys, "argv", self._command(arguments))
            with pytest.raises(SystemExit) as ended:
                main()
        status = ended.value.code or 0
        assert isinstance(status, int)
        return Done(arguments, status, out.getvalue(), err.getvalue())

    def process(self, *arguments: str, **variables: str) -> Done:
        """As a process of its own: where what such a process does is the subject."""
        return subprocess.run(
            self._command(arguments),
            check=False,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            env=self.variables(**variables),
            cwd=self.folder,
            timeout=LONGEST_SECONDS,
        )

    def started(self, *arguments: str, **streams: int) -> "subprocess.Popen[str]":
        """The same, left to itself."""
        return subprocess.Popen(self._command(arguments), text=True, env=self.variables(), cwd=self.folder, **streams)

    def variables(self, **variables: str) -> dict[str, str]:
        """The environment of such a process."""
        return {**os.environ, "PREFECT_API_URL": self.prefect_api, "COLUMNS": "200", **variables}

    def _command(self, arguments: tuple[str, ...]) -> list[str]:
        return [str(PGFLEET), "--config", str(self.fleet.file), *arguments]


@pytest.fixture
def pgfleet(fleet: Fleet, prefect_api: str, tmp_path: Path) -> CommandLine:
    """The command line."""
    return CommandLine(fleet=fleet, prefect_api=prefect_api, folder=tmp_path)
