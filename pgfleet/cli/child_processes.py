"""Processes that belong to a command and end with it: none outlives it, and none dies unnoticed."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 30.0
"""For a process to end by itself once it was asked to."""
POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One of them: what people know it by, and where it writes what it has to say."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def obituary(self) -> str | None:
        """`Prefect's server ended with status 3; see /…/server.log`; None while it lives."""
        status = self.process.poll()
        return None if status is None else f"{self.name} ended with status {status}; see {self.log}"


class Children:
    """Leaving the `with` block ends them, the last one first, and whatever they have begun themselves."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.all: list[Child] = []

    def start(self, name: str, command: Sequence[str], variables: Mapping[str, str], *, log: str) -> None:
        """Starts it in a session of its own, so that Ctrl-C reaches this process alone."""
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
        self.all.append(Child(name=name, process=process, log=file))

    def wait_until(self, true: Callable[[], bool], seconds: float) -> str | None:
        """Why it did not come true: who died, or that it took too long; None if it did."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if said := self.obituary():
                return said
            if true():
                return None
            time.sleep(POLL_SECONDS)
        return f"not within {seconds:g} seconds; see {self.folder}"

    def wait(self) -> str:
        """Who died, as soon as one has."""
        while not (said := self.obituary()):
            time.sleep(POLL_SECONDS)
        return said

    def obituary(self) -> str | None:
        """Who died; None while all live."""
        return next((said for each in self.all if (said := each.obituary)), None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _exc: BaseException | None, _tb: TracebackType | None
    ) -> None:
        while self.all:
            _end(self.all.pop().process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Asks it to end, and insists; another Ctrl-C insists at once."""
    begun = _descendants(process.pid)
    process.send_signal(signal.SIGINT)  # of a SIGTERM Prefect's worker makes two signals, and then waits for ever
    with suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
        process.wait(PATIENCE_SECONDS)
    process.kill()
    process.wait()
    for how in (signal.SIGTERM, signal.SIGKILL):
        if not (begun := {pid: group for pid, group in begun.items() if _group(pid) == group}):
            return
        for pid in begun:
            with suppress(ProcessLookupError):
                os.kill(pid, how)
        _wait_for(begun)


def _wait_for(begun: Mapping[int, int]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    with suppress(KeyboardInterrupt):
        while time.monotonic() < deadline and any(_group(pid) == group for pid, group in begun.items()):
            time.sleep(POLL_SECONDS)


def _descendants(pid: int) -> dict[int, int]:
    """The processes that descend from it, each with its process group: another one of that id has another."""
    try:
        listed = subprocess.run(["ps", "-Ao", "pid=,ppid="], check=False, capture_output=True, text=True)  # noqa: S607
    except OSError:  # none is here, as in a slim image: the process itself is ended all the same
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
