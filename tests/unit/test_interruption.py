"""A signal ends the process, even if the exception that it raises is lost."""

import signal
import subprocess
import sys
import time

import pytest

LONGEST_SECONDS = 30.0
"""On a busy machine; else it is eight seconds at most."""
START = """
import os, signal, sys, threading, time
from pgfleet.run import interruption
interruption.install()
interruption.REMINDERS_SECONDS = (0.5, 1.0)
"""
LOSING = """
class Losing:
    def __del__(self):
        print("ready", flush=True)
        time.sleep(1)  # Python ignores what is raised here
losing = Losing()
del losing
time.sleep(60)
"""
SWALLOWING = """
interruption.LONGEST_SECONDS, interruption.CLEAN_UP_SECONDS = 1.5, 20
interruption.clean_up_by(lambda: print("cleaned up", flush=True))
signal.signal(signal.SIGTERM, lambda *_: None)
print("ready", flush=True)
while True:
    time.sleep(60)
"""
HANDLED_BY_ANOTHER = """
signal.signal(signal.SIGTERM, lambda *_: None)  # as Prefect's engine replaces it
def wait():
    while True:
        time.sleep(0.05)
        interruption.check()
thread = threading.Thread(target=wait)
thread.start()
print("ready", flush=True)
thread.join()
"""
CLEANING = """
interruption.LONGEST_SECONDS = 20
try:
    print("ready", flush=True)
    time.sleep(60)
finally:
    with interruption.shielded():
        time.sleep(1.5)
        print("cleaned up", flush=True)
"""


def run(script: str, how: signal.Signals) -> tuple[int, str, str]:
    """The status and the output of the script, which gets a signal when it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", START + script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    began = time.monotonic()
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert time.monotonic() - began < LONGEST_SECONDS
    return process.returncode, out, err


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_whose_exception_python_ignores_is_raised_again(how: signal.Signals) -> None:
    status, _, err = run(LOSING, how)
    assert status in {-signal.SIGINT, 130}, err
    assert "Exception ignored" not in err


def test_a_process_that_goes_on_regardless_is_ended_and_cleans_up() -> None:
    status, out, _ = run(SWALLOWING, signal.SIGTERM)
    assert (status, out) == (128 + signal.SIGTERM, "cleaned up\n")


def test_other_threads_end_when_another_handler_gets_the_signal() -> None:
    status, _, err = run(HANDLED_BY_ANOTHER, signal.SIGTERM)
    assert status == 0, err
    assert "KeyboardInterrupt" in err


def test_a_cleanup_is_not_interrupted() -> None:
    status, out, _ = run(CLEANING, signal.SIGINT)
    assert status in {-signal.SIGINT, 130}
    assert out == "cleaned up\n"
