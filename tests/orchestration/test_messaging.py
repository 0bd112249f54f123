"""The message broker of the Prefect servers that pgfleet starts."""

import subprocess
import sys
from importlib import import_module

from prefect.server.utilities.messaging import BrokerModule

from pgfleet.run.settings import SERVER

ASIDE = """
import gc, threading, time, weakref
from tasks.messaging import Consumer

class Cycle:
    def __init__(self):
        self.itself = self

collectors = []
assert gc.isenabled()
Consumer("anything"), Consumer("else")
assert not gc.isenabled()
assert [each.name for each in threading.enumerate()].count("garbage") == 1
weakref.finalize(Cycle(), lambda: collectors.append(threading.current_thread().name))
deadline = time.monotonic() + 20
while not collectors and time.monotonic() < deadline:
    time.sleep(0.05)
print(*collectors)
"""


def test_it_is_a_broker_to_prefect() -> None:
    assert isinstance(import_module(SERVER["PREFECT_MESSAGING_BROKER"]), BrokerModule)


def test_garbage_is_collected_by_one_thread_of_its_own() -> None:
    done = subprocess.run([sys.executable, "-c", ASIDE], check=False, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "garbage\n"), done.stderr
