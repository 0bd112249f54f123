"""One Prefect flow a file, thin; cli.py, the front door."""

import sys

from pgfleet.run import settings, variables


def _read_secret(name: str) -> str | None:
    """Prefect takes seconds to import, so it is imported where a fleet file names a Secret block, and not before."""
    if "prefect" not in sys.modules:  # the command line; a worker has its own ideas of what is logged
        settings.prepare_prefect()
    from pgfleet.tasks.support.secret_blocks import read_secret  # noqa: PLC0415

    return read_secret(name)


variables.read_secrets_with(_read_secret)  # here, so that whatever of the flows a worker loads brings it along
