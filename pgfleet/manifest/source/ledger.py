"""The ledger of a migration tool: its table, what its rows say, and the rows that keep it in step."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from pgfleet.manifest.model import Migration

Rows = Sequence[Sequence[Any]]
Statement = tuple[str, Mapping[str, object]]
"""A statement with its values, which it names as `%(name)s`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TableName:
    """A table's schema and name, as in the catalog."""

    schema: str
    name: str

    @property
    def sql(self) -> str:
        """The qualified name, quoted."""
        return f"{quote(self.schema)}.{quote(self.name)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """The versions that a tool's ledger records as applied, or the `fault` because of which it cannot be relied on."""

    versions: frozenset[str] = frozenset()
    fault: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerFormat:
    """How a tool keeps its ledger.

    `default_table` is the table's name unless the tool is configured otherwise, of the home schema unless qualified.
    `definition` returns the statements that create it as the tool does; `read`, a query; `applied`, what the query's
    rows, in any order, mean for the manifest's migrations; `insert`, the statements that record a migration after it
    ran, as the tool would; `remove`, those that a revert needs, given the migration before it, too. Where the tool's
    rows need something that pgfleet cannot compute, both are None and `read_only_because` says why.

    `read` only names columns and has no ORDER BY, because comparing values of a type that the tenant's owner created
    would run the owner's functions.
    """

    default_table: str
    definition: Callable[[TableName], str]
    read: Callable[[TableName], str]
    applied: Callable[[Rows, Collection[Migration]], Recorded]
    insert: Callable[[Migration, TableName], tuple[Statement, ...]] | None
    remove: Callable[[Migration, Migration | None, TableName], tuple[Statement, ...]] | None
    read_only_because: str | None = None


def table_name(table: str, *, home: str) -> TableName:
    """The table of a ledger (`ToolLedger.table`) in a tenant with this home schema."""
    schema, _, name = table.rpartition(".")
    return TableName(schema=schema or home, name=name)


def quote(name: str) -> str:
    """The name as a quoted identifier."""
    return '"' + name.replace('"', '""') + '"'


def match_keys(rows: Rows, migrations: Collection[Migration]) -> Recorded:
    """What a ledger records whose first column contains the keys of the applied migrations."""
    keys = {str(row[0]) for row in rows}
    return Recorded(versions=frozenset(each.version for each in migrations if each.key in keys))


def row_ledger(
    default_table: str,
    definition: Callable[[TableName], str],
    *,
    key: str,
    key_type: Callable[[str], object] = str,
    columns: str = "",
    applied: Callable[[Rows, Collection[Migration]], Recorded] = match_keys,
    row: Mapping[str, str] = MappingProxyType({}),
    values: Callable[[Migration], Mapping[str, object]] = lambda _: {},
) -> LedgerFormat:
    """The format of a ledger that has one row for each applied migration, and whose column `key` contains its key.

    `columns` are those that `applied` needs; by default `key` alone. `row` are the other columns that a new row sets:
    expressions, in which `%(name)s` is one of the `values`. A revert deletes the row.
    """

    def insert(migration: Migration, table: TableName) -> tuple[Statement, ...]:
        names, expressions = ", ".join([key, *row]), ", ".join([f"%({key})s", *row.values()])
        text = f"INSERT INTO {table.sql} ({names}) VALUES ({expressions})"
        return ((text, {key: key_type(migration.key), **values(migration)}),)

    def remove(migration: Migration, _previous: Migration | None, table: TableName) -> tuple[Statement, ...]:
        return ((f"DELETE FROM {table.sql} WHERE {key} = %({key})s", {key: key_type(migration.key)}),)

    return LedgerFormat(
        default_table=default_table,
        definition=definition,
        read=lambda table: f"SELECT {columns or key} FROM {table.sql}",
        applied=applied,
        insert=insert,
        remove=remove,
    )
