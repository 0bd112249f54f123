"""A Prefect server that watches events, as a team's does, and a place that notifications are sent to."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from fix_prefect import drain, running_server
from prefect.settings import PREFECT_API_URL, temporary_settings

from pgfleet.run.settings import SERVER

AT_ONCE = {
    **SERVER,
    "PREFECT_SERVER_UI_ENABLED": "false",
    "PREFECT_UI_URL": "http://ui.internal",
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_LATE_RUNS_AFTER_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
}


@pytest.fixture(scope="module")
def watching_api(tmp_path_factory: pytest.TempPathFactory, prefect_tables: Path) -> Iterator[str]:
    """Its address, which this process uses within the module. The session's own server watches nothing."""
    home = tmp_path_factory.mktemp("watching")
    shutil.copy(prefect_tables, home / "prefect.db")
    database = f"sqlite+aiosqlite:///{home}/prefect.db"
    own = {**AT_ONCE, "PREFECT_HOME": str(home), "PREFECT_SERVER_DATABASE_CONNECTION_URL": database}
    drain()
    with running_server(own) as address, temporary_settings({PREFECT_API_URL: address}):
        yield address
        drain()


class Inbox:
    """What was sent to `url`."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self.url = f"http://127.0.0.1:{server.server_port}/"
        self.messages: list[dict[str, Any]] = []

    def about(self, subject: str) -> list[dict[str, Any]]:
        return [each for each in self.messages if subject in each["subject"]]


@pytest.fixture(scope="module")
def inbox() -> Iterator[Inbox]:
    """A web server on this machine that keeps what is POSTed to it."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:  # the name is http.server's
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.messages.append(json.loads(body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Not into the test's output."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Inbox(server)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield found
        server.shutdown()
        thread.join()
