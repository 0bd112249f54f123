"""A signal at any moment of the start ends the command without a traceback."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from fixtures.waiting import until

PROGRAM = "import sys; from pgfleet.cli.entry import main; sys.argv = ['pgfleet', 'audit', 'nowhere']; main()"
LONGEST_IMPORT_SECONDS = 1.5
MISUSE = 2
"""The status if the command ended before the signal: there is no such environment."""


def handles(process: "subprocess.Popen[str]", how: signal.Signals) -> bool:
    """Whether the process has a handler of its own for the signal (proc(5), SigCgt)."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = next(line for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught.split()[1], 16) >> (how - 1) & 1)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.6])
def test_a_signal_during_the_imports_is_one_clean_exit(tmp_path: Path, how: signal.Signals, share: float) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    until(lambda: handles(process, signal.SIGTERM) or process.poll() is not None, 60, 0.001)
    time.sleep(random.uniform(share, share + 0.3) * LONGEST_IMPORT_SECONDS)
    process.send_signal(how)
    _, stderr = process.communicate(timeout=60)
    assert "Traceback" not in stderr
    # The interpreter itself restores the default handlers while it ends, after the command has ended.
    assert process.returncode in {128 + how, MISUSE, -how}, stderr
    assert process.returncode == 128 + how or "nowhere" in stderr or "fleet" in stderr


def test_a_deleted_working_folder_is_a_one_line_error(tmp_path: Path) -> None:
    folder = tmp_path / "deleted"
    folder.mkdir()
    code = f"import os; os.rmdir({str(folder)!r}); {PROGRAM}"
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True, cwd=folder)
    assert (done.returncode, done.stderr) == (
        MISUSE,
        "pgfleet: working folder: No such file or directory; change to another\n",
    )
