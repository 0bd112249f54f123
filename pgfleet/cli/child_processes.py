"""Child processes that end with the command that started them."""

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pgfleet.run.interruption import shielded

PATIENCE_SECONDS = 1.5
"""How long a process may take to end after it was asked to: all must have ended a few seconds after a signal."""
DESCENDANTS_PATIENCE_SECONDS = 0.5
POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Child:
    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    patience_seconds: float

    @property
    def end(self) -> str | None:
        """How it ended (`Prefect's server ended with status 3; see /…/server.log`); None while it runs."""
        status = self.process.poll()
        return None if status is None else f"{self.name} ended with status {status}; see {self.log}"


@contextmanager
def temporary_folder() -> Iterator[str]:
    """Creates a folder for the temporary files of Prefect's worker (TMPDIR), and removes it.

    The worker creates `runner_storage` in it. In a folder that all users share, `runner_storage` belongs to the first
    of them, and the workers of the others end with "Permission denied".
    """
    with tempfile.TemporaryDirectory(prefix="pgfleet-up-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)  # a run of root starts its embedded server with another account
        yield folder


class Children:
    """Leaving the `with` block ends the processes and their descendants, the last one first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: list[_Child] = []

    def start(
        self,
        name: str,
        command: Sequence[str],
        variables: Mapping[str, str],
        *,
        log: str,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Starts a process in a session of its own, so that Ctrl-C does not reach it; its output goes to the log."""
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / log
        with file.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=dict(variables),
                start_new_session=True,
            )
        self.all.append(_Child(name=name, process=process, log=file, patience_seconds=patience_seconds))

    def wait_until(self, is_true: Callable[[], bool], seconds: float) -> str | None:
        """None once it is true; otherwise which process ended first, or that it took too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if end := self.first_end():
                return end
            if is_true():
                return None
            time.sleep(POLL_SECONDS)
        return f"no answer within {seconds:g} seconds; see {self.folder}"

    def wait(self) -> str:
        """Waits until a process ends, and returns which one and how."""
        while not (end := self.first_end()):
            time.sleep(POLL_SECONDS)
        return end

    def first_end(self) -> str | None:
        """Which process has ended and how; None while all run."""
        return next((end for each in self.all if (end := each.end)), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        with shielded():
            while self.all:
                _end(self.all.pop())

    def kill(self) -> None:
        """Kills the processes and their descendants at once."""
        for each in self.all:
            for pid in (each.process.pid, *_descendants(each.process.pid)):
                _send(pid, signal.SIGKILL)


def _end(child: _Child) -> None:
    """Interrupts the process and, if it does not end in time or on another Ctrl-C, kills it; then its descendants."""
    process = child.process
    descendants = _descendants(process.pid)
    for pid in descendants:  # runs of a worker, which get as long as the worker itself
        _send(pid, signal.SIGTERM)
    process.send_signal(signal.SIGINT)  # SIGTERM makes Prefect's worker wait forever: it turns it into two signals
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.wait(child.patience_seconds)
    process.kill()
    process.wait()
    for pid in _running(descendants):
        _send(pid, signal.SIGKILL)
    deadline = time.monotonic() + DESCENDANTS_PATIENCE_SECONDS
    with suppress(KeyboardInterrupt):
        while _running(descendants) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _running(descendants: Mapping[int, int]) -> list[int]:
    """Those that still run: another process with the same id would have another process group."""
    return [pid for pid, group in descendants.items() if _group(pid) == group]


def _descendants(pid: int) -> dict[int, int]:
    """The ids of the processes that descend from it, each with its process group."""
    try:
        listed = subprocess.run(["ps", "-Ao", "pid=,ppid="], check=False, capture_output=True, text=True)  # noqa: S607
    except OSError:  # a slim image may lack ps
        return {}
    pairs = [[int(each) for each in line.split()] for line in listed.stdout.splitlines()]
    found = [pid]
    for each in found:
        found += [child for child, parent in pairs if parent == each]
    return {each: group for each in found[1:] if (group := _group(each)) is not None}


def _group(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
