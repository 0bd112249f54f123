"""Restarts a service with the command or the URL in the environment's policy."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from urllib.parse import quote

import httpx

from pgfleet.errors import ServiceFailed
from pgfleet.fleet.model import Restart
from pgfleet.fleet.secret import Secret, redacted

MOST_LINES = 200
"""Of a command's output, at most this many lines go to the log."""
GRACE_SECONDS = 1.0
"""How long to wait for the end of a command's output after the command has ended."""
MOST_BYTES = 65_536
"""Of a response, at most this many bytes are read."""
Log = Callable[[str], None]


def restart(restart: Restart, log: Log) -> str:
    """Restarts the service and returns what happened in one line; its output goes to `log`, without secrets.

    Raises ServiceFailed if the command is not found, exits with another status than 0, or does not end in time, or if
    the response is not a success or does not arrive in time.
    """
    began = time.monotonic()
    result = _run(restart, log) if restart.command else _post(restart, log)
    return f"{result} in {time.monotonic() - began:.1f} s"


def _run(restart: Restart, log: Log) -> str:
    """Runs the command without a shell, and kills its process group if it does not end in time."""
    parts = restart.command or ()
    secrets = _forms(parts)
    try:
        process = subprocess.Popen(
            [each.text for each in parts],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise _failure(restart, f"{parts[0]} cannot be run: {error.strerror}", secrets) from None
    output = _Output(process, lambda line: log(redacted(line, secrets)))
    try:
        status = process.wait(restart.timeout_seconds)
    except BaseException as error:
        _end(process.pid)
        process.wait()
        if not isinstance(error, subprocess.TimeoutExpired):
            raise
        raise _failure(restart, f"did not end within {restart.timeout_seconds:g} s", secrets) from None
    last = output.last()
    if status:
        raise _failure(restart, f"exited with {status}: {last or 'no output'}", secrets)
    return "exited with 0"


class _Output:
    """Passes the lines of a command's output on to `log`. Processes that the command left running may keep it open."""

    def __init__(self, process: "subprocess.Popen[str]", log: Log) -> None:
        self._process, self._log, self._last = process, log, ""
        # In the context of this thread, so that log records belong to its run.
        self._thread = threading.Thread(target=copy_context().run, args=(self._pass_on,), daemon=True)
        self._thread.start()

    def last(self) -> str:
        """The last line of the output; waits for the end of the output for at most a moment."""
        self._thread.join(GRACE_SECONDS)
        return self._last

    def _pass_on(self) -> None:
        lines = 0
        for line in self._process.stdout or ():
            lines, self._last = lines + 1, line.strip() or self._last
            if lines <= MOST_LINES:
                self._log(line.rstrip())
        if lines > MOST_LINES:
            self._log(f"… and {lines - MOST_LINES} more lines, the last: {self._last}")


def _end(group: int) -> None:
    """Kills the command and the processes that it started."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _post(restart: Restart, log: Log) -> str:
    """Sends a POST without a body, and follows no redirect."""
    url = restart.url or Secret("")
    secrets = _forms((url,))
    response = _Response(url.text, restart.timeout_seconds)
    if response.error is not None:
        raise _failure(restart, f"{url}: {response.error}", secrets)
    first = next(iter(response.text.splitlines()), "")
    if first:
        log(redacted(first, secrets))
    if not httpx.codes.is_success(response.status):
        raise _failure(restart, f"{url} answered {response.status}: {first or response.reason}", secrets)
    return f"answered {response.status}"


class _Response:
    """The response to a POST, or the error; the timeout in seconds is for all of it, while httpx's is for each read."""

    def __init__(self, url: str, seconds: float) -> None:
        self.error: str | None = f"ReadTimeout: no response within {seconds:g} s"
        self.status, self.reason, self.text = 0, "", ""
        thread = threading.Thread(target=self._ask, args=(url, seconds), daemon=True)
        thread.start()
        thread.join(seconds)

    def _ask(self, url: str, seconds: float) -> None:
        try:
            with httpx.stream("POST", url, timeout=seconds, follow_redirects=False) as response:
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) >= MOST_BYTES:
                        break
                self.status, self.reason = response.status_code, response.reason_phrase
                self.text, self.error = body.decode(response.encoding or "utf-8", errors="replace"), None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.error = f"{type(error).__name__}: {error}"


def _forms(parts: tuple[Secret, ...]) -> tuple[str, ...]:
    """Every secret in these texts, also in URL encoding."""
    found = {secret for each in parts for secret in each.secrets}
    return tuple(found | {quote(each, safe="") for each in found})


def _failure(restart: Restart, problem: str, secrets: tuple[str, ...]) -> ServiceFailed:
    return ServiceFailed(redacted(f"{restart.service}: {' '.join(problem.split())}", secrets))
