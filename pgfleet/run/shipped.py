"""Where the SQL and the deployments that pgfleet ships lie: in a checkout beside the package, in a wheel inside it."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def sql_folder() -> Path:
    """The folder with manifest.toml, introspection/ and ledger/."""
    packed = _PACKAGE / "_sql"
    return packed if packed.is_dir() else _PACKAGE.parent / "sql"


def deployments_folder() -> Path:
    """The folder with what is set up in Prefect: prefect.yaml, waves.yaml, automations.yaml."""
    packed = _PACKAGE / "_deployments"
    return packed if packed.is_dir() else _PACKAGE.parent / "deployments"


@cache
def statement(name: str) -> str:
    """The text of one of the engine's own statements: `statement("introspection/column")`."""
    return (sql_folder() / f"{name}.sql").read_text(encoding="utf-8")
