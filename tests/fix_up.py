"""`pgfleet up` as a process of its own."""

import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

from fix_command import PGFLEET
from fix_workers import kill_family, until

from pgfleet.run.shipped import sql_folder

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
            kill_family(process)

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text(encoding="utf-8")

    def begin_with(self, tables: Path) -> None:
        self.home.mkdir()
        shutil.copy(tables, self.home / "prefect.db")

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
