"""Prefect's message broker in memory, for servers on SQLite: their garbage is collected on a thread of its own.

Now and then Prefect's server (3.8) on SQLite stands still for a minute otherwise. Its event loop collects garbage, and
in it a cursor of a connection that another thread holds while it waits for the database to be unlocked; and whoever has
it locked waits for the event loop (docs/adr/0013-garbage-is-collected-aside.md).
"""

import gc
import time
from functools import cache
from threading import Thread
from typing import Any

from prefect.server.utilities.messaging import memory
from prefect.server.utilities.messaging.memory import Publisher, break_topic, ephemeral_subscription

__all__ = ["Consumer", "Publisher", "break_topic", "ephemeral_subscription"]

YOUNG_SECONDS = 0.25
"""How often what was made lately is collected."""
YOUNG_TIMES = 40
"""As often as that, before all is."""
YOUNG, ALL = 1, 2


class Consumer(memory.Consumer):
    """As Prefect's own. Servers alone have any: the first one in a process has garbage collected aside."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        collect_aside()
        super().__init__(*arguments, **options)


@cache
def collect_aside() -> Thread:
    """From now on this process' garbage is collected by a thread of its own, and by no other."""
    gc.disable()
    gc.freeze()  # whatever was imported is never garbage
    thread = Thread(target=_collect, name="garbage", daemon=True)
    thread.start()
    return thread


def _collect() -> None:
    while True:
        for _ in range(YOUNG_TIMES):
            time.sleep(YOUNG_SECONDS)
            gc.collect(YOUNG)
        gc.collect(ALL)
