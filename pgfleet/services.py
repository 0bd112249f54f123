"""Starts a service anew: by the command or the URL that the environment's policy names."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from urllib.parse import quote

import httpx

from pgfleet.errors import ServiceFailed
from pgfleet.fleet.model import Restart
from pgfleet.fleet.secret import Secret, redacted

MOST_LINES = 200
"""Of a command's output in the log."""
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
    timer = threading.Timer(restart.timeout_seconds, _end, [process.pid])
    timer.start()
    try:
        last = _pass_on(process, lambda line: log(redacted(line, secrets)))
        status = process.wait()
    finally:
        is_late = not timer.is_alive()
        timer.cancel()
    if is_late:
        raise _failure(restart, f"not ended after {restart.timeout_seconds:g} s", secrets)
    if status:
        raise _failure(restart, f"exited with {status}: {last or 'it said nothing'}", secrets)
    return "exited with 0"


def _pass_on(process: "subprocess.Popen[str]", log: Log) -> str:
    """Gives each line of the output to `log`, and returns the last."""
    lines, last = 0, ""
    for line in process.stdout or ():
        lines, last = lines + 1, line.strip() or last
        if lines <= MOST_LINES:
            log(line.rstrip())
    if lines > MOST_LINES:
        log(f"… and {lines - MOST_LINES} lines more, the last: {last}")
    return last


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
    try:
        answer = httpx.post(url.text, timeout=restart.timeout_seconds, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _failure(restart, f"{url}: {type(error).__name__}: {error}", secrets) from None
    first = next(iter(answer.text.splitlines()), "")
    if first:
        log(redacted(first, secrets))
    if not answer.is_success:
        raise _failure(restart, f"{url} answered {answer.status_code}: {first or answer.reason_phrase}", secrets)
    return f"answered {answer.status_code}"


def _forms(parts: tuple[Secret, ...]) -> tuple[str, ...]:
    """Every secret of these texts as it is, and as a URL writes it."""
    found = {secret for each in parts for secret in each.secrets}
    return tuple(found | {quote(each, safe="") for each in found})


def _failure(restart: Restart, said: str, secrets: tuple[str, ...]) -> ServiceFailed:
    return ServiceFailed(redacted(f"{restart.service}: {' '.join(said.split())}", secrets))
