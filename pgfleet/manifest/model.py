"""The manifest's values, once it has been read and found right."""

from dataclasses import dataclass
from enum import StrEnum

from pgfleet.errors import Place

Scalar = str | int | float | bool
"""What one column of a check's expected row can hold (TOML has no null)."""


class Priority(StrEnum):
    """How much depends on a migration."""

    P0 = "P0"
    """The assistant cannot start without it."""
    P1 = "P1"
    """An auxiliary feature needs it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One SQL file: its path as the manifest names it, its text, and the checksum of its canonical text."""

    path: str
    sql: str
    checksum: str

    @property
    def file(self) -> str:
        """The file's own name, without folders."""
        return self.path.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query and the rows that it must return, in whatever order."""

    name: str
    query: str
    returns: tuple[tuple[Scalar, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """What breaks without a migration, and in which service."""

    service: str
    breaks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One SQL file, what it is for, and how to see that it is there."""

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
        """The script's own name, without folders."""
        return self.script.file


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """Baseline rows of one table, keyed by `key`; an edit of a column in `ignores` does not count as one."""

    name: str
    script: Script
    requires: str
    table: str
    key: tuple[str, ...]
    ignores: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A table whose rows are counted."""

    table: str
    may_shrink: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """A table that services are expected to use after a rollout; `overdue` and `taken` are a queue's queries.

    `overdue` counts the tasks that are due and wait, `taken` those started or completed since the watch began.
    """

    name: str
    table: str
    overdue: str | None
    taken: str | None

    @property
    def is_queue(self) -> bool:
        """Whether tasks are taken from it; of any other table only whether it is read can be told."""
        return self.overdue is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class InsertTarget:
    """A table that a statement inserts into (`schema` is None for the home schema), with the columns that it gives.

    A column is given by name, or by its place among the table's columns, counted from 1. The others get their default.
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
    """The statements that a consumer runs, each of which must work in every tenant."""

    consumer: str
    script: Script
    priority: Priority
    statements: tuple[ContractStatement, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """Migrations in their order of application, with what belongs to them.

    `equivalent_defaults` are groups of column default expressions that count as equal; the first stands for it.
    """

    checksum: str
    migrations: tuple[Migration, ...]
    seeds: tuple[Seed, ...]
    counts: tuple[Count, ...]
    equivalent_defaults: tuple[tuple[str, ...], ...]
    watches: tuple[Watch, ...] = ()
    contracts: tuple[Contract, ...] = ()

    @property
    def stand_ins(self) -> dict[str, str]:
        """Each equivalent default, mapped to the first one of its group."""
        return {each: group[0] for group in self.equivalent_defaults for each in group}
