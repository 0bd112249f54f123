"""graphile-migrate (https://github.com/graphile/migrate): `committed/000001-users.sql` with a chain of hashes.

- Files: `committed/000001-users.sql`.
- Order: name.
- What runs: the file, if its hash is correct and it continues the chain.
- Outside a transaction: `--! no-transaction` in the first line after the headers.
- Applied: there is a row.
- Not supported: `:DATABASE_NAME` and `:DATABASE_OWNER`.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import partial

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.ledger import TableName, quote, row_ledger
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
from pgfleet.manifest.text import Unusable, line_of, normalize

NAME = re.compile(r"(?:committed/)?(\d+)(-[-_a-zA-Z0-9]*)?\.sql", re.ASCII)
HEADER = re.compile(r"--! ([A-Z][a-zA-Z0-9_]*)(?::(.*))?")
PLACEHOLDER = re.compile(r":DATABASE_(?:NAME|OWNER)\b")
"""src/migrationFilename.ts, src/migration.ts."""


def _label(path: str) -> Label | None:
    """The label of a committed file: of the directory itself, or of its folder `committed`."""
    found = NAME.fullmatch(path)
    if not found:
        return None
    key = f"{found[1]}.sql"
    return Label(version=found[1], key=key, title=words(found[2] or ""), order=(key,), identity=key)


def _section(sql: str, _path: str) -> Section:
    headers, body = read_headers(sql)
    if absent := [each for each in ("Previous", "Hash") if not headers.get(each)]:
        raise Unusable(f"contains no header '--! {absent[0]}', so it is not a committed migration")
    if found := PLACEHOLDER.search(sql):
        raise Unusable(f"contains the placeholder {found[0]}, at line {line_of(sql, found.start())}")
    if "AllowInvalidHash" not in headers and _hash(body, headers["Previous"]) != headers["Hash"]:
        raise Unusable("does not match its header '--! Hash'; restore the file, or add '--! AllowInvalidHash'")
    return Section(sql=sql, transactional=not re.match(r"--!\s*no-transaction\b", body))


def read_headers(text: str) -> tuple[Mapping[str, str], str]:
    """The headers of a committed file and its body, trimmed and with a line end (FORMATS.md)."""
    lines = normalize(text).split("\n")
    headers = {}
    for line in lines:
        found = HEADER.fullmatch(line)
        if not found:
            break
        headers[found[1]] = (found[2] or "").strip()
    return headers, "\n".join(lines[len(headers) :]).strip() + "\n"


def _hash(body: str, previous: str) -> str:
    before = "" if previous == "-" else previous
    text = (before + "\n" + body.strip()).strip() + "\n"
    return "sha1:" + hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _find(directory: Directory) -> Iterator[Finding]:
    """The committed files; each names the hash of the one before it."""
    findings = [*find_scripts(directory, _label, _section)]
    yield from findings
    found = sorted((each for each in findings if isinstance(each, Candidate)), key=lambda each: each.label.order)
    before = "-"
    for each in found if len(found) == len(findings) else ():
        headers, _ = read_headers(each.section.sql)
        if headers["Previous"] != before:
            yield Refused(path=each.path, problem="names another hash as '--! Previous' than the file before it has")
        before = headers["Hash"]


LAYOUT = Layout(
    tool=Tool.GRAPHILE_MIGRATE,
    find=_find,
    recognize=partial(
        recognize_text, pattern=re.compile(r"\A\ufeff?--! Previous:"), description="the header '--! Previous'"
    ),
)


def _definition(table: TableName) -> str:
    """The table, and the one for the current migration, as src/migration.ts creates them."""
    current = TableName(schema=table.schema, name="current").sql
    return f"""\
CREATE SCHEMA IF NOT EXISTS {quote(table.schema)};
CREATE TABLE IF NOT EXISTS {table.sql} (
  hash text PRIMARY KEY,
  previous_hash text REFERENCES {table.sql},
  filename text NOT NULL,
  date timestamptz NOT NULL DEFAULT pg_catalog.now()
);
CREATE TABLE IF NOT EXISTS {current} (
  filename text PRIMARY KEY DEFAULT 'current.sql',
  content text NOT NULL,
  date timestamptz NOT NULL DEFAULT pg_catalog.now()
);
"""


def _values(migration: Migration) -> Mapping[str, object]:
    headers, _ = read_headers(migration.script.text)
    return {"hash": headers["Hash"], "previous": headers["Previous"]}


LEDGER = row_ledger(
    "graphile_migrate.migrations",
    _definition,
    key="filename",
    row={"hash": "%(hash)s", "previous_hash": "nullif(%(previous)s, '-')"},
    values=_values,
)
"""A revert deletes the row, which must be the last of the chain; the tool itself reverts nothing."""
