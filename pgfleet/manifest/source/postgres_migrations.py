"""postgres-migrations (https://github.com/ThomWright/postgres-migrations): `1_users.sql`, `2_posts.sql`.

- Files: `1_users.sql`.
- Order: number, from 1 without gaps.
- What runs: the file.
- Outside a transaction: `-- postgres-migrations disable-transaction`.
- Applied: there is a row.
- Not supported: JavaScript and TypeScript.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import partial

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.ledger import TableName, row_ledger
from pgfleet.manifest.source.model import (
    Candidate,
    Directory,
    Finding,
    Label,
    Layout,
    Refused,
    Section,
    find_scripts,
    recognize_text,
)
from pgfleet.manifest.text import Unusable

NO_TRANSACTION = "-- postgres-migrations disable-transaction"
"""Anywhere in a file (src/run-migration.ts)."""
NAME = re.compile(r"(\d+)[-_]?(.*)\.(sql|js)", re.ASCII | re.IGNORECASE)
CREATION = ("create-migrations-table", "e18db593bcde2aca2a408c4d1100f6abba2195df")
"""The name and the hash of the tool's own migration 0, which creates its table (5.3.0)."""


def _label(path: str) -> Label | None:
    if "/" in path or not path.lower().endswith((".sql", ".js")):
        return None
    found = NAME.fullmatch(path)
    if not found:
        raise Unusable("the name must start with a number, such as 1_")
    if found[3].lower() == "js":
        raise Unusable("is JavaScript; pgfleet runs only SQL")
    number = int(found[1])
    return Label(version=found[1], key=str(number), title=words(found[2]), order=(number,), identity=number)


def _section(sql: str, _path: str) -> Section:
    return Section(sql=sql, transactional=NO_TRANSACTION not in sql)


def _find(directory: Directory) -> Iterator[Finding]:
    """The files; the tool requires numbers without gaps, from 1."""
    findings = [*find_scripts(directory, _label, _section)]
    yield from findings
    found = sorted((each for each in findings if isinstance(each, Candidate)), key=lambda each: each.label.order)
    if len(found) == len(findings):
        for expected, each in enumerate(found, start=1):
            if int(each.label.key) > expected:
                yield Refused(
                    path=each.path, problem=f"comes after a gap: postgres-migrations requires {expected} first"
                )
                return


LAYOUT = Layout(
    tool=Tool.POSTGRES_MIGRATIONS,
    find=_find,
    recognize=partial(recognize_text, pattern=re.compile(NO_TRANSACTION), description=NO_TRANSACTION),
)


def _definition(table: TableName) -> str:
    """The table with the row of its creation, as src/migrations/0_create-migrations-table.sql and the tool do it."""
    name, digest = CREATION
    return f"""\
CREATE TABLE IF NOT EXISTS {table.sql} (
  id integer PRIMARY KEY,
  name varchar(100) UNIQUE NOT NULL,
  hash varchar(40) NOT NULL,
  executed_at timestamp DEFAULT current_timestamp
);
INSERT INTO {table.sql} (id, name, hash) VALUES (0, '{name}', '{digest}') ON CONFLICT DO NOTHING;
"""


def _values(migration: Migration) -> Mapping[str, object]:
    """The name, and the SHA-1 of the file's name and text (src/migration-file.ts)."""
    file = migration.script.path.rsplit("/", 1)[-1]
    found = NAME.fullmatch(file)
    digest = hashlib.sha1((file + migration.script.text).encode(), usedforsecurity=False).hexdigest()
    return {"name": (found and found[2]) or file, "hash": digest}


LEDGER = row_ledger(
    "migrations",
    _definition,
    key="id",
    key_type=int,
    row={"name": "%(name)s", "hash": "%(hash)s"},
    values=_values,
)
"""A revert deletes the row; the tool itself reverts nothing."""
