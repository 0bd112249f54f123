"""The embedded server: the wheel's programs and those installed on the machine."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from fixtures.binaries import BINARIES
from fixtures.clusters import RestartableCluster

from pgfleet.postgres.embedded import cluster as cluster_module
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster, ClusterFailed

STARTS_ONE = """
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
cluster = Cluster(embedded_binaries())
pid = (cluster.data_dir / "postmaster.pid").read_text().splitlines()[0]
print(pid, cluster.host, flush=True)
"""


@pytest.fixture(scope="module", params=BINARIES.values(), ids=list(BINARIES))
def running(request: pytest.FixtureRequest) -> Iterator[RestartableCluster]:
    with RestartableCluster(request.param) as cluster:
        yield cluster


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that the server's account can reach, as pytest's own cannot be where we are root."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def postmaster(cluster: Cluster) -> int:
    return int((cluster.data_dir / "postmaster.pid").read_text().splitlines()[0])


def is_alive(pid: int) -> bool:
    """Whether it runs. A zombie does not: it has ended, and init has not waited for it yet."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state) and not state.startswith("Z")


def started_elsewhere(then: str) -> tuple[subprocess.Popen[str], int, Path]:
    """A Python that starts a server and goes on with `then`; the server's pid and folder."""
    parent = subprocess.Popen(
        [sys.executable, "-c", STARTS_ONE + then],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout
    pid, folder = parent.stdout.readline().split()
    return parent, int(pid), Path(folder)


def test_accepts_connections_over_tcp_and_the_socket(running: Cluster) -> None:
    for dsn in (running.dsn(), running.socket_dsn()):
        with psycopg.connect(dsn) as connection:
            assert connection.info.server_version // 10_000 == running.major


def test_rejects_a_wrong_password_over_tcp_and_the_socket(running: Cluster) -> None:
    for dsn in (running.dsn(password="wrong"), running.socket_dsn(password="wrong")):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(dsn)


def test_a_dsn_can_contain_any_database_name(running: Cluster) -> None:
    with psycopg.connect(running.dsn(), autocommit=True) as connection:
        connection.execute('CREATE DATABASE "a/b c?d"')
        connection.execute("CREATE ROLE \"o@k:\" LOGIN PASSWORD 'p@ss/w:rd'")
    for dsn in (running.dsn, running.socket_dsn):
        with psycopg.connect(dsn("a/b c?d", "o@k:", password="p@ss/w:rd")) as connection:
            assert (connection.info.dbname, connection.info.user) == ("a/b c?d", "o@k:")


def test_its_folder_is_private(running: Cluster) -> None:
    assert Path(running.host).stat().st_mode & 0o777 == 0o700
    assert not (Path(running.host) / "password").exists()


def test_restarts_after_a_crash_with_the_same_data_and_port(running: RestartableCluster) -> None:
    port = running.port
    with psycopg.connect(running.dsn(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        running.kill()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    running.restart()
    assert running.port == port
    with psycopg.connect(running.dsn()) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (1,)


@pytest.mark.parametrize("binaries", BINARIES.values(), ids=list(BINARIES))
def test_leaves_nothing_behind(binaries: Path) -> None:
    with Cluster(binaries) as cluster:
        pid = postmaster(cluster)
    assert not is_alive(pid)
    assert not Path(cluster.host).exists()
    with pytest.raises(psycopg.OperationalError, match="refused"):
        psycopg.connect(cluster.dsn())
    cluster.stop()


def test_a_given_data_folder_is_kept(open_folder: Path) -> None:
    data_dir = open_folder / "data"
    settings = {"work_mem": "7MB", "fsync": "on"}
    query = "SELECT current_setting('work_mem'), current_setting('fsync')"
    with (
        Cluster(embedded_binaries(), data_dir, settings=settings) as cluster,
        psycopg.connect(cluster.socket_dsn()) as connection,
    ):
        shown = connection.execute(query).fetchone()
    assert shown == ("7MB", "on")
    assert (data_dir / "PG_VERSION").read_text().strip() == str(cluster.major)
    assert not Path(cluster.host).exists()


def test_a_folder_that_is_not_empty_is_rejected_and_unchanged(open_folder: Path) -> None:
    letter = open_folder / "letter"
    letter.write_text("dear all")
    with pytest.raises(ClusterFailed, match="not empty"):
        Cluster(embedded_binaries(), open_folder)
    assert (letter.stat().st_uid, open_folder.stat().st_uid) == (os.geteuid(), os.geteuid())


def test_an_error_contains_the_servers_output(open_folder: Path) -> None:
    with pytest.raises(ClusterFailed, match='invalid value for parameter "shared_buffers": "plenty"'):
        Cluster(embedded_binaries(), open_folder / "data", settings={"shared_buffers": "plenty"})


def test_an_error_names_the_folder_without_a_server(tmp_path: Path) -> None:
    with pytest.raises(ClusterFailed, match="no PostgreSQL server"):
        Cluster(tmp_path)


def test_a_free_port_that_is_taken_in_the_meantime_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    free_port = cluster_module._free_port
    with socket.create_server(("127.0.0.1", 0)) as taken:
        offers = iter([taken.getsockname()[1], free_port()])
        monkeypatch.setattr(cluster_module, "_free_port", lambda: next(offers))
        with Cluster(embedded_binaries()) as cluster:
            assert cluster.port != taken.getsockname()[1]
            psycopg.connect(cluster.dsn()).close()


def test_a_long_temporary_path_works(open_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = open_folder / ("x" * 100)
    long.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(long))
    with Cluster(embedded_binaries()) as cluster:
        psycopg.connect(cluster.socket_dsn()).close()
    assert not list(long.iterdir())


@pytest.mark.parametrize("then", ["", "raise SystemExit(3)", "1 / 0"], ids=["end", "exit", "error"])
def test_stops_when_its_parent_exits(then: str) -> None:
    parent, pid, folder = started_elsewhere(then)
    parent.communicate(timeout=60)
    assert not is_alive(pid)
    assert not folder.exists()


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_stops_when_its_parent_is_killed(how: signal.Signals) -> None:
    parent, pid, folder = started_elsewhere("input()")
    parent.send_signal(how)
    parent.communicate(timeout=60)
    deadline = time.monotonic() + 60
    while (is_alive(pid) or folder.exists()) and time.monotonic() < deadline:
        time.sleep(0.05)  # nobody is left to wait for it
    assert not is_alive(pid)
    assert not folder.exists()


def test_binaries_in_a_private_folder_work_and_the_folder_stays_private() -> None:
    """Root runs the server as another, who gets a copy; an ordinary user runs it as itself."""
    package = embedded_binaries().parent.parent
    with tempfile.TemporaryDirectory() as closed:
        hidden = Path(closed) / package.name / "pginstall"
        shutil.copytree(package / "pginstall", hidden)
        shutil.copytree(package.with_name(f"{package.name}.libs"), Path(closed) / f"{package.name}.libs")
        with Cluster(hidden / "bin") as cluster, psycopg.connect(cluster.dsn()) as connection:
            assert connection.execute("CREATE EXTENSION pg_trgm").statusmessage == "CREATE EXTENSION"
            assert (cluster.data_dir.stat().st_uid == os.geteuid()) is (os.geteuid() != 0)
        assert Path(closed).stat().st_mode & 0o777 == 0o700
    assert not Path(cluster.host).exists()
