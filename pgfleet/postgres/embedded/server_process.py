"""One run of `postgres` as a child process."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import MappingProxyType

from pgfleet.postgres.embedded.binaries import Account

_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 60.0
_POLL_S = 0.02
# Waits until the parent process is gone, however it ended, and then cleans up: asks server $1 for a fast shutdown,
# waits until its pid file $2 is gone, and removes folder $3.
_CLEAN_UP = 'read _; if kill -INT "$1"; then while [ -e "$2" ]; do sleep 0.1; done; fi; rm -rf "$3"'


# The environment of PostgreSQL's programs, without the user's PG* variables.
ENVIRONMENT = MappingProxyType({"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"})


class ServerProcess:
    """A `postgres` child process in its own session, so that Ctrl-C does not reach it.

    If pgfleet is killed, a shell at the other end of a pipe stops the server and removes `folder`. (PR_SET_PDEATHSIG
    would fire as soon as the *thread* that started the server ends.)
    """

    def __init__(self, command: list[str], *, data_dir: Path, folder: Path, log: Path, account: Account) -> None:
        self._pid_file = data_dir / "postmaster.pid"
        with log.open("ab") as output:
            self._postgres = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=ENVIRONMENT,
                start_new_session=True,
                **account.popen_options(),
            )
        self._cleaner = subprocess.Popen(
            ["/bin/sh", "-c", _CLEAN_UP, "sh", str(self._postgres.pid), str(self._pid_file), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            env=ENVIRONMENT,
            start_new_session=True,
            **account.popen_options(),
        )

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._postgres.pid

    def wait_until_ready(self) -> bool:
        """Waits for the server; False if it exited, or was stopped because it took too long."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._postgres.poll() is None and time.monotonic() < deadline:
            if self._is_ready():
                return True
            time.sleep(_POLL_S)
        self.end(signal.SIGQUIT)
        return False

    def end(self, how: signal.Signals) -> None:
        """Sends `how` to the server and waits; SIGQUIT, then SIGKILL, if that takes too long. Can be called again."""
        for attempt in (how, signal.SIGQUIT, signal.SIGKILL):
            self._postgres.send_signal(attempt)  # no effect on a process that has exited
            try:
                self._postgres.wait(_STOP_TIMEOUT_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self._cleaner.kill()  # before its pipe closes, as the server's pid may be reused
        self._cleaner.communicate()

    def let_go(self) -> None:
        """Lets the server outlive this process."""
        self._cleaner.kill()
        self._cleaner.communicate()

    def _is_ready(self) -> bool:
        # As pg_ctl does: line 1 is the pid (a crashed server leaves its file), line 8 the state.
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"  # noqa: PLR2004
