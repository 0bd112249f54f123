"""Prefect's server as `pgfleet up` runs it: `python -m pgfleet.cli.prefect_server HOST PORT`, with the Host check."""

import sys

import uvicorn
from prefect.server.api.server import create_app

from pgfleet.cli.host_check import HostCheck

KEEP_ALIVE_SECONDS = 5
STOP_SECONDS = 1
"""How long connections may stay open when the server stops; the web interface keeps some."""


def main() -> None:
    """Serves until a signal arrives, as `prefect server start` does. Its settings are in the environment."""
    host, port = sys.argv[1], int(sys.argv[2])
    uvicorn.run(
        HostCheck(create_app(final=True), host),
        host=host,
        port=port,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
