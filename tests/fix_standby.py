"""A real standby, made by pg_basebackup of a server that is installed: one for the whole session."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fix_pooler import free_port
from fix_rollout import Subject
from fix_servers import BINARIES, INSTALLED, MEMORY, Server, is_roomy, started

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.embedded.binaries import server_account
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.embedded.server_process import ServerProcess

READY, DAMAGED, EMPTY, ORDINARY = "ready", "damaged", "empty", "ordinary"
ORDINARY_SESSIONS = 2
"""How many it has for roles that are no superusers."""


class Standby(Server):
    """A standby that is started and stopped as a test wants; its primary is gone, so it stays as it is.

    The databases are READY, with the whole shipped manifest and a ledger, DAMAGED, with a fault that can be repaired,
    and EMPTY. ORDINARY is a role that may log in, with the password of the cluster.
    """

    def __init__(self, primary: Cluster, binaries: Path, folder: Path, expected: ExpectedCatalog) -> None:
        self.port = free_port()
        self.binaries, self.folder, self.data, self.expected_catalog = binaries, folder, folder / "data", expected
        self.process: ServerProcess | None = None
        super().__init__(_Address(self.port, primary.password, primary.major))

    def start(self, *, is_ready: bool = True, **settings: str) -> None:
        """Starts it, and waits until it takes sessions if it `is_ready` to."""
        account = server_account()
        chosen = {
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "superuser_reserved_connections": str(100 - ORDINARY_SESSIONS),
            **settings,
        }
        command = [str(self.binaries / "postgres"), "-D", str(self.data)]
        command += [f"--{name}={value}" for name, value in chosen.items()]
        log = self.folder / "log"
        self.process = ServerProcess(command, data_dir=self.data, folder=self.folder / "none", log=log, account=account)
        if is_ready:
            assert self.process.wait_until_ready(), log.read_text()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        if self.process:
            self.process.end(how)
            self.process = None


class _Address:
    """What `Server` wants to know of its cluster."""

    def __init__(self, port: int, password: str, major: int) -> None:
        self.port, self.password, self.major = port, password, major

    dsn, _credentials = Cluster.dsn, Cluster._credentials


@pytest.fixture(scope="session")
def standby_made(shipped_manifest: Manifest) -> Iterator[Standby]:
    """Made, and not started."""
    if not INSTALLED:
        pytest.skip("a standby is made of an installed PostgreSQL: apt-get install postgresql")
    binaries = next(path for name, path in BINARIES.items() if name != "embedded")
    folder = Path(tempfile.mkdtemp(prefix="pgfleet-standby-", dir=MEMORY if is_roomy(MEMORY) else None))
    with started(binaries, wal_level="replica", max_wal_senders="2") as primary:
        expected = primary.expected(shipped_manifest)
        fill(primary, shipped_manifest, expected)
        back_up(primary.cluster, binaries, folder)
        standby = Standby(primary.cluster, binaries, folder, expected)
    yield standby
    standby.stop()
    shutil.rmtree(folder)


def fill(primary: Server, manifest: Manifest, expected: ExpectedCatalog) -> None:
    primary.execute(f"CREATE DATABASE {READY}")
    subject = Subject(server=primary, database=READY, manifest=manifest, expected=expected)
    subject.roll_out()
    primary.kept.close(READY)
    primary.execute(f"CREATE DATABASE {DAMAGED} TEMPLATE {READY}")
    primary.execute("DROP INDEX idx_ai_task_queue_status_schedule; DELETE FROM ai_guardrails.policy_rules", DAMAGED)
    primary.execute(f"CREATE DATABASE {EMPTY}")
    primary.execute(f"CREATE ROLE {ORDINARY} LOGIN PASSWORD '{primary.cluster.password}'")


@pytest.fixture
def standby(standby_made: Standby) -> Standby:
    """Running, as a hot standby."""
    if standby_made.process is None:
        standby_made.start()
    return standby_made


def back_up(primary: Cluster, binaries: Path, folder: Path) -> None:
    account = server_account()
    account.own(folder)
    options = ["--pgdata", str(folder / "data"), "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
    command = [str(binaries / "pg_basebackup"), *options, "--dbname", primary.dsn()]
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    subprocess.run(command, check=True, capture_output=True, cwd="/", env=environment, **account.popen_options())
