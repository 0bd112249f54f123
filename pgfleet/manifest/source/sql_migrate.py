"""sql-migrate (https://github.com/rubenv/sql-migrate): `0001_users.sql` with `-- +migrate Up`, `-- +migrate Down`.

- Files: `0001_users.sql`.
- Order: number, then name; names without a number last.
- What runs: `-- +migrate Up`.
- Outside a transaction: `-- +migrate Up notransaction`.
- Down script: the Down section.
- Applied: there is a row with the file's name.
"""

import re
from functools import partial

from pgfleet.manifest.model import Tool
from pgfleet.manifest.names import read_name
from pgfleet.manifest.source.down import find_sections
from pgfleet.manifest.source.ledger import TableName, row_ledger
from pgfleet.manifest.source.model import Label, Layout, Section, find_scripts, recognize_text
from pgfleet.manifest.source.sections import Mark, keep_down_sections, keep_up_sections

UP = "-- +migrate Up"
MARK = re.compile(r"-- \+migrate\s+(Up|Down)\b(.*)")
"""A marker with its options: `notransaction` (sqlparse/sqlparse.go)."""


def _label(path: str) -> Label | None:
    """The label of an SQL file in the directory itself; those without a number come last (migrate.go)."""
    if "/" in path or not path.endswith(".sql"):
        return None
    name, digits = read_name(path), re.match(r"\d+", path, re.ASCII)
    order = (0, int(digits[0]), path) if digits else (1, 0, path)
    version = name.version or path.removesuffix(".sql")
    return Label(version=version, key=path, title=name.title, order=order, identity=path)


def _section(sql: str, _path: str) -> Section:
    section = keep_up_sections(sql, _mark, marker=UP, is_strict=False)
    options = [found[2] for line in section.split("\n") if (found := MARK.match(line))]
    return Section(sql=section, transactional=not any("notransaction" in each.split() for each in options))


def _mark(line: str) -> Mark | None:
    found = MARK.match(line)
    return Mark(found[1].lower()) if found else None


LAYOUT = Layout(
    tool=Tool.SQL_MIGRATE,
    find=partial(find_scripts, read_label=_label, read_section=_section),
    find_downs=partial(find_sections, read_section=partial(keep_down_sections, mark_of=_mark)),
    recognize=partial(recognize_text, pattern=re.compile(r"^-- \+migrate\s+Up\b", re.MULTILINE), description=UP),
)


def _definition(table: TableName) -> str:
    """The table, as gorp creates it for `MigrationRecord` (migrate.go)."""
    return (
        f"CREATE TABLE IF NOT EXISTS {table.sql} (id text NOT NULL PRIMARY KEY, applied_at timestamp with time zone);\n"
    )


LEDGER = row_ledger("gorp_migrations", _definition, key="id", row={"applied_at": "pg_catalog.now()"})
