"""One run of `postgres`, as our own child, from its launch to its end."""

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
# Reads until whoever started it is gone, however that happened, and then clears up: asks server $1 for a fast shutdown,
# waits until its pid file $2 is gone, and removes folder $3.
_LAST_WISH = 'read _; if kill -INT "$1"; then while [ -e "$2" ]; do sleep 0.1; done; fi; rm -rf "$3"'


# What PostgreSQL's programs are given of the environment: no PG* variable of the user's turns into a setting.
ENVIRONMENT = MappingProxyType({"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"})


class ServerProcess:
    """A `postgres` child in a session of its own, so that Ctrl-C reaches us and not the server.

    Should we be killed, a small shell at the other end of a pipe stops it and removes `folder`. (PR_SET_PDEATHSIG would
    fire as soon as the *thread* that started the server ends.)
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
        self._heir = subprocess.Popen(
            ["/bin/sh", "-c", _LAST_WISH, "sh", str(self._postgres.pid), str(self._pid_file), str(folder)],
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
        """Whether the server accepts connections; False when it has ended, or took too long and was ended."""
        deadline = time.monotonic() + _START_TIMEOUT_S
        while self._postgres.poll() is None and time.monotonic() < deadline:
            if self._says_ready():
                return True
            time.sleep(_POLL_S)
        self.end(signal.SIGQUIT)
        return False

    def end(self, how: signal.Signals) -> None:
        """Send `how` to the server and wait for its end; SIGQUIT where that takes too long. Again is harmless."""
        for attempt in (how, signal.SIGQUIT, signal.SIGKILL):
            self._postgres.send_signal(attempt)  # does nothing to a process that has ended
            try:
                self._postgres.wait(_STOP_TIMEOUT_S)
                break
            except subprocess.TimeoutExpired:
                continue
        self._heir.kill()  # before its pipe closes: a pid that is free again may be another's
        self._heir.communicate()

    def let_go(self) -> None:
        """Leave the server to itself: it outlives us."""
        self._heir.kill()
        self._heir.communicate()

    def _says_ready(self) -> bool:
        # What pg_ctl looks at: line 1 is the pid (a crashed run leaves its file behind), line 8 the state.
        try:
            lines = self._pid_file.read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) > 7 and lines[0].strip() == str(self.pid) and lines[7].strip() == "ready"  # noqa: PLR2004
