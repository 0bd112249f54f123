"""Prefect's server for `pgfleet up`: where it listens, its database, and whether one is running already."""

import os
import socket
import sys
from dataclasses import dataclass

import httpx
from rich.console import Console

from pgfleet.cli.access import Access, is_own_port
from pgfleet.cli.child_processes import Children
from pgfleet.errors import ConfigurationError, PgfleetError
from pgfleet.run import settings

START_TIMEOUT_SECONDS = 300.0
"""The server's first start creates its tables, which takes long on a small machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `pgfleet up`: where the server listens and keeps its data, and how many runs there may be."""

    host: str
    port: int
    database: str | None = None
    sqlite: bool = False
    demo: bool = False
    limit: int = 1
    server: bool = True

    @property
    def api(self) -> str:
        """The URL of our server's API."""
        return f"{self.at(self.port)}/api"

    def at(self, port: int) -> str:
        """The URL of a port that we listen on, as seen from this machine."""
        host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(self.host, self.host)  # noqa: S104  # compared, not bound
        return f"http://{host}:{port}"


def server_database(url: str | None) -> str | None:
    """The URL of the server's database with the driver that Prefect uses. Raises ConfigurationError without the URL."""
    if url is None:
        return None
    scheme, mark, rest = url.partition("://")
    driver = {"postgresql": "postgresql+asyncpg", "postgres": "postgresql+asyncpg"}.get(scheme, scheme)
    if not mark or driver not in {"postgresql+asyncpg", "sqlite+aiosqlite"}:
        raise ConfigurationError("--database", "", "must be a postgresql:// URL")
    return f"{driver}://{rest}"


def has_database() -> bool:
    """Whether the user chose the server's database in the environment or in the profile of Prefect."""
    from prefect.settings import get_current_settings

    return bool(get_current_settings().server.database.model_fields_set & {"connection_url", "host"})


def check_host(host: str) -> None:
    """Raises ConfigurationError if the server could not listen on this host."""
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        raise ConfigurationError("--host", host, "is not an address or a known host name") from None


def find_server(options: Options, named: str | None) -> tuple[str, bool]:
    """The URL of the API, `named` or ours, and whether a server answers there. Raises ConfigurationError."""
    api = named or options.api
    if _answers(api):
        if not named and not is_own_port(options.port):
            problem = "a server of another user answers there; choose another, or set PREFECT_API_URL to use it"
            raise ConfigurationError("--port", str(options.port), problem)
        return api, True
    if not options.server or api != options.api:
        key = "PREFECT_API_URL" if named else "--no-server"
        raise ConfigurationError(key, "", f"no Prefect server answers at {api}; start it, or remove this setting")
    try:
        with socket.create_server((options.host, options.port)):
            return api, False
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else str(error)
        problem = f"is not available ({reason}), and no Prefect server answers there; choose another"
        raise ConfigurationError("--port", str(options.port), problem) from None


def _answers(api: str) -> bool:
    try:
        return httpx.get(f"{api}/health", timeout=2).json() is True
    except (httpx.HTTPError, ValueError):
        return False


def start_server(children: Children, options: Options, database: str | None, access: Access, console: Console) -> None:
    """Starts the server and waits until it answers. Raises PgfleetError if it does not."""
    command = [sys.executable, "-m", "pgfleet.cli.prefect_server", options.host, str(options.port)]
    own = {
        **access.server_variables,
        # The web interface is served from the same address, so no other origin needs the API.
        "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": options.api.removesuffix("/api"),
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_SERVER_API_HOST": options.host,
        "PREFECT_SERVER_API_PORT": str(options.port),
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT_UI_URL": options.api.removesuffix("/api"),
        # Relative to the page: by default it is port 4200 of this machine, whatever port the server listens on.
        "PREFECT_UI_API_URL": "/api",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
    }
    if database:
        own["PREFECT_SERVER_DATABASE_CONNECTION_URL"] = database
    children.start("Prefect's server", command, {**settings.variables(), **own}, log="server.log")
    with console.status("starting Prefect's server; the first start creates its tables, which takes half a minute"):
        problem = children.wait_until(lambda: _answers(options.api), START_TIMEOUT_SECONDS)
    if problem:
        raise PgfleetError(f"Prefect's server did not start: {problem}")
    console.print(f"Prefect's server answers at {options.api}")
