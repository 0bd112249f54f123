"""The values of a valid manifest."""

from dataclasses import dataclass
from enum import StrEnum

from pgfleet.errors import Place

Scalar = str | int | float | bool
"""A column's value in a check's expected row (TOML has no null)."""


class Priority(StrEnum):
    """The priority of a migration or contract."""

    P0 = "P0"
    """The product does not work without it."""
    P1 = "P1"
    """An auxiliary feature needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One SQL file: its path in the manifest, its text, and the checksum of its canonical text."""

    path: str
    sql: str
    checksum: str

    @property
    def file(self) -> str:
        """The file's name without folders."""
        return self.path.rsplit("/", 1)[-1]


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
    """One SQL file with its purpose, its requirements, and its checks."""

    version: str
    script: Script
    priority: Priority
    provides: str
    impacts: tuple[Impact, ...]
    requires: tuple[str, ...]
    transactional: bool
    checks: tuple[Check, ...]

    @property
    def file(self) -> str:
        """The script's file name without folders."""
        return self.script.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Baseline rows of one table, identified by `key`; changes of columns in `ignores` are not reported."""

    name: str
    script: Script
    requires: str
    table: str
    key: tuple[str, ...]
    ignores: tuple[str, ...]


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
class Manifest:
    """Migrations in the order in which they are applied, with seeds, counts, watches, and contracts.

    `equivalent_defaults` are groups of column default expressions that count as equal to the first one.
    `product` is what the tenants' databases serve; reports name it.
    """

    checksum: str
    migrations: tuple[Migration, ...]
    seeds: tuple[Seed, ...]
    counts: tuple[Count, ...]
    equivalent_defaults: tuple[tuple[str, ...], ...]
    watches: tuple[Watch, ...] = ()
    contracts: tuple[Contract, ...] = ()
    product: str | None = None

    @property
    def stand_ins(self) -> dict[str, str]:
        """Every equivalent default, mapped to the first one of its group."""
        return {each: group[0] for group in self.equivalent_defaults for each in group}
