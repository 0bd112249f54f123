"""dbmate (https://github.com/amacneil/dbmate): `20240101000000_users.sql` with `-- migrate:up`, `-- migrate:down`.

- Files: `20240101000000_users.sql`.
- Order: name.
- What runs: `-- migrate:up`.
- Outside a transaction: `-- migrate:up transaction:false`.
- Down script: the Down section.
- Applied: there is a row.
"""

import re
from functools import partial

from pgfleet.manifest.model import Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.down import find_sections
from pgfleet.manifest.source.ledger import TableName, row_ledger
from pgfleet.manifest.source.model import Label, Layout, Section, find_scripts, recognize_text
from pgfleet.manifest.source.sections import Mark, keep_down_sections, keep_up_sections

UP = "-- migrate:up"
NAME = re.compile(r"(\d+)(.*)\.sql", re.ASCII)
MARK = re.compile(r"--\s*migrate:(up|down)(?:\s+(\S.*))?\s*")
"""A marker with its options: `transaction:false` (pkg/dbmate/migration.go)."""


def _label(path: str) -> Label | None:
    """The label of a file in the directory itself that starts with digits; dbmate ignores all others."""
    found = NAME.fullmatch(path)
    if not found:
        return None
    version = found[1]
    return Label(version=version, key=version, title=words(found[2]), order=(path,), identity=version)


def _section(sql: str, _path: str) -> Section:
    section = keep_up_sections(sql, _mark, marker=UP)
    options = [found[2] or "" for line in section.split("\n") if (found := MARK.fullmatch(line))]
    return Section(sql=section, transactional=not any("transaction:false" in each.split() for each in options))


def _mark(line: str) -> Mark | None:
    found = MARK.fullmatch(line)
    return Mark(found[1]) if found else None


LAYOUT = Layout(
    tool=Tool.DBMATE,
    find=partial(find_scripts, read_label=_label, read_section=_section),
    find_downs=partial(find_sections, read_section=partial(keep_down_sections, mark_of=_mark)),
    recognize=partial(recognize_text, pattern=re.compile(r"^--\s*migrate:up\b", re.MULTILINE), description=UP),
)


def _definition(table: TableName) -> str:
    """The table, as pkg/driver/postgres/postgres.go creates it."""
    return f"CREATE TABLE IF NOT EXISTS {table.sql} (version varchar PRIMARY KEY);\n"


LEDGER = row_ledger("schema_migrations", _definition, key="version")
