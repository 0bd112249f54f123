"""A process of its own that connects to a server time and again, by permits that it shares with others.

It says when it is ready, and begins when it is told to.
Its arguments: the server's connection string, its name for the server, how many connections it wants, how long it keeps
each, and how many of its threads want one at once. `PREFECT_API_URL` says who shares them out.
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
from pgfleet.tasks.support.leases import Leases
from pgfleet.tasks.support.server_lease import ServerSlots

BOUND, TURN_SECONDS, PATIENCE_SECONDS = 2, 0.5, 60


def main(dsn: str, name: str, times: int, seconds: float, threads: int) -> None:
    slots = ServerSlots(Leases(BOUND), turn_seconds=TURN_SECONDS)
    limiter = ConnectionLimiter(BOUND, patience_seconds=PATIENCE_SECONDS, slots=slots)
    limiter.allow(libpq.server(Dsn(dsn)), BOUND)

    def connect(_: int) -> None:
        with Session(Dsn(dsn), limits=Limits(application_name=name, limiter=limiter)) as session:
            session.fetch(Query("SELECT 1"))
            print("connected", flush=True)
            time.sleep(seconds)

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(connect, range(times)))
    limiter.rest()


if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), int(sys.argv[5]))
