"""Prefect flows, one per file. Modules whose names start with an underscore are shared by flows."""

import sys

from pgfleet.run import settings, variables


def _read_secret(name: str) -> str | None:
    """Imports Prefect, which takes seconds, only when a fleet file refers to a Secret block."""
    if "prefect" not in sys.modules:  # the command line; a worker has its own logging settings
        settings.prepare_prefect()
    from pgfleet.tasks.support.secret_blocks import read_secret  # noqa: PLC0415

    return read_secret(name)


variables.read_secrets_with(_read_secret)  # here, so that it applies to every flow that a worker imports
