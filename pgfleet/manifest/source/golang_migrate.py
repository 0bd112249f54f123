"""golang-migrate (https://github.com/golang-migrate/migrate): `000001_users.up.sql` and `000001_users.down.sql`.

- Files: `000001_users.up.sql`.
- Order: number.
- What runs: the file.
- Outside a transaction: a file with a statement that cannot run in a transaction, because the tool starts none.
- Down script: the file `….down.sql` with the same number.
- Applied: its number is at most that of the row. A dirty row is a fault.
"""

import re
from collections.abc import Collection
from functools import partial

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.down import find_by_identity
from pgfleet.manifest.source.ledger import LedgerFormat, Recorded, Rows, Statement, TableName
from pgfleet.manifest.source.model import Label, Layout, find_scripts, run_all_as_allowed
from pgfleet.manifest.text import Unusable

NAME = re.compile(r"(\d+)_(.*)\.(down|up)\.(.*)", re.ASCII)
"""source/parse.go."""


def _label(path: str) -> Label | None:
    found = NAME.fullmatch(path)
    if "/" in path or not found or found[3] == "down":
        return None
    if found[4] != "sql":
        raise Unusable("is not SQL")
    number = int(found[1])
    return Label(version=found[1], key=str(number), title=words(found[2]), order=(number,), identity=number)


def _reverted(path: str) -> int | None:
    """The number of the migration that a file reverts."""
    found = NAME.fullmatch(path)
    return int(found[1]) if found and found[3] == "down" and found[4] == "sql" and "/" not in path else None


LAYOUT = Layout(
    tool=Tool.GOLANG_MIGRATE,
    find=partial(find_scripts, read_label=_label, read_section=run_all_as_allowed),
    find_downs=partial(find_by_identity, identify=_reverted),
)


def _definition(table: TableName) -> str:
    """The table, as database/postgres/postgres.go creates it."""
    return f"CREATE TABLE IF NOT EXISTS {table.sql} (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL);\n"


def _read(table: TableName) -> str:
    return f"SELECT version, dirty FROM {table.sql} LIMIT 1"


def _applied(rows: Rows, migrations: Collection[Migration]) -> Recorded:
    """The single row has the current version; `dirty` means that it failed."""
    if not rows:
        return Recorded()
    [(current, is_dirty)] = rows
    if is_dirty:
        return Recorded(fault=f"migration {current} failed (dirty); repair it, then run migrate force {current}")
    return Recorded(versions=frozenset(each.version for each in migrations if int(each.key) <= current))


def _insert(migration: Migration, table: TableName) -> tuple[Statement, ...]:
    """Replaces the row, as the tool does."""
    text = f"INSERT INTO {table.sql} (version, dirty) VALUES (%(version)s, false)"
    return ((f"TRUNCATE {table.sql}", {}), (text, {"version": int(migration.key)}))


def _remove(migration: Migration, previous: Migration | None, table: TableName) -> tuple[Statement, ...]:
    """Goes back to the number before, or to no row, as the tool does; not if the tool is further than the migration."""
    values = {"version": int(migration.key), "previous": int(previous.key) if previous else None}
    change = f"UPDATE {table.sql} SET version = %(previous)s" if previous else f"DELETE FROM {table.sql}"
    return ((f"{change} WHERE version = %(version)s", values),)


LEDGER = LedgerFormat(
    default_table="schema_migrations",
    definition=_definition,
    read=_read,
    applied=_applied,
    insert=_insert,
    remove=_remove,
)
