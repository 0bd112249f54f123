"""The values of a valid manifest."""

from dataclasses import dataclass
from enum import StrEnum

from pgfleet.errors import Place
from pgfleet.hazards.codes import HazardCode

Scalar = str | int | float | bool
"""A column's value in a check's expected row (TOML has no null)."""


class Priority(StrEnum):
    """The priority of a migration or contract."""

    P0 = "P0"
    """The product does not work without it."""
    P1 = "P1"
    """An auxiliary feature needs it."""


class Tool(StrEnum):
    """The tools whose migration files a manifest's `[source]` can name."""

    PLAIN = "plain"
    """Files that no tool runs, or that psql does."""
    FLYWAY = "flyway"
    GOOSE = "goose"
    DBMATE = "dbmate"
    GOLANG_MIGRATE = "golang-migrate"
    SQL_MIGRATE = "sql-migrate"
    DIESEL = "diesel"
    SQLX = "sqlx"
    PRISMA = "prisma"
    DRIZZLE = "drizzle"
    NODE_PG_MIGRATE = "node-pg-migrate-sql"
    POSTGRES_MIGRATIONS = "postgres-migrations"
    GRAPHILE_MIGRATE = "graphile-migrate"
    SQITCH = "sqitch"
    SUPABASE = "supabase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One SQL file.

    `sql` is what runs: the file without a byte order mark, with LF line ends, and with spaces instead of what must not
    run, so that line numbers are those of the file. `text` is the entire file as it is stored, from which other tools
    compute their checksums; it is empty for statements of pgfleet's own. `checksum` is that of the canonical text.
    `shown_folders` is the number of folders that people need to see to tell the file from others.
    """

    path: str
    sql: str
    checksum: str
    text: str = ""
    shown_folders: int = 0

    @property
    def file(self) -> str:
        """The file's name for people: without folders, unless it needs them, as in `2024-01-01-000000_users/up.sql`."""
        return "/".join(self.path.split("/")[-1 - self.shown_folders :])


@dataclass(frozen=True, slots=True, kw_only=True)
class DownScript:
    """The script that reverts a migration; `problem`, a phrase that follows its name, says why it cannot run.

    The checksum of `script` is that of its `sql`: other parts of the file do not matter.
    """

    script: Script
    transactional: bool = True
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query and the rows that it must return, in any order."""

    name: str
    query: str
    returns: tuple[tuple[Scalar, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What breaks in a service without the migration."""

    service: str
    breaks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One SQL file with its purpose, its requirements, and its checks.

    `key` is the name under which the ledger of the manifest's tool records it. A `repeatable` migration runs after all
    others, and runs again when its text changes. `down` reverts it; None if there is no script that does. `allows` are
    the hazards that its author intends.
    """

    version: str
    key: str
    script: Script
    priority: Priority
    provides: str
    impacts: tuple[Impact, ...]
    requires: tuple[str, ...]
    transactional: bool
    checks: tuple[Check, ...]
    repeatable: bool = False
    down: DownScript | None = None
    allows: tuple[HazardCode, ...] = ()

    @property
    def file(self) -> str:
        """The script's file name for people."""
        return self.script.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Baseline rows of one table, identified by `key`; changes of columns in `ignores` are not reported.

    `allows` are the hazards that its author intends.
    """

    name: str
    script: Script
    requires: str
    table: str
    key: tuple[str, ...]
    ignores: tuple[str, ...]
    allows: tuple[HazardCode, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A table whose rows are counted; `may_shrink` allows it to lose rows."""

    table: str
    may_shrink: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A table that services are expected to use after a rollout; `overdue` and `taken` are a queue's queries.

    `overdue` counts due tasks that wait, `taken` counts tasks that were started or completed since the watch began.
    """

    name: str
    table: str
    overdue: str | None
    taken: str | None

    @property
    def is_queue(self) -> bool:
        """Whether services take tasks from the table; for any other table, only reads are observed."""
        return self.overdue is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertTarget:
    """A table that a statement inserts into (`schema` is None for the home schema), with the columns that it sets.

    A column is a name, or a position among the table's columns starting at 1. Other columns get their default.
    """

    schema: str | None
    table: str
    given: tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractStatement:
    """One statement of a consumer, with parameters from `$1` to `$<parameters>`."""

    name: str
    text: str
    parameters: int
    place: Place
    inserts: tuple[InsertTarget, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The statements of a consumer, which must work in every tenant."""

    consumer: str
    script: Script
    priority: Priority
    statements: tuple[ContractStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLedger:
    """The table in which a migration tool records what it has applied in a tenant.

    `table` is a name as in the catalog, of the home schema unless it is qualified. `write` says whether a rollout adds
    its migrations to it.
    """

    tool: Tool
    table: str
    write: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Migrations in the order in which they are applied, with seeds, counts, watches, and contracts.

    `equivalent_defaults` are groups of column default expressions that count as equal to the first one.
    `product` is what the tenants' databases serve; reports name it. `is_linear` says that each migration requires the
    one before it. `is_idempotent` says that each script can run twice. `ledger` is the ledger of the tool whose files
    these are.
    """

    checksum: str
    migrations: tuple[Migration, ...]
    seeds: tuple[Seed, ...]
    counts: tuple[Count, ...]
    equivalent_defaults: tuple[tuple[str, ...], ...]
    watches: tuple[Watch, ...] = ()
    contracts: tuple[Contract, ...] = ()
    product: str | None = None
    is_linear: bool = False
    is_idempotent: bool = True
    ledger: ToolLedger | None = None

    @property
    def versions(self) -> tuple[str, ...]:
        """The versions of the migrations, in order."""
        return tuple(each.version for each in self.migrations)

    @property
    def files(self) -> dict[str, str]:
        """The migrations' file names for people, by version, in order."""
        return {each.version: each.file for each in self.migrations}

    @property
    def stand_ins(self) -> dict[str, str]:
        """Every equivalent default, mapped to the first one of its group."""
        return {each: group[0] for group in self.equivalent_defaults for each in group}
