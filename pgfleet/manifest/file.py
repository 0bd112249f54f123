"""The tables and keys of `manifest.toml` (docs/manifest-format.md)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from pgfleet.hazards.codes import code_named
from pgfleet.manifest.model import Priority, Scalar, Tool
from pgfleet.validation import matching, without_hidden, without_nul

MAX_LINE, MAX_PATH = 500, 1000
"""Characters."""


def _within_folder(path: str) -> str:
    if ".." in path.split("/"):
        message = "must not contain .., because the file must be in the manifest's folder"
        raise ValueError(message)
    return path


Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1), AfterValidator(without_nul)]
Line = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_LINE),
    AfterValidator(without_hidden),
]
"""A name, or another text on one line."""
Path = Annotated[
    str,
    StringConstraints(max_length=MAX_PATH),
    matching(r"[^/\\][^\\]*\.sql", "must be a relative path with / that ends in .sql"),
    AfterValidator(without_hidden),
    AfterValidator(_within_folder),
]
Version = Annotated[
    str,
    StringConstraints(max_length=MAX_LINE),
    matching(r"\S+", "must not be empty or contain spaces"),
    AfterValidator(without_hidden),
]
Code = Annotated[str, AfterValidator(code_named)]
Directory = Annotated[
    str,
    StringConstraints(max_length=MAX_PATH),
    matching(r"[^/\\][^\\]*", "must be a relative path with /"),
    AfterValidator(without_hidden),
]


def _number(value: object) -> object:
    """The value, but no boolean: to Python, true is equal to 1."""
    return str(value) if isinstance(value, bool) else value


class Table(BaseModel):
    """A TOML table: rejects unknown keys, does not coerce values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CheckTable(Table):
    """`[[migrations.checks]]`."""

    name: Line
    query: Text
    returns: list[list[Scalar]]


class ImpactTable(Table):
    """`[[migrations.without]]`."""

    service: Line
    breaks: Text


class MigrationTable(Table):
    """`[[migrations]]`."""

    file: Path
    version: Version | None = None
    priority: Annotated[Priority, Field(strict=False)] = Priority.P0
    provides: Text | None = None
    without: list[ImpactTable] = []
    requires: list[Line] = []
    transactional: bool | None = None
    revert: Path | None = None
    allows: list[Code] = []
    checks: list[CheckTable] = []


class SeedTable(Table):
    """`[[seeds]]`."""

    name: Line
    file: Path
    requires: Line
    table: Line
    key: Annotated[list[Line], Field(min_length=1)]
    ignores: list[Line] = []
    allows: list[Code] = []


class CountTable(Table):
    """`[[counts]]`."""

    table: Line
    may_shrink: bool = False


class WatchTable(Table):
    """`[[watches]]`."""

    name: Line
    table: Line
    overdue: Text | None = None
    taken: Text | None = None


class ContractTable(Table):
    """`[[contracts]]`."""

    consumer: Line
    file: Path
    priority: Annotated[Priority, Field(strict=False)]


class SourceTable(Table):
    """`[source]`."""

    directory: Directory
    tool: Annotated[Tool, Field(strict=False)]
    skip: list[Line] = []


class LedgerTable(Table):
    """`[ledger]`."""

    table: Line | None = None
    write: bool = False


class ManifestDocument(Table):
    """The file."""

    format: Annotated[Literal[1, 2], BeforeValidator(_number)]
    product: Line | None = None
    history: Literal["linear"] | None = None
    source: SourceTable | None = None
    ledger: LedgerTable | None = None
    equivalent_defaults: list[Annotated[list[Text], Field(min_length=2)]] = []
    migrations: list[MigrationTable] = []
    seeds: list[SeedTable] = []
    counts: list[CountTable] = []
    watches: list[WatchTable] = []
    contracts: list[ContractTable] = []

    def script_paths(self) -> tuple[str, ...]:
        """The paths of the scripts, relative to the manifest's folder."""
        tables = (self.migrations, self.seeds, self.contracts)
        reverts = (entry.revert for entry in self.migrations if entry.revert)
        return (*(entry.file for table in tables for entry in table), *reverts)
