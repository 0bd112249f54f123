"""Drizzle (https://github.com/drizzle-team/drizzle-orm): `0000_users.sql` and `meta/_journal.json`.

- Files: `meta/_journal.json`, and `0000_users.sql` for each of its entries.
- Order: the journal's.
- What runs: the file.
- Outside a transaction: nothing.
- Applied: its time in the journal is at most that of the newest row.
- Not supported: entries of the journal without a file.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import read_name
from pgfleet.manifest.source.ledger import Recorded, Rows, TableName, quote, row_ledger
from pgfleet.manifest.source.model import Candidate, Directory, Finding, Label, Layout, Refused, Section, read_text
from pgfleet.manifest.text import Unusable, normalize

JOURNAL = "meta/_journal.json"


def _read_journal(text: str) -> tuple[tuple[str, int], ...]:
    """The names and the times, in ms since 1970, of the entries in order (drizzle-orm/src/migrator.ts)."""
    try:
        entries = tuple((each["tag"], each["when"]) for each in json.loads(text)["entries"])
    except (ValueError, KeyError, TypeError, RecursionError):
        entries = ((None, None),)
    if not all(isinstance(tag, str) and isinstance(when, int) for tag, when in entries):
        raise Unusable("is not a journal of Drizzle: it needs entries, each with tag and when")
    if again := next((tag for tag, number in Counter(tag for tag, _ in entries).items() if number > 1), None):
        raise Unusable(f"contains {again} twice; delete one of the entries")
    return entries


def _find(directory: Directory) -> Iterator[Finding]:
    """The files of the journal's entries, in its order; Drizzle ignores others."""
    try:
        entries = _read_journal(read_text(directory, JOURNAL))
    except Unusable as error:
        yield Refused(path=JOURNAL, problem=str(error))
        return
    for place, (tag, when) in enumerate(entries):
        path = f"{tag}.sql"
        try:
            sql = normalize(read_text(directory, path))
        except Unusable as error:
            yield Refused(path=path, problem=str(error))
            continue
        name = read_name(path)
        label = Label(version=name.version or tag, key=str(when), title=name.title, order=(place,), identity=tag)
        yield Candidate(path=path, label=label, section=Section(sql=sql))


LAYOUT = Layout(
    tool=Tool.DRIZZLE,
    find=_find,
    recognize=lambda directory: f"it contains {JOURNAL}" if JOURNAL in directory else None,
)


def _definition(table: TableName) -> str:
    """The table, as drizzle-orm/src/pg-core/dialect.ts creates it."""
    return f"""\
CREATE SCHEMA IF NOT EXISTS {quote(table.schema)};
CREATE TABLE IF NOT EXISTS {table.sql} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint);
"""


def _applied(rows: Rows, migrations: Collection[Migration]) -> Recorded:
    """Drizzle runs only what is newer than the newest row."""
    newest = max((row[0] for row in rows if row[0] is not None), default=-1)
    return Recorded(versions=frozenset(each.version for each in migrations if int(each.key) <= newest))


def _values(migration: Migration) -> Mapping[str, object]:
    """The SHA-256 of the file with LF line ends."""
    return {"hash": hashlib.sha256(migration.script.text.replace("\r\n", "\n").encode()).hexdigest()}


LEDGER = row_ledger(
    "drizzle.__drizzle_migrations",
    _definition,
    key="created_at",
    key_type=int,
    applied=_applied,
    row={"hash": "%(hash)s"},
    values=_values,
)
