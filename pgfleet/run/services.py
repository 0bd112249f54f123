"""Starts a service anew: by the command or the URL that the environment's policy names."""

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
"""Of a command's output in the log."""
GRACE_SECONDS = 1.0
"""For what a command has said last to be read."""
MOST_BYTES = 65_536
"""Of an answer."""
Log = Callable[[str], None]


def restart(restart: Restart, log: Log) -> str:
    """Restarts the service and says in a line what happened; its output goes to `log`, less the secrets.

    Raises ServiceFailed: not found, another exit status than 0, an answer that is no success, or no end in time.
    """
    began = time.monotonic()
    said = _run(restart, log) if restart.command else _post(restart, log)
    return f"{said} in {time.monotonic() - began:.1f} s"


def _run(restart: Restart, log: Log) -> str:
    """The command, without a shell, in a process group of its own that ends with it."""
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
        raise _failure(restart, f"not ended after {restart.timeout_seconds:g} s", secrets) from None
    last = output.last()
    if status:
        raise _failure(restart, f"exited with {status}: {last or 'it said nothing'}", secrets)
    return "exited with 0"


class _Output:
    """Gives each line of a command's output to `log`, as it comes; what the command has left running may go on."""

    def __init__(self, process: "subprocess.Popen[str]", log: Log) -> None:
        self._process, self._log, self._last = process, log, ""
        # With the context of this thread, or what is logged would not know its run.
        self._thread = threading.Thread(target=copy_context().run, args=(self._pass_on,), daemon=True)
        self._thread.start()

    def last(self) -> str:
        """The last line, once all is read or what holds the pipe open has had a moment."""
        self._thread.join(GRACE_SECONDS)
        return self._last

    def _pass_on(self) -> None:
        lines = 0
        for line in self._process.stdout or ():
            lines, self._last = lines + 1, line.strip() or self._last
            if lines <= MOST_LINES:
                self._log(line.rstrip())
        if lines > MOST_LINES:
            self._log(f"… and {lines - MOST_LINES} lines more, the last: {self._last}")


def _end(group: int) -> None:
    """Ends the processes of the group, which the command may have grown to."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _post(restart: Restart, log: Log) -> str:
    """A POST without a body; it goes nowhere else, whatever the answer says."""
    url = restart.url or Secret("")
    secrets = _forms((url,))
    answer = _Answer(url.text, restart.timeout_seconds)
    if answer.error is not None:
        raise _failure(restart, f"{url}: {answer.error}", secrets)
    first = next(iter(answer.text.splitlines()), "")
    if first:
        log(redacted(first, secrets))
    if not httpx.codes.is_success(answer.status):
        raise _failure(restart, f"{url} answered {answer.status}: {first or answer.reason}", secrets)
    return f"answered {answer.status}"


class _Answer:
    """What a URL answers to a POST, or why it does not, within so many seconds: httpx counts each read by itself."""

    def __init__(self, url: str, seconds: float) -> None:
        self.error: str | None = f"ReadTimeout: no answer within {seconds:g} s"
        self.status, self.reason, self.text = 0, "", ""
        thread = threading.Thread(target=self._ask, args=(url, seconds), daemon=True)
        thread.start()
        thread.join(seconds)

    def _ask(self, url: str, seconds: float) -> None:
        try:
            with httpx.stream("POST", url, timeout=seconds, follow_redirects=False) as answer:
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) >= MOST_BYTES:
                        break
                self.status, self.reason = answer.status_code, answer.reason_phrase
                self.text, self.error = body.decode(answer.encoding or "utf-8", errors="replace"), None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self.error = f"{type(error).__name__}: {error}"


def _forms(parts: tuple[Secret, ...]) -> tuple[str, ...]:
    """Every secret of these texts as it is, and as a URL writes it."""
    found = {secret for each in parts for secret in each.secrets}
    return tuple(found | {quote(each, safe="") for each in found})


def _failure(restart: Restart, said: str, secrets: tuple[str, ...]) -> ServiceFailed:
    return ServiceFailed(redacted(f"{restart.service}: {' '.join(said.split())}", secrets))
