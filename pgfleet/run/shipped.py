"""Finds the SQL files and the deployments of pgfleet: inside the package in a wheel, next to it in a checkout."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def sql_folder() -> Path:
    """The folder with manifest.toml, introspection/, and ledger/."""
    packed = _PACKAGE / "_sql"
    return packed if packed.is_dir() else _PACKAGE.parent / "sql"


def deployments_folder() -> Path:
    """The folder with prefect.yaml, waves.yaml, and automations.yaml."""
    packed = _PACKAGE / "_deployments"
    return packed if packed.is_dir() else _PACKAGE.parent / "deployments"


@cache
def statement(name: str) -> str:
    """One of pgfleet's own SQL files, without comments and indentation: `statement("introspection/column")`.

    Every audit sends most of these files. Their comments would be a quarter of the message, which over a long distance
    takes a further round trip, and an edited comment would invalidate what is compared by the statement's checksum.
    """
    lines = map(str.strip, (sql_folder() / f"{name}.sql").read_text(encoding="utf-8").splitlines())
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("--"))
