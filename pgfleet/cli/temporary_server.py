"""Prefect's temporary server, started before the command imports Prefect.

Prefect itself starts it when it first needs it, after the imports, which take almost as long as the server's start.
"""

import atexit
import socket
import subprocess
import sys
from contextlib import suppress
from time import monotonic, sleep
from typing import TYPE_CHECKING

from pgfleet.errors import ConfigurationError
from pgfleet.run import interruption, progress, settings

if TYPE_CHECKING:
    from prefect.server.api.server import SubprocessASGIServer

SERVE = ("-m", "uvicorn", "--factory", "prefect.server.api.server:create_app", "--lifespan", "on")
VARIABLES = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1", "PREFECT__SERVER_FINAL": "1"}
"""As Prefect starts it (3.8 and 3.9, `SubprocessASGIServer`)."""
WITHOUT_EVENTS = {
    # No automation waits for events of a server that ends with its command, and nobody can look at its event feed.
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_ENABLED": "false"
}
LONG_SECONDS = 5.0
PAUSE_SECONDS = 0.1


class TemporaryServer:
    """The process, until Prefect takes it over and ends it with this process."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port: int = free.getsockname()[1]
        options = ("--host", "127.0.0.1", "--port", str(self.port), "--log-level", "error")
        self.process = subprocess.Popen(
            [sys.executable, *SERVE, *options],
            env={**WITHOUT_EVENTS, **settings.variables(), **VARIABLES},
            stdin=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """Ends the process if it has not ended."""
        self.process.kill()
        self.process.wait()

    def hand_over(self, server: "SubprocessASGIServer") -> None:
        """Waits until the process answers; if it ends instead, Prefect starts another, and reports what is wrong."""
        server.port, server.server_process, server.running = self.port, self.process, True
        atexit.register(server.stop)
        began = monotonic()
        if not self._answers(server.api_url):
            server.server_process, server.running = None, False
        elif (seconds := monotonic() - began) > LONG_SECONDS:
            advice = "keep one running with pgfleet up, and set PREFECT_API_URL"
            waited = f"waited {seconds:.0f} s for Prefect's temporary server, which the report does not count"
            progress.report_note(f"{waited}; {advice}")

    def _answers(self, api: str) -> bool:
        import httpx

        while self.process.poll() is None:
            with suppress(httpx.TransportError):
                if httpx.get(f"{api}/health").is_success:
                    return True
            sleep(PAUSE_SECONDS)
        return False


_started: list[TemporaryServer] = []


def start() -> None:
    """Prepares Prefect's settings, and starts the server unless the process has one or Prefect is configured with one.

    Raises ConfigurationError if Prefect could not write its data.
    """
    settings.prepare_prefect()
    interruption.clean_up_by(kill)
    if _started or _prefects_own() or settings.prefect_setting("PREFECT_API_URL"):
        return
    atexit.register(kill)
    _started.append(TemporaryServer())


def hand_over() -> None:
    """Gives the server to Prefect, before the first flow; ends it if Prefect is configured in a way `start` misses.

    Raises ConfigurationError if Prefect's settings allow no temporary server.
    """
    if not _started:
        return
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE

    if PREFECT_API_URL.value():
        kill()
    elif not PREFECT_SERVER_ALLOW_EPHEMERAL_MODE.value():
        problem = "is not set, and PREFECT_SERVER_ALLOW_EPHEMERAL_MODE is off; set the one, or switch on the other"
        raise ConfigurationError("PREFECT_API_URL", "", problem)
    elif not (server := SubprocessASGIServer()).running:
        _started[0].hand_over(server)


def kill() -> None:
    """Kills the temporary server of this process, which Prefect stops only when the process ends by itself."""
    for each in _started:
        each.kill()
    for server in _prefects_own():
        if server.server_process:
            server.server_process.kill()


def _prefects_own() -> "list[SubprocessASGIServer]":
    module = sys.modules.get("prefect.server.api.server")
    return [*module.SubprocessASGIServer._instances.values()] if module else []
