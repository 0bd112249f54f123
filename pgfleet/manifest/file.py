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
        raise ValueError("must not contain .., because the file must be in the manifest's folder")
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
    """Names the check in reports; MUST be unique in its migration."""
    query: Text
    """MUST be one `SELECT` (also `WITH … SELECT`, `VALUES`), without `INTO`."""
    returns: list[list[Scalar]]
    """At least one row; no empty row; all of the same length."""


class ImpactTable(Table):
    """`[[migrations.without]]`."""

    service: Line
    """The service that does not work without the migration."""
    breaks: Text
    """What does not work in it."""


class MigrationTable(Table):
    """`[[migrations]]`."""

    file: Path
    """The script. Its name gives `version` and `provides`, unless the entry does."""
    version: Version | None = None
    """The version, if the file's name does not begin with it."""
    priority: Annotated[Priority, Field(strict=False)] = Priority.P0
    """P0: the product cannot start without it. P1: an auxiliary feature needs it."""
    provides: Text | None = None
    """What it creates, for people."""
    without: list[ImpactTable] = []
    """What does not work without it, for reports."""
    requires: list[Line] = []
    """Each MUST be the version of an earlier migration; MUST be empty in a linear history."""
    transactional: bool | None = None
    """Whether it runs in a transaction."""
    revert: Path | None = None
    """The down script."""
    allows: list[Code] = []
    """Hazards that the author intends, although an environment's policy denies them."""
    checks: list[CheckTable] = []
    """Queries that must return the given rows once the migration is applied."""


class SeedTable(Table):
    """`[[seeds]]`."""

    name: Line
    """Names the seed in reports; MUST be unique."""
    file: Path
    """Runs in a transaction, under the same rules as a migration."""
    requires: Line
    """MUST be the version of a migration of this manifest."""
    table: Line
    """The table that it fills: `name` or `schema.name`."""
    key: Annotated[list[Line], Field(min_length=1)]
    """At least one column; identifies a row."""
    ignores: list[Line] = []
    """Columns that do not distinguish an edited row from a baseline row."""
    allows: list[Code] = []
    """As in `[[migrations]]`."""


class CountTable(Table):
    """`[[counts]]`."""

    table: Line
    """The table: `name` or `schema.name`; MUST be unique."""
    may_shrink: bool = False
    """Whether a rollout may remove rows, and an audit ignores lost rows."""


class WatchTable(Table):
    """`[[watches]]`."""

    name: Line
    """Names the watch in reports; MUST be unique."""
    table: Line
    """The table: `name` or `schema.name`."""
    overdue: Text | None = None
    """A SELECT that returns the number of tasks that are due and waiting."""
    taken: Text | None = None
    """A SELECT that returns the number of tasks started or completed since the watch began,
    `current_setting('pgfleet.watch_began_at')::timestamptz`.
    """


class ContractTable(Table):
    """`[[contracts]]`."""

    consumer: Line
    """The service; MUST be unique. The fleet file's `roles` refer to it."""
    file: Path
    """At least one statement."""
    priority: Annotated[Priority, Field(strict=False)]
    """P0: a tenant in which a statement would not work is blocked. P1: it is degraded."""


class SourceTable(Table):
    """`[source]`."""

    directory: Directory
    """Relative to the manifest's folder; `"."` is that folder. Hidden files are ignored."""
    tool: Annotated[Tool, Field(strict=False)]
    """The migration tool that the files are for."""
    skip: list[Line] = []
    """Files that are not migrations."""


class LedgerTable(Table):
    """`[ledger]`."""

    table: Line | None = None
    """The tool's table, if it has another name than the tool gives it."""
    write: bool = False
    """Whether a rollout also records migrations in the tool's table."""


class ManifestDocument(Table):
    """The manifest."""

    format: Annotated[Literal[1, 2], BeforeValidator(_number)]
    """MUST be 1 or 2. `history`, `idempotent`, `[source]`, and `[ledger]` need 2."""
    product: Line | None = None
    """What the tenants' databases serve, as reports name it: with `AI assistant`, a blocked tenant reads "the AI
    assistant cannot start". Not part of the checksum.
    """
    history: Literal["linear"] | None = None
    """Each migration requires the one before it."""
    idempotent: bool | None = None
    """Whether each migration can run twice, so that `manifest check` reports one that cannot as a fault; by default
    false with `[source]`, whose tool runs each file once, and true without. Not part of the checksum.
    """
    source: SourceTable | None = None
    """The files of a migration tool, instead of or besides `migrations`."""
    ledger: LedgerTable | None = None
    """The migration tool's own table."""
    equivalent_defaults: list[Annotated[list[Text], Field(min_length=2)]] = []
    """Column defaults that count as equal; at least two per group."""
    migrations: list[MigrationTable] = []
    """In the order of application; required without `[source]`."""
    seeds: list[SeedTable] = []
    """In the order of execution."""
    counts: list[CountTable] = []
    """Tables whose rows are counted before and after a rollout."""
    watches: list[WatchTable] = []
    """What to watch after a ring of a rollout."""
    contracts: list[ContractTable] = []
    """Files with the statements of each consumer, which must keep working."""

    def script_paths(self) -> tuple[str, ...]:
        """The paths of the scripts, relative to the manifest's folder."""
        tables = (self.migrations, self.seeds, self.contracts)
        reverts = (entry.revert for entry in self.migrations if entry.revert)
        return (*(entry.file for table in tables for entry in table), *reverts)
