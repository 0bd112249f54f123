"""Where the SQL that pgfleet ships lies: in a checkout beside the package, in a wheel inside it."""

from functools import cache
from pathlib import Path

_PACKAGE = Path(__file__).parent


def sql_folder() -> Path:
    """The folder with manifest.toml, introspection/ and ledger/."""
    packed = _PACKAGE / "_sql"
    return packed if packed.is_dir() else _PACKAGE.parent / "sql"


@cache
def statement(name: str) -> str:
    """The text of one of the engine's own statements: `statement("introspection/column")`."""
    return (sql_folder() / f"{name}.sql").read_text(encoding="utf-8")
