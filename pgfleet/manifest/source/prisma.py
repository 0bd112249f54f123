"""Prisma Migrate (https://github.com/prisma/prisma-engines): `20240101000000_users/migration.sql`.

- Files: `20240101000000_users/migration.sql`.
- Order: folder's name.
- What runs: the file.
- Outside a transaction: a file with a statement that cannot run in a transaction, because the tool starts none.
- Down script: `down.sql` in the migration's folder.
- Applied: there is a row that was not rolled back. An unfinished row is a fault.
- Not supported: folders without `migration.sql`.
"""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from functools import partial

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import read_name
from pgfleet.manifest.source.down import find_counterparts
from pgfleet.manifest.source.ledger import Recorded, Rows, Statement, TableName, match_keys, row_ledger
from pgfleet.manifest.source.model import (
    Directory,
    Finding,
    Label,
    Layout,
    Refused,
    find_scripts,
    recognize_names,
    run_all_as_allowed,
)


def _label(path: str) -> Label | None:
    folder, _, file = path.rpartition("/")
    if not folder or "/" in folder or file != "migration.sql":
        return None
    name = read_name(path)
    version = name.version or folder
    return Label(version=version, key=folder, title=name.title, order=(folder,), identity=folder, shown_folders=1)


def _find(directory: Directory) -> Iterator[Finding]:
    """The folders; Prisma rejects one without migration.sql (error P3015)."""
    yield from find_scripts(directory, _label, run_all_as_allowed)
    for folder in sorted({path.split("/")[0] for path in directory if "/" in path}):
        if f"{folder}/migration.sql" not in directory:
            yield Refused(path=folder, problem="contains no migration.sql, which Prisma requires")


LAYOUT = Layout(
    tool=Tool.PRISMA,
    find=_find,
    find_downs=partial(find_counterparts, path_of=lambda path: path.replace("/migration.sql", "/down.sql")),
    recognize=partial(
        recognize_names, pattern=re.compile(r"[^/]+/migration\.sql"), description="migration.sql in folders"
    ),
)


def _definition(table: TableName) -> str:
    """The table, as the schema engine's flavour/postgres creates it."""
    return f"""\
CREATE TABLE {table.sql} (
  id varchar(36) PRIMARY KEY NOT NULL,
  checksum varchar(64) NOT NULL,
  finished_at timestamptz,
  migration_name varchar(255) NOT NULL,
  logs text,
  rolled_back_at timestamptz,
  started_at timestamptz NOT NULL DEFAULT pg_catalog.now(),
  applied_steps_count integer NOT NULL DEFAULT 0
);
"""


def _applied(rows: Rows, migrations: Collection[Migration]) -> Recorded:
    """A row that neither finished nor was rolled back is a failed migration, with which Prisma does not go on."""
    for name, is_finished, is_rolled_back in rows:
        if not is_finished and not is_rolled_back:
            return Recorded(fault=f"migration {name} failed; settle it with prisma migrate resolve")
    return match_keys([row for row in rows if not row[2]], migrations)


def _values(migration: Migration) -> Mapping[str, object]:
    """The file's SHA-256 (schema-connector/src/checksum.rs)."""
    return {"checksum": hashlib.sha256(migration.script.text.encode()).hexdigest()}


def _remove(migration: Migration, _previous: Migration | None, table: TableName) -> tuple[Statement, ...]:
    """Marks the row as rolled back; Prisma then deploys the migration again."""
    where = "migration_name = %(name)s AND rolled_back_at IS NULL"
    text = f"UPDATE {table.sql} SET rolled_back_at = pg_catalog.now() WHERE {where}"
    return ((text, {"name": migration.key}),)


ROWS = row_ledger(
    "_prisma_migrations",
    _definition,
    key="migration_name",
    columns="migration_name, finished_at IS NOT NULL, rolled_back_at IS NOT NULL",
    applied=_applied,
    row={
        "id": "pg_catalog.gen_random_uuid()::pg_catalog.text",
        "checksum": "%(checksum)s",
        "finished_at": "pg_catalog.now()",
        "applied_steps_count": "1",
    },
    values=_values,
)
LEDGER = replace(ROWS, remove=_remove)
