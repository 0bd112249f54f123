"""Prefect's temporary server is started early, and at most once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pgfleet.cli import temporary_server
from pgfleet.cli.temporary_server import TemporaryServer
from pgfleet.errors import ConfigurationError

API_URL = "PREFECT_API_URL"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[TemporaryServer]]:
    """The servers that were started. In place of Prefect's server, each runs a process that ends by itself."""
    found: list[TemporaryServer] = []
    monkeypatch.setattr(temporary_server, "_started", found)
    monkeypatch.setattr(temporary_server, "_prefects_own", list)
    monkeypatch.setattr(temporary_server, "SERVE", ("-c", "import time; time.sleep(60)"))
    monkeypatch.delenv(API_URL, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    yield found
    for each in found:
        each.kill()


def test_a_process_starts_one_server(started: list[TemporaryServer]) -> None:
    temporary_server.start()
    temporary_server.start()
    [server] = started
    assert server.process.poll() is None
    temporary_server.kill()
    assert server.process.poll() is not None


def test_with_a_configured_server_none_is_started(
    started: list[TemporaryServer], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(API_URL, "http://127.0.0.1:4200/api")
    temporary_server.start()
    monkeypatch.delenv(API_URL)
    profile = f'active = "team"\n[profiles.team]\n{API_URL} = "http://127.0.0.1:4200/api"\n'
    (tmp_path / "profiles.toml").write_text(profile, encoding="utf-8")
    temporary_server.start()
    assert started == []


def test_a_server_that_ends_at_once_is_left_to_prefect(started: list[TemporaryServer]) -> None:
    temporary_server.start()
    [server] = started
    server.kill()
    prefects: Any = SimpleNamespace(api_url=f"http://127.0.0.1:{server.port}/api", stop=lambda: None)
    server.hand_over(prefects)
    assert (prefects.running, prefects.server_process) == (False, None)


def test_settings_that_allow_no_temporary_server_are_an_error(started: list[TemporaryServer]) -> None:
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE, temporary_settings

    temporary_server.start()
    changes = {PREFECT_API_URL: None, PREFECT_SERVER_ALLOW_EPHEMERAL_MODE: False}
    with temporary_settings(changes), pytest.raises(ConfigurationError, match="EPHEMERAL_MODE is off"):
        temporary_server.hand_over()


def test_a_command_that_fails_leaves_no_server(tmp_path: Path) -> None:
    code = (
        "import sys; from pgfleet.cli import temporary_server as server\n"
        "server.SERVE = ('-c', 'import time; time.sleep(60)')\n"
        "server.start(); print(server._started[0].process.pid); sys.exit(2)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={"PREFECT_HOME": str(tmp_path), "PATH": ""},
    )
    assert done.returncode == 2, done.stderr
    assert not Path(f"/proc/{done.stdout.strip()}").exists()
