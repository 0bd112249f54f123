"""Diesel (https://github.com/diesel-rs/diesel): `2024-01-01-000000_users/up.sql`, `down.sql`, `metadata.toml`.

- Files: `2024-01-01-000000_users/up.sql`.
- Order: digits before `_`.
- What runs: the file.
- Outside a transaction: `run_in_transaction = false` in `metadata.toml`.
- Down script: `down.sql` in the migration's folder.
- Applied: there is a row.
- Not supported: folders without `up.sql`.
"""

import re
import tomllib
from collections.abc import Iterator
from functools import partial

from pgfleet.manifest.model import Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.down import find_counterparts
from pgfleet.manifest.source.ledger import TableName, row_ledger
from pgfleet.manifest.source.model import (
    Content,
    Directory,
    Finding,
    Label,
    Layout,
    Refused,
    Section,
    find_scripts,
    recognize_names,
)


def _label(path: str) -> Label | None:
    """The label of a folder's up.sql; its version is what precedes the first `_` (migrations_internals)."""
    folder, _, file = path.rpartition("/")
    if not folder or "/" in folder or file != "up.sql":
        return None
    version, _, title = folder.partition("_")
    key = version.replace("-", "")
    return Label(version=version, key=key, title=words(title), order=(key,), identity=key, shown_folders=1)


def _find(directory: Directory) -> Iterator[Finding]:
    """The folders; Diesel rejects one without up.sql."""

    def read_section(sql: str, path: str) -> Section:
        metadata = directory.get(path.replace("up.sql", "metadata.toml"))
        return Section(sql=sql, transactional=_runs_in_transaction(metadata))

    yield from find_scripts(directory, _label, read_section)
    for folder in sorted({path.split("/")[0] for path in directory if "/" in path}):
        if f"{folder}/up.sql" not in directory:
            yield Refused(path=folder, problem="contains no up.sql, which Diesel requires")


def _runs_in_transaction(metadata: Content) -> bool:
    """What a metadata.toml says. In an existing file, a missing key means false; an invalid file is ignored."""
    if not isinstance(metadata, str):
        return True
    try:
        return tomllib.loads(metadata).get("run_in_transaction", False) is True
    except tomllib.TOMLDecodeError:
        return True


LAYOUT = Layout(
    tool=Tool.DIESEL,
    find=_find,
    find_downs=partial(find_counterparts, path_of=lambda path: path.replace("/up.sql", "/down.sql")),
    recognize=partial(recognize_names, pattern=re.compile(r"[^/]+/up\.sql"), description="up.sql in folders"),
)


def _definition(table: TableName) -> str:
    """The table, as diesel/src/migration/setup_migration_table.sql creates it."""
    return f"""\
CREATE TABLE IF NOT EXISTS {table.sql} (
  version varchar(50) PRIMARY KEY NOT NULL,
  run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"""


LEDGER = row_ledger("__diesel_schema_migrations", _definition, key="version")
