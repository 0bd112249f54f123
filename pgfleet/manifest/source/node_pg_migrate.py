"""SQL files of node-pg-migrate (https://github.com/salsita/node-pg-migrate): `1704067200000_users.sql`.

- Files: `1704067200000_users.sql`.
- Order: number; 17 digits are a UTC timestamp.
- What runs: `-- Up Migration`, or the file if it has no marker. `….up.sql` and `….down.sql` are one migration (the
  tool's loader `sql`), of which the first runs.
- Outside a transaction: nothing.
- Down script: the Down section, or `….down.sql`.
- Applied: there is a row with the file's name, without its extension.
- Not supported: JavaScript and TypeScript.
"""

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from functools import partial

from pgfleet.manifest.model import Tool
from pgfleet.manifest.names import natural_order, words
from pgfleet.manifest.source.down import find_counterparts, find_sections
from pgfleet.manifest.source.ledger import TableName, row_ledger
from pgfleet.manifest.source.model import (
    Candidate,
    Directory,
    Downs,
    Finding,
    Label,
    Layout,
    Section,
    find_scripts,
    recognize_text,
)
from pgfleet.manifest.text import Unusable, blank

UP = re.compile(r"^\s*--[\s-]*up\s+migration", re.IGNORECASE | re.MULTILINE)
DOWN = re.compile(r"^\s*--[\s-]*down\s+migration", re.IGNORECASE | re.MULTILINE)
"""src/sqlMigration.ts."""
CODE = (".js", ".ts", ".cjs", ".mjs", ".cts", ".mts")
UTC_DIGITS = 17
"""A prefix of this length is a UTC timestamp such as 20240101000000000 (src/utils/fileNameUtils.ts)."""


def _find(directory: Directory) -> Iterator[Finding]:
    """The files; `x.up.sql` and `x.down.sql` are one migration, `x`, as with the tool's loader `sql`."""
    return find_scripts(directory, lambda path: _label(path, directory), _section)


def _label(path: str, directory: Directory) -> Label | None:
    """The label of a file in the directory itself; the tool rejects those without a number."""
    up, down = (path.removesuffix(f".{each}.sql") for each in ("up", "down"))
    if "/" in path or f"{down}.up.sql" in directory:
        return None
    if down != path:
        raise Unusable(f"has no counterpart {down}.up.sql")
    if path.endswith(CODE):
        raise Unusable("is not SQL but code; pgfleet runs only SQL")
    if not path.endswith(".sql"):
        return None
    digits = re.match(r"\d+", path, re.ASCII)
    if not digits:
        raise Unusable("the name must start with a number, such as 1704067200000_")
    key = up if f"{up}.down.sql" in directory else path.removesuffix(".sql")
    title = words(key.removesuffix(".up")[digits.end() :])
    return Label(version=digits[0], key=key, title=title, order=(_number(digits[0]), natural_order(key)), identity=key)


def _number(digits: str) -> float:
    """The value by which the tool sorts: milliseconds since 1970 for a UTC timestamp."""
    if len(digits) != UTC_DIGITS:
        return int(digits)
    try:
        return datetime.strptime(digits + "000", "%Y%m%d%H%M%S%f").replace(tzinfo=UTC).timestamp() * 1000
    except ValueError:
        raise Unusable("starts with 17 digits that are not a UTC timestamp") from None


def _section(sql: str, _path: str) -> Section:
    """The text between the two markers, in either order; all of it if it has no markers."""
    up, down = UP.search(sql), DOWN.search(sql)
    start = up.start() if up else 0
    end = down.start() if down and up and down.start() > start else len(sql)
    if down and not up:
        raise Unusable("contains a Down section but no '-- Up Migration', so node-pg-migrate would run all of it")
    return Section(sql=blank(blank(sql, 0, start), end, len(sql)))


def _find_downs(directory: Directory, found: Collection[Candidate]) -> Downs:
    """The Down sections, and the counterparts of up files."""
    yield from find_sections(directory, found, _down_section)
    yield from find_counterparts(directory, found, lambda path: re.sub(r"\.up\.sql$", ".down.sql", path))


def _down_section(sql: str) -> str:
    """The text between the marker and the other one, or the end; nothing without a marker."""
    down, up = DOWN.search(sql), UP.search(sql)
    start = len(sql) if down is None else (sql + "\n").index("\n", down.end())
    end = up.start() if down and up and up.start() > down.start() else len(sql)
    return blank(blank(sql, 0, start), end, len(sql))


LAYOUT = Layout(
    tool=Tool.NODE_PG_MIGRATE,
    find=_find,
    find_downs=_find_downs,
    recognize=partial(recognize_text, pattern=UP, description="-- Up Migration"),
)


def _definition(table: TableName) -> str:
    """The table, as src/runner.ts creates it."""
    return f"CREATE TABLE {table.sql} (id serial PRIMARY KEY, name varchar(255) NOT NULL, run_on timestamp NOT NULL);\n"


LEDGER = row_ledger("pgmigrations", _definition, key="name", row={"run_on": "pg_catalog.now()"})
