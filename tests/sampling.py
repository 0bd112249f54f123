"""How many connections a server has of ours, seen by somebody else every few milliseconds."""

import threading
import time
from collections import Counter
from typing import Self

import psycopg

COUNTED = """
SELECT application_name FROM pg_stat_activity
WHERE backend_type = 'client backend' AND starts_with(application_name, %s)
"""
PAUSE_SECONDS = 0.002


class Sampling:
    """Within the block counts the connections whose application name begins so: the most at once, and by name."""

    def __init__(self, dsn: str, application: str = "pgfleet") -> None:
        self.most, self.samples, self.seen = 0, 0, Counter[str]()
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
                self.samples += 1
                self.seen.update(names)
                time.sleep(PAUSE_SECONDS)
