"""Installs migration tools from package registries, outside the repository."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TIMEOUT_SECONDS = 600


class NotAvailable(Exception):
    """A tool could not be installed; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packages:
    """The packages of a tool, with their versions, from one registry; `program` is what they must provide."""

    registry: str
    names: Sequence[str]
    program: str

    @property
    def version(self) -> str:
        """The first package's name and version, and the registry."""
        name, found = self.names[0], ""
        if self.registry == "Debian":
            command = ["dpkg-query", "--show", "--showformat=${Version}", name]
            found = " " + subprocess.run(command, capture_output=True, text=True, check=False).stdout
        return f"{name}{found} from {self.registry}"

    @property
    def folder(self) -> str:
        """The name of a folder for these versions."""
        return "+".join(self.names).replace("/", "-")

    def install(self, folder: Path) -> None:
        """Installs the packages into the folder, unless they are there. Raises NotAvailable."""
        {"npm": self._with_npm, "PyPI": self._with_pip, "Debian": self._with_apt}[self.registry](folder)

    def _with_npm(self, folder: Path) -> None:
        program = folder / "node_modules" / ".bin" / self.program
        if not program.exists():
            options = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
            _run([_found("npm"), "install", "--prefix", str(folder), *options, *self.names])

    def _with_pip(self, folder: Path) -> None:
        if not (folder / "bin" / self.program).exists():
            _run([sys.executable, "-m", "venv", str(folder)])
            _run([str(folder / "bin" / "pip"), "install", "--quiet", *self.names])

    def _with_apt(self, _folder: Path) -> None:
        if not self._is_in_debian():
            quiet = {"DEBIAN_FRONTEND": "noninteractive"}
            _run([_found("apt-get"), "install", "--yes", "--no-install-recommends", *self.names], quiet)

    def _is_in_debian(self) -> bool:
        if not shutil.which("dpkg-query"):
            return False
        return not subprocess.run(["dpkg-query", "--show", *self.names], capture_output=True, check=False).returncode


def _found(program: str) -> str:
    found = shutil.which(program)
    if not found:
        raise NotAvailable(f"{program} is not installed")
    return found


def _run(command: Sequence[str], variables: Mapping[str, str] | None = None) -> None:
    try:
        done = subprocess.run(
            command,
            env={**os.environ, **(variables or {})},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAvailable(str(error)) from None
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
        raise NotAvailable(f"{' '.join(command[:2])} failed: {lines[-1]}")
