"""No process outlives the command that it belongs to, and none dies unnoticed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pgfleet.cli.child_processes import Children
from pgfleet.cli.up_server import Options, server_database
from pgfleet.errors import ConfigurationError

SLEEPER = ["-c", "import time; time.sleep(600)"]
PARENT = """
import subprocess, sys, time
print(subprocess.Popen([sys.executable, *sys.argv[1:]], start_new_session=True).pid, flush=True)
time.sleep(600)
"""
STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, lambda *_: None)
print("ready", flush=True)
time.sleep(600)
"""


def start(
    children: Children, *arguments: str, log: str = "log", patience_seconds: float = 10
) -> "subprocess.Popen[bytes]":
    command = [sys.executable, *arguments]
    children.start("the worker", command, os.environ, log=log, patience_seconds=patience_seconds)
    return children.all[-1].process


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "(zombie)" not in Path(f"/proc/{pid}/status").read_text()


def test_what_a_process_has_begun_in_a_session_of_its_own_ends_with_it(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        parent = start(children, "-c", PARENT, *SLEEPER)
        assert children.wait_until(lambda: (tmp_path / "log").read_text().endswith("\n"), 20) is None
        child = int((tmp_path / "log").read_text())
        assert is_there(child)
    assert parent.returncode is not None
    assert not is_there(child)


def test_a_process_that_ignores_the_interrupt_is_killed(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        stubborn = start(children, "-c", STUBBORN, patience_seconds=0.2)
        assert children.wait_until(lambda: "ready" in (tmp_path / "log").read_text(), 20) is None
    assert stubborn.returncode == -9


def test_a_dead_child_process_is_reported_with_its_log(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        start(children, *SLEEPER, log="one")
        start(children, "-c", "import sys; sys.exit('no more')", log="two")
        assert children.wait() == f"the worker ended with status 1; see {tmp_path / 'two'}"
        assert (tmp_path / "two").read_text() == "no more\n"
        assert "ended with status 1" in str(children.wait_until(lambda: True, 5))


def test_a_child_process_that_takes_too_long_is_reported(tmp_path: Path) -> None:
    with Children(tmp_path) as children:
        start(children, *SLEEPER)
        assert children.wait_until(lambda: False, 0) == f"no answer within 0 seconds; see {tmp_path}"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        (None, None),
        ("postgresql://u:p@h/d", "postgresql+asyncpg://u:p@h/d"),
        ("postgres://h/d", "postgresql+asyncpg://h/d"),
        ("postgresql+asyncpg://h/d", "postgresql+asyncpg://h/d"),
        ("sqlite+aiosqlite:////tmp/a.db", "sqlite+aiosqlite:////tmp/a.db"),
    ],
)
def test_a_database_is_named_as_prefect_wants_it(url: str | None, wanted: str | None) -> None:
    assert server_database(url) == wanted


@pytest.mark.parametrize("url", ["mysql://u:secret@h/d", "host=h password=secret", ""])
def test_another_database_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        server_database(url)
    assert str(raised.value) == "--database: must be a postgresql:// URL"


def test_a_server_that_listens_everywhere_is_asked_here() -> None:
    assert Options(host="0.0.0.0", port=4200).api == "http://127.0.0.1:4200/api"
    assert Options(host="here.internal", port=4200).api == "http://here.internal:4200/api"
