"""How many connections a server has of ours, seen by somebody else every few milliseconds."""

import threading
import time
from typing import Self

import psycopg

COUNTED = """
SELECT application_name FROM pg_stat_activity
WHERE backend_type = 'client backend' AND starts_with(application_name, %s)
"""
PAUSE_SECONDS = 0.002


class Sampling:
    """Counts, within the block, the connections whose application name begins so.

    `most` is how many there were at once, `spans` when each name was seen first and last.
    """

    def __init__(self, dsn: str, application: str = "pgfleet") -> None:
        self.most = 0
        self.spans: dict[str, tuple[float, float]] = {}
        self._dsn, self._application = dsn, application
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _sample(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            while not self._ended.is_set():
                names = [name for (name,) in connection.execute(COUNTED, [self._application]).fetchall()]
                self.most = max(self.most, len(names))
                now = time.monotonic()
                self.spans |= {name: (self.spans.get(name, (now, now))[0], now) for name in names}
                time.sleep(PAUSE_SECONDS)
