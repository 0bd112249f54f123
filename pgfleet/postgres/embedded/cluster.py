"""An embedded PostgreSQL server: for the demo, for tests, and as a fallback for replaying a manifest."""

import atexit
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import quote

from pgfleet.postgres.embedded.binaries import ClusterFailed, reach_binaries, server_account
from pgfleet.postgres.embedded.server_process import ENVIRONMENT, ServerProcess

__all__ = ["Cluster", "ClusterFailed"]

SETTINGS: Mapping[str, str] = MappingProxyType(
    {
        # The data need not survive a machine crash. Commits do survive a server crash, as in production;
        # synchronous_commit = off would give that up for little gain.
        "fsync": "off",
        "full_page_writes": "off",
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "shared_buffers": "32MB",
        "max_connections": "100",
        "jit": "off",
        "timezone": "UTC",
    }
)
"""Settings of a throwaway server; those given to a `Cluster` override them."""

_NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
_LONGEST_SOCKET_PATH = 100  # the system's limit is 107 bytes, 103 on macOS
_LOG_TAIL_CHARS, _LOG_TAIL_LINES = 2_000, 5
_PORT_TAKEN = "could not create any TCP/IP sockets"


class Cluster:
    """A new server on a free port; it stops when the `with` block or the interpreter ends.

    Its data is in `data_dir`, which must be empty or absent and is kept, or else in a temporary folder. As root, the
    folder's owner becomes the account that runs the server, which must be able to reach it. Raises ClusterFailed, with
    the end of the server's log, if the server does not start.

    Every connection, over TCP (127.0.0.1 only) or the Unix socket, requires this object's random password, so other
    users of the machine cannot connect. Attributes: `host` (the socket folder, 0700), `port`, `password` (of the
    superuser `postgres`), `major`, `data_dir`, `log`, `binaries` (the programs, where the server's account can run
    them). Not thread-safe.
    """

    def __init__(
        self, binaries: Path, data_dir: Path | None = None, settings: Mapping[str, str] = _NO_SETTINGS
    ) -> None:
        self._folder = _short_folder()
        self._server: ServerProcess | None = None
        self._is_left = False
        self._account = server_account()
        self.host = str(self._folder)
        self.port = 0
        self.password = secrets.token_urlsafe(18)
        self.data_dir = data_dir.absolute() if data_dir else self._folder / "data"
        self.log = self.data_dir / "server.log"
        atexit.register(self.stop)
        try:
            self._account.own(self._folder)
            self.binaries, self.major = reach_binaries(self._account, binaries, self._folder)
            self._initialise({**SETTINGS, **settings})
            self._launch_on_a_free_port()
        except OSError as exc:
            self.stop()
            raise ClusterFailed(f"no PostgreSQL server could be started as {self._account.name}: {exc}") from exc
        except BaseException:
            self.stop()
            raise

    def dsn(self, dbname: str = "postgres", user: str = "postgres", *, password: str | None = None) -> str:
        """The URL of a database over TCP; `password` if the user has its own."""
        return f"postgresql://{self._credentials(user, password)}@127.0.0.1:{self.port}/{quote(dbname, safe='')}"

    def socket_dsn(self, dbname: str = "postgres", user: str = "postgres", *, password: str | None = None) -> str:
        """The URL of a database over the Unix socket."""
        address = f"host={quote(self.host, safe='')}&port={self.port}"
        return f"postgresql://{self._credentials(user, password)}@/{quote(dbname, safe='')}?{address}"

    def stop(self) -> None:
        """Stops the server for good and removes its files, except a given data folder. Can be called again."""
        atexit.unregister(self.stop)
        if self._server is not None:
            self._server.end(signal.SIGINT)
            self._server = None
        if not self._is_left:
            shutil.rmtree(self._folder, ignore_errors=True)

    def leave_running(self) -> int:
        """Lets the server outlive this process; returns its process id, to stop it by."""
        if self._server is None:
            raise ClusterFailed("the server was stopped for good")
        atexit.unregister(self.stop)
        server, self._server = self._server, None
        self._is_left = True
        server.let_go()
        return server.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop()

    def _credentials(self, user: str, password: str | None) -> str:
        return f"{quote(user, safe='')}:{quote(self.password if password is None else password, safe='')}"

    def _initialise(self, settings: Mapping[str, str]) -> None:
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(self.data_dir.iterdir()):
            raise ClusterFailed(f"{self.data_dir} is not empty; a new server needs an empty folder")
        self._account.own(self.data_dir)
        password_file = self._folder / "password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password)
        self._account.own(password_file)
        self._initdb("--auth=scram-sha-256", f"--pwfile={password_file}", "--locale=C", "--encoding=UTF8", "--no-sync")
        password_file.unlink()
        with (self.data_dir / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = {_quoted(value)}\n" for name, value in settings.items())

    def _initdb(self, *options: str) -> None:
        command = [str(self.binaries / "initdb"), "--pgdata", str(self.data_dir), "--username=postgres", *options]
        account = self._account.popen_options()
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd="/", env=ENVIRONMENT, **account)
        if done.returncode:
            raise ClusterFailed(f"initdb failed in {self.data_dir}, as {self._account.name}: {done.stderr.strip()}")

    def _launch_on_a_free_port(self, attempts: int = 5) -> None:
        self.port = _free_port()
        try:
            self._launch()
        except ClusterFailed as exc:  # another process may have taken the port
            if _PORT_TAKEN not in str(exc) or attempts == 1:
                raise
            self._launch_on_a_free_port(attempts - 1)

    def _launch(self) -> None:
        begin = self.log.stat().st_size if self.log.exists() else 0
        self._server = ServerProcess(
            self._command(), data_dir=self.data_dir, folder=self._folder, log=self.log, account=self._account
        )
        if not self._server.wait_until_ready():
            output = self.log.read_bytes()[begin:].decode(errors="replace")[-_LOG_TAIL_CHARS:]
            lines = "; ".join(filter(None, map(str.strip, output.splitlines()[-_LOG_TAIL_LINES:])))
            raise ClusterFailed(f"the PostgreSQL server in {self.data_dir} did not start: {lines}")

    def _command(self) -> list[str]:
        where = {"port": str(self.port), "listen_addresses": "127.0.0.1", "unix_socket_directories": f'"{self.host}"'}
        options = [f"--{name}={value}" for name, value in where.items()]
        return [str(self.binaries / "postgres"), "-D", str(self.data_dir), *options]


def _short_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pgfleet-"))
    if len(bytes(folder / ".s.PGSQL.65535.lock")) <= _LONGEST_SOCKET_PATH:
        return folder
    folder.rmdir()
    return Path(tempfile.mkdtemp(prefix="pgfleet-", dir="/tmp"))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
