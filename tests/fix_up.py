"""`pgfleet up` as a process of its own."""

import os
import signal
import sqlite3
import subprocess
from contextlib import closing, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from fix_command import PGFLEET
from fix_workers import family, until
from prefect.settings import PREFECT_SERVER_DATABASE_CONNECTION_URL

from pgfleet.shipped import sql_folder

LONGEST_END_SECONDS = 60
READY = "Prefect's web interface: "


class Up:
    """Runs the command in a folder, with a Prefect home of its own; leaving the block kills what is still there."""

    def __init__(self, folder: Path, config: Path | None = None) -> None:
        self.folder, self.config = folder, config
        self.processes: list[subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self.processes:
            if process.poll() is None:
                for pid in reversed(family(process.pid)):
                    with suppress(ProcessLookupError):  # ended since it was listed
                        os.kill(pid, signal.SIGKILL)
                process.wait()

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def copy_tables(self) -> None:
        """Begins with the session's database: making its tables is Prefect's affair, and takes long."""
        self.home.mkdir()
        made = PREFECT_SERVER_DATABASE_CONNECTION_URL.value().removeprefix("sqlite+aiosqlite:///")
        with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(self.home / "prefect.db")) as copy:
            source.backup(copy)

    def __call__(self, *options: str, **variables: str) -> "subprocess.Popen[str]":
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "PGFLEET_"))}
        own = {"PREFECT_HOME": str(self.home), "PGFLEET_MANIFEST": str(sql_folder() / "manifest.toml")}
        config = ["--config", self.config] if self.config else []
        with (self.folder / "said").open("w") as said:
            process = subprocess.Popen(
                [PGFLEET, *config, "up", *options],
                stderr=said,
                stdout=said,
                text=True,
                env={**inherited, **own, **variables},
                cwd=self.folder,
            )
        self.processes.append(process)
        return process

    def until_ready(self, process: "subprocess.Popen[str]") -> str:
        """The address of the web interface."""
        until(lambda: READY in self.said or process.poll() is not None)
        assert process.poll() is None, self.said
        return self.said.split(READY)[1].split()[0]
