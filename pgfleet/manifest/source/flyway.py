"""Flyway (https://github.com/flyway/flyway): `V1.2__users.sql`, and `R__views.sql`, which runs whenever it changes.

- Files: `V1.2__users.sql`, `R__views.sql`, also in folders.
- Order: numbers by value, then repeatable ones by name.
- What runs: the file.
- Outside a transaction: a file with a statement that cannot run in a transaction, unless `V….sql.conf` contains
  `executeInTransaction`.
- Down script: the undo migration, `U1.2__….sql`.
- Applied: its latest row is not of type UNDO or DELETE, or its version is at or below the baseline. Repeatable: the
  latest row has the file's checksum. A row with `success = false` is a fault.
- Not supported: Java and script migrations, callbacks, baseline migrations (`B…`), placeholders (`${…}`, unless
  replacement is disabled in `.sql.conf`), `shouldExecute`, names that are almost right (`v1__a.sql`, `V1_a.sql`).
"""

import re
import zlib
from collections.abc import Collection, Iterator
from functools import partial
from operator import itemgetter

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.down import find_by_identity
from pgfleet.manifest.source.ledger import LedgerFormat, Recorded, Rows, Statement, TableName, quote
from pgfleet.manifest.source.model import (
    Directory,
    Finding,
    Label,
    Layout,
    Section,
    find_scripts,
    read_text,
    recognize_names,
)
from pgfleet.manifest.text import Unusable, line_of, normalize

VERSIONED = re.compile(r"V(\d+(?:[._]\d+)*)(?:__(.*))?", re.ASCII)
REPEATABLE = re.compile(r"R__(.+)")
UNDO = re.compile(r"U(\d+(?:[._]\d+)*)(?:__(.*))?", re.ASCII)
ALMOST = re.compile(r"[VRUB](?:[\W_]|\w?\d).*", re.ASCII | re.IGNORECASE | re.DOTALL)
"""A name that somebody meant to be a migration's: `v1__a`, `V1_a`, `V 1__a`, `R_a`."""
CODE = re.compile(r"[VR].*__.*\.(?:java|class|kt|groovy|py|ps1|sh|bash|cmd|bat)")
CALLBACK = re.compile(r"(?:before|after|create)[A-Z]\w*?(?:__.*)?")
"""internal/resource/ResourceNameParser.java; documentation: Callback Events."""
PLACEHOLDER = re.compile(r"\$\{[^}\n]*\}")
CONFIGURED = re.compile(r"^\s*(?:flyway\.)?(\w+)\s*=\s*(.*?)\s*$", re.MULTILINE)
"""A line of a script configuration file, `V1__a.sql.conf`."""


def _label(path: str) -> Label | None:
    """The label of a file in the directory or its folders; Flyway ignores names of another form."""
    file = path.rsplit("/", 1)[-1]
    if CODE.fullmatch(file):
        raise Unusable("is not SQL but code; pgfleet runs only SQL")
    if not file.lower().endswith(".sql"):
        return None
    stem = file[: -len(".sql")]
    if CALLBACK.fullmatch(stem):
        raise Unusable("is a callback, which Flyway runs around migrations and pgfleet does not")
    if stem.startswith("B") and VERSIONED.fullmatch("V" + stem[1:]):
        raise Unusable("is a baseline migration, which replaces the others in new databases; pgfleet runs the others")
    if found := REPEATABLE.fullmatch(stem):
        title = found[1].replace("_", " ")
        return Label(version=stem, key=title, title=words(found[1]), order=(title,), identity=title, repeatable=True)
    if found := VERSIONED.fullmatch(stem):
        version, identity = found[1].replace("_", "."), version_parts(found[1])
        return Label(version=version, key=version, title=words(found[2] or ""), order=(identity,), identity=identity)
    if ALMOST.fullmatch(stem) and not UNDO.fullmatch(stem):
        raise Unusable("has a name that Flyway ignores; name it like V1__users.sql, U1__users.sql, or R__users.sql")
    return None


def version_parts(version: str) -> tuple[int, ...]:
    """The numbers by which Flyway compares versions, without zeros at the end (MigrationVersion.java)."""
    parts = [int(each) for each in re.split(r"[._]", version)]
    while len(parts) > 1 and parts[-1] == 0:
        parts.pop()
    return tuple(parts)


def _section(sql: str, configuration: str) -> Section:
    """The file, as its script configuration says; by default, its statements decide about the transaction."""
    values = dict(CONFIGURED.findall(configuration))
    if "shouldExecute" in values:
        raise Unusable("runs only under a condition (shouldExecute in its .conf file); pgfleet cannot evaluate it")
    if values.get("encoding", "UTF-8").upper() != "UTF-8":
        raise Unusable(f"has the encoding {values['encoding']} in its .conf file; save it as UTF-8")
    if values.get("placeholderReplacement") != "false" and (found := PLACEHOLDER.search(sql)):
        raise Unusable(
            f"contains the placeholder {found[0]}, at line {line_of(sql, found.start())}, "
            "for which pgfleet has no value"
        )
    transaction = values.get("executeInTransaction")
    return Section(sql=sql, transactional=None if transaction is None else transaction == "true")


def _find(directory: Directory) -> Iterator[Finding]:
    def read_section(sql: str, path: str) -> Section:
        configuration = f"{path}.conf"
        return _section(sql, read_text(directory, configuration) if configuration in directory else "")

    return find_scripts(directory, _label, read_section)


def _undone(path: str) -> tuple[int, ...] | None:
    """The version that a file undoes."""
    found = UNDO.fullmatch(path.rsplit("/", 1)[-1].removesuffix(".sql")) if path.endswith(".sql") else None
    return version_parts(found[1]) if found else None


LAYOUT = Layout(
    tool=Tool.FLYWAY,
    find=_find,
    find_downs=partial(find_by_identity, identify=_undone),
    auxiliary=re.compile(r"(?:.*/)?U[\d._]+__.*\.sql"),
    recognize=partial(
        recognize_names, pattern=re.compile(r"(?:.*/)?(?:V[\d._]+|R)__.+\.sql"), description="like V1__users.sql"
    ),
)


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
