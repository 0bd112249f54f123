"""The Supabase CLI (https://github.com/supabase/cli): `supabase/migrations/20240101000000_users.sql`.

- Files: `20240101000000_users.sql`.
- Order: name.
- What runs: the file.
- Outside a transaction: nothing.
- Applied: there is a row.
"""

import re
from collections.abc import Mapping
from functools import partial
from itertools import pairwise

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.ledger import TableName, quote, row_ledger
from pgfleet.manifest.source.model import Label, Layout, find_scripts, run_all
from pgfleet.parser.statements import split

NAME = re.compile(r"(\d+)_(.*)\.sql", re.ASCII)
SKIPPED = re.compile(r"\d{14}_init\.sql", re.ASCII)
LAST_SKIPPED = 20211209000000
"""The CLI skips older `…_init.sql` files, which earlier versions of it created (pkg/migration/list.go)."""


def _label(path: str) -> Label | None:
    found = NAME.fullmatch(path)
    if not found or "/" in path or (SKIPPED.fullmatch(path) and int(found[1]) < LAST_SKIPPED):
        return None
    version = found[1]
    return Label(version=version, key=version, title=words(found[2]), order=(path,), identity=version)


LAYOUT = Layout(tool=Tool.SUPABASE, find=partial(find_scripts, read_label=_label, read_section=run_all))


def _definition(table: TableName) -> str:
    """The table, as pkg/migration/history.go creates it."""
    return f"""\
CREATE SCHEMA IF NOT EXISTS {quote(table.schema)};
CREATE TABLE IF NOT EXISTS {table.sql} (version text NOT NULL PRIMARY KEY);
ALTER TABLE {table.sql} ADD COLUMN IF NOT EXISTS statements text[];
ALTER TABLE {table.sql} ADD COLUMN IF NOT EXISTS name text;
"""


def _values(migration: Migration) -> Mapping[str, object]:
    name = migration.script.path.rsplit("/", 1)[-1].partition("_")[2].removesuffix(".sql")
    return {"name": name, "statements": _statements(migration.script.text)}


def _statements(text: str) -> list[str]:
    """The file's statements with the comments before them, and the comments at its end, as the CLI records them."""
    text = text.removeprefix("\ufeff")
    places = [0, *(each.start + len(each.text) for each in split(text)), len(text)]
    return [piece for start, end in pairwise(places) if (piece := text[start:end].strip("; \t\r\n"))]


LEDGER = row_ledger(
    "supabase_migrations.schema_migrations",
    _definition,
    key="version",
    row={"name": "%(name)s", "statements": "%(statements)s::pg_catalog.text[]"},
    values=_values,
)
"""A revert deletes the row, as `supabase migration repair --status reverted` does."""
