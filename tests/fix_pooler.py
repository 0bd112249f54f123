"""A PgBouncer in transaction mode before each server at hand: one a version for the whole session."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_servers import ROLE_PASSWORD, ByAnotherWay, Server

from pgfleet.fleet.secret import Dsn
from pgfleet.postgres.embedded.binaries import server_account

PROGRAM = shutil.which("pgbouncer") or next(filter(os.path.exists, ["/usr/sbin/pgbouncer"]), None)
HOW_TO_INSTALL = "PgBouncer is not installed here: make system-packages, or apt-get install pgbouncer"
POOL_SIZE = 2
DEAD = "dead"
"""A database of the pooler's, behind which nothing listens."""
CONFIGURATION = """
[databases]
{dead} = host=127.0.0.1 port=1
* = host=127.0.0.1 port={server_port} auth_user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = transaction
default_pool_size = {pool_size}
client_login_timeout = 1
"""
LONGEST_START_SECONDS = 20


def pytest_configure() -> None:
    """In CI it is there; a run without it would be a skip that reads as passed."""
    if os.environ.get("CI") and PROGRAM is None:
        pytest.exit(f"CI must have a pooler: {HOW_TO_INSTALL}", returncode=2)


class PooledServer(ByAnotherWay):
    """The same server, whose tenants are reached through the pooler at `port`; what a test does itself goes direct."""

    def __init__(self, server: Server, port: int) -> None:
        super().__init__(server)
        self.port = port

    def dsn(self, database: str, role: str | None = None) -> Dsn:
        user, password = (role, ROLE_PASSWORD) if role else ("postgres", self.cluster.password)
        direct = self.cluster.dsn(database, user, password=password)
        return Dsn(direct.replace(f"@127.0.0.1:{self.cluster.port}/", f"@127.0.0.1:{self.port}/"))


@pytest.fixture(scope="session")
def pooled(server: Server) -> Iterator[PooledServer]:
    """Each version at hand in turn, behind a pooler that has two sessions for a database and role."""
    if PROGRAM is None:
        pytest.skip(HOW_TO_INSTALL)
    folder = Path(tempfile.mkdtemp(prefix="pgfleet-pooler-"))
    port = free_port()
    values = {"dead": DEAD, "server_port": server.cluster.port, "port": port, "folder": folder, "pool_size": POOL_SIZE}
    (folder / "pgbouncer.ini").write_text(CONFIGURATION.format(**values))
    (folder / "users.txt").write_text(f'"postgres" "{server.cluster.password}"\n')
    account = server_account()  # it refuses to run as root
    account.own(folder)
    with (folder / "log").open("wb") as log:
        command = [PROGRAM, str(folder / "pgbouncer.ini")]
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **account.popen_options())
    try:
        wait_for(port, process, folder / "log")
        yield PooledServer(server, port)
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
        shutil.rmtree(folder)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except OSError:
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.02)  # nothing tells when it listens
        else:
            return
