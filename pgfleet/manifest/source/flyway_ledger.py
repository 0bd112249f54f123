"""Flyway's ledger, the schema history table."""

import zlib
from collections.abc import Collection
from operator import itemgetter

from pgfleet.manifest.model import Migration
from pgfleet.manifest.source.flyway import version_parts
from pgfleet.manifest.source.ledger import LedgerFormat, Recorded, Rows, Statement, TableName, quote
from pgfleet.manifest.text import normalize

LONGEST_DESCRIPTION, LONGEST_SCRIPT = 200, 1000


def checksum(text: str) -> int:
    """The CRC-32 of a file's lines without their ends, as a signed integer (ChecksumCalculator.java)."""
    value = zlib.crc32(normalize(text).replace("\n", "").encode())
    return value - 2**32 if value >= 2**31 else value


def _definition(table: TableName) -> str:
    """The table, as PostgreSQLDatabase.java creates it."""
    return f"""\
CREATE TABLE {table.sql} (
  installed_rank integer NOT NULL,
  version varchar(50),
  description varchar(200) NOT NULL,
  type varchar(20) NOT NULL,
  script varchar(1000) NOT NULL,
  checksum integer,
  installed_by varchar(100) NOT NULL,
  installed_on timestamp NOT NULL DEFAULT pg_catalog.now(),
  execution_time integer NOT NULL,
  success boolean NOT NULL,
  CONSTRAINT {quote(table.name + "_pk")} PRIMARY KEY (installed_rank)
);
CREATE INDEX {quote(table.name + "_s_idx")} ON {table.sql} (success);
"""


def _read(table: TableName) -> str:
    return f"SELECT installed_rank, version, description, type, checksum, success FROM {table.sql}"


def _applied(rows: Rows, migrations: Collection[Migration]) -> Recorded:
    """What the rows in order leave applied: a baseline stands for all up to it, an undo or deletion removes one.

    A repeatable migration is applied only if its last row has the file's checksum.
    """
    baseline: tuple[int, ...] = ()
    known: dict[object, int | None] = {}
    for _, version, description, kind, digest, is_success in sorted(rows, key=itemgetter(0)):
        if not is_success:
            return Recorded(fault=f"migration {version or description} failed; repair it, then run flyway repair")
        key = version_parts(version) if version else description
        if kind.endswith("BASELINE") and version:
            baseline = version_parts(version)
        elif kind.startswith("UNDO") or kind == "DELETE":
            known.pop(key, None)
        elif kind != "SCHEMA":
            known[key] = digest
    return Recorded(versions=frozenset(each.version for each in migrations if _is_applied(each, known, baseline)))


def _is_applied(migration: Migration, known: dict[object, int | None], baseline: tuple[int, ...]) -> bool:
    if migration.repeatable:
        return known.get(migration.key) == checksum(migration.script.text)
    version = version_parts(migration.key)
    return version in known or version <= baseline


def _insert(migration: Migration, table: TableName) -> tuple[Statement, ...]:
    return _add(migration, "SQL", table)


def _remove(migration: Migration, _previous: Migration | None, table: TableName) -> tuple[Statement, ...]:
    """Adds a row that deletes the version, as `flyway repair` does; editions without undo ignore the rows of one."""
    return _add(migration, "DELETE", table)


def _add(migration: Migration, kind: str, table: TableName) -> tuple[Statement, ...]:
    file = migration.script.path.rsplit("/", 1)[-1]
    text = f"""\
INSERT INTO {table.sql}
  (installed_rank, version, description, type, script, checksum, installed_by, execution_time, success)
SELECT coalesce(pg_catalog.max(installed_rank), 0) + 1, %(version)s, %(description)s, '{kind}', %(script)s,
  %(checksum)s, current_user, 0, true
FROM {table.sql}"""
    values = {
        "version": None if migration.repeatable else migration.key,
        "description": _description(file)[:LONGEST_DESCRIPTION],
        "script": file[:LONGEST_SCRIPT],
        "checksum": checksum(migration.script.text),
    }
    return ((text, values),)


def _description(file: str) -> str:
    """The part of a name after `__`, with spaces; Flyway compares it with the file's."""
    return file[: -len(".sql")].partition("__")[2].replace("_", " ")


LEDGER = LedgerFormat(
    default_table="flyway_schema_history",
    definition=_definition,
    read=_read,
    applied=_applied,
    insert=_insert,
    remove=_remove,
)
