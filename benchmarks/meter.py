"""Measures what a piece of work costs this process, the processes that it starts, PostgreSQL, and Prefect's server."""

import json
import os
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.request import Request, urlopen

import psycopg

from benchmarks.results import Cost

CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
PREFECT_PID = "BENCH_PREFECT_PID"
"""The variable with the process ID of Prefect's server."""
NO_PREFECT: Mapping[str, str] = {}
UNCHANGED_SECONDS = 4.0
"""Prefect's server records events after the runs; when nothing has changed for this long, all are recorded."""


class Meter:
    """Measures work on the tenants of the server that `dsn` leads to, as a superuser, on the same machine.

    `prefect` are the variables that lead to a Prefect server, if one takes part.
    """

    def __init__(self, dsn: str, prefect: Mapping[str, str] = NO_PREFECT) -> None:
        self._dsn = psycopg.conninfo.make_conninfo(dsn, dbname="postgres")
        [first, *_] = self._query("SELECT pg_read_file('postmaster.pid')").splitlines()
        self._postmaster = int(first)
        self._variables, self._prefect = prefect, int(prefect.get(PREFECT_PID, 0))

    def take(self, work: Callable[[], object]) -> Cost:
        """Does the work. With Prefect, also waits until its server has recorded everything."""
        client, server, connections = client_cpu_seconds(), tree_cpu_seconds(self._postmaster), self._connections()
        prefect, kib = tree_cpu_seconds(self._prefect) if self._prefect else 0.0, self._prefect_kib()
        started = time.time()
        work()
        cost = Cost(
            seconds=time.time() - started,
            client_cpu_seconds=client_cpu_seconds() - client,
            server_cpu_seconds=tree_cpu_seconds(self._postmaster) - server,
            peak_mib=_peak_mib(),
            connections=self._connections() - connections,
        )
        if not self._prefect:
            return cost
        recorded = max(cost.seconds or 0.0, self._recorded_at() - started)
        spent = tree_cpu_seconds(self._prefect) - prefect
        grown = self._prefect_kib() - kib
        return cost.model_copy(
            update={"recorded_seconds": recorded, "prefect_cpu_seconds": spent, "prefect_kib": grown}
        )

    def _connections(self) -> int:
        """The number of sessions so far with the tenants' databases (PostgreSQL manual, 27.2.18)."""
        query = "SELECT coalesce(sum(sessions), 0)::int FROM pg_stat_database WHERE datname LIKE 'tenant%'"
        return int(self._query(query))

    def _query(self, query: str) -> str:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            [value] = connection.execute(query).fetchone() or ("",)
            return str(value)

    def _recorded_at(self) -> float:
        """When the last task run was recorded as ended, as a Unix time."""
        wanted = {"task_runs": {"state": {"type": {"any_": ["COMPLETED", "FAILED"]}}}}
        url = f"{self._variables['PREFECT_API_URL']}/task_runs/count"
        request = Request(url, json.dumps(wanted).encode(), {"Content-Type": "application/json"})
        recorded, changed_at = 0, time.time()
        while time.time() - changed_at < UNCHANGED_SECONDS:
            with urlopen(request, timeout=60) as answer:
                found = json.load(answer)
            if found != recorded:
                recorded, changed_at = found, time.time()
            time.sleep(0.25)
        return changed_at

    def _prefect_kib(self) -> int:
        """The size of Prefect's SQLite database and its write-ahead log."""
        if not self._prefect:
            return 0
        files = Path(self._variables["PREFECT_HOME"]).glob("prefect.db*")
        return sum(each.stat().st_size for each in files if each.suffix != ".db-shm") // 1024


def client_cpu_seconds() -> float:
    """The CPU time of this process and of the processes that it started, as far as these have ended."""
    usages = (resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(each.ru_utime + each.ru_stime for each in usages)


def tree_cpu_seconds(pid: int) -> float:
    """The CPU time of a process, its running children, and all of its children that have ended (man 5 proc)."""
    children = (each for each in Path("/proc").iterdir() if each.name.isdigit())
    stats = (_stat(each) for each in children)
    return sum(seconds for own, parent, seconds in stats if pid in {own, parent})


def parse_stat(text: str) -> tuple[int, int, float]:
    """The process ID, the parent's, and the CPU seconds in a file /proc/PID/stat."""
    own, rest = text.split(" ", 1)[0], text.rpartition(")")[2].split()
    return int(own), int(rest[1]), sum(map(int, rest[11:15])) / CLOCK_TICKS


def _stat(folder: Path) -> tuple[int, int, float]:
    try:
        return parse_stat((folder / "stat").read_text(encoding="utf-8", errors="replace"))
    except OSError:  # it has ended
        return 0, 0, 0.0


def _peak_mib() -> float:
    usages = (resource.getrusage(each) for each in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return max(each.ru_maxrss for each in usages) / 1024
