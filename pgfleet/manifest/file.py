"""The tables and keys of `manifest.toml` (docs/manifest-format.md)."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from pgfleet.hazards.codes import code_named
from pgfleet.manifest.model import Priority, Scalar, Tool
from pgfleet.validation import matching

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Path = Annotated[str, matching(r"[^/\\][^\\]*\.sql", "must be a relative path with / that ends in .sql")]
Version = Annotated[str, matching(r"\S+", "must not be empty or contain spaces")]
Code = Annotated[str, AfterValidator(code_named)]
Directory = Annotated[str, matching(r"[^/\\][^\\]*", "must be a relative path with /")]


class Table(BaseModel):
    """A TOML table: rejects unknown keys, does not coerce values."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class CheckTable(Table):
    """`[[migrations.checks]]`."""

    name: Text
    query: Text
    returns: list[list[Scalar]]


class ImpactTable(Table):
    """`[[migrations.without]]`."""

    service: Text
    breaks: Text


class MigrationTable(Table):
    """`[[migrations]]`."""

    file: Path
    version: Version | None = None
    priority: Annotated[Priority, Field(strict=False)] = Priority.P0
    provides: Text | None = None
    without: list[ImpactTable] = []
    requires: list[Text] = []
    transactional: bool | None = None
    revert: Path | None = None
    allows: list[Code] = []
    checks: list[CheckTable] = []


class SeedTable(Table):
    """`[[seeds]]`."""

    name: Text
    file: Path
    requires: Text
    table: Text
    key: Annotated[list[Text], Field(min_length=1)]
    ignores: list[Text] = []
    allows: list[Code] = []


class CountTable(Table):
    """`[[counts]]`."""

    table: Text
    may_shrink: bool = False


class WatchTable(Table):
    """`[[watches]]`."""

    name: Text
    table: Text
    overdue: Text | None = None
    taken: Text | None = None


class ContractTable(Table):
    """`[[contracts]]`."""

    consumer: Text
    file: Path
    priority: Annotated[Priority, Field(strict=False)]


class SourceTable(Table):
    """`[source]`."""

    directory: Directory
    tool: Annotated[Tool, Field(strict=False)]
    skip: list[Text] = []


class LedgerTable(Table):
    """`[ledger]`."""

    table: Text | None = None
    write: bool = False


class ManifestDocument(Table):
    """The file."""

    format: Literal[1, 2]
    product: Text | None = None
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
