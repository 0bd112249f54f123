"""The program `pgfleet`, which a signal ends without a traceback from its first moment on.

Importing the command line takes seconds. This module therefore imports nothing but the standard library's `gc`, `os`,
and `signal` before it handles the signals, and no package on its path imports more.
"""

import gc
import os
import signal
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def _exit(number: int, _frame: FrameType | None) -> None:
    """The handler during the imports: there is nothing to clean up yet, and an exception would print a traceback."""
    os._exit(128 + number)


for each in SIGNALS:
    signal.signal(each, _exit)


def main() -> None:
    """Imports the command line and runs it.

    The garbage collector runs less often than by default, because at each run it looks at the objects of all modules.
    """
    gc.set_threshold(50_000)
    from pgfleet.cli.app import main as run

    run()
