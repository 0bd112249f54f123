"""A process that connects to a server again and again, within the limit that it shares with other processes.

It prints "ready", and starts when it reads a line. `PREFECT_API_URL` is the API through which processes share.
Arguments: the server's connection string, the application name, the number of connections, the seconds that each stays
open, and the number of threads.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from pgfleet.fleet.secret import Dsn
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query
from pgfleet.postgres.session import Session
from pgfleet.run.connection_limiter import ConnectionLimiter
from pgfleet.tasks.support.server_lease import ServerLeases

BOUND, TIMEOUT_SECONDS = 3, 60


def main(dsn: str, name: str, times: int, seconds: float, threads: int) -> None:
    leases = ServerLeases(BOUND)
    limiter = ConnectionLimiter(BOUND, timeout_seconds=TIMEOUT_SECONDS, leases=leases)
    server = libpq.server(Dsn(dsn))
    limiter.want(server, threads)
    limiter.acquire(server)()
    limiter.allow(server, BOUND)

    def connect(_: int) -> None:
        with Session(Dsn(dsn), limits=Limits(application_name=name, limiter=limiter)) as session:
            session.fetch(Query("SELECT 1"))
            print("connected\n", end="", flush=True)  # in one piece, because several threads print
            time.sleep(seconds)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(connect, range(times)))
    limiter.release_leases()


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
