"""sqlx (https://github.com/launchbadge/sqlx): `20240101000000_users.sql`, or `.up.sql` and `.down.sql`.

- Files: `20240101000000_users.sql`, `….up.sql`.
- Order: number.
- What runs: the file.
- Outside a transaction: `-- no-transaction` at the beginning of the file.
- Down script: the file `….down.sql` with the same number.
- Applied: there is a row. A row without success is a fault.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from functools import partial

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.down import find_by_identity
from pgfleet.manifest.source.ledger import Recorded, Rows, TableName, match_keys, row_ledger
from pgfleet.manifest.source.model import Label, Layout, Section, find_scripts, recognize_text
from pgfleet.manifest.text import Unusable

NO_TRANSACTION = "-- no-transaction"
"""At the very beginning of a file (sqlx-core/src/migrate/source.rs)."""


def _label(path: str) -> Label | None:
    version, underscore, rest = path.partition("_")
    if "/" in path or not underscore or not rest.endswith(".sql") or rest.endswith(".down.sql"):
        return None
    if not re.fullmatch(r"\d+", version, re.ASCII):
        raise Unusable("the name must start with a number and an underscore, such as 00001_")
    number = int(version)
    title = words(rest.removesuffix(".sql").removesuffix(".up"))
    return Label(version=version, key=str(number), title=title, order=(number,), identity=number)


def _section(sql: str, _path: str) -> Section:
    return Section(sql=sql, transactional=not sql.startswith(NO_TRANSACTION))


def _reverted(path: str) -> int | None:
    """The number of the migration that a file reverts."""
    found = re.fullmatch(r"(\d+)_[^/]*\.down\.sql", path, re.ASCII)
    return int(found[1]) if found else None


LAYOUT = Layout(
    tool=Tool.SQLX,
    find=partial(find_scripts, read_label=_label, read_section=_section),
    find_downs=partial(find_by_identity, identify=_reverted),
    recognize=partial(recognize_text, pattern=re.compile(rf"\A{NO_TRANSACTION}"), description=NO_TRANSACTION),
)


def _definition(table: TableName) -> str:
    """The table, as sqlx-postgres/src/migrate.rs creates it."""
    return f"""\
CREATE TABLE IF NOT EXISTS {table.sql} (
  version bigint PRIMARY KEY,
  description text NOT NULL,
  installed_on timestamptz NOT NULL DEFAULT pg_catalog.now(),
  success boolean NOT NULL,
  checksum bytea NOT NULL,
  execution_time bigint NOT NULL
);
"""


def _applied(rows: Rows, migrations: Collection[Migration]) -> Recorded:
    if failed := [version for version, is_success in rows if not is_success]:
        return Recorded(fault=f"migration {min(failed)} failed (success is false); repair it, and correct the row")
    return match_keys(rows, migrations)


def _values(migration: Migration) -> Mapping[str, object]:
    name = migration.script.path.rsplit("/", 1)[-1].partition("_")[2]
    return {
        "description": name.removesuffix(".sql").removesuffix(".up").replace("_", " "),
        "checksum": hashlib.sha384(migration.script.text.encode()).digest(),
    }


LEDGER = row_ledger(
    "_sqlx_migrations",
    _definition,
    key="version",
    key_type=int,
    columns="version, success",
    applied=_applied,
    row={
        "description": "%(description)s",
        "success": "true",
        "checksum": "%(checksum)s",
        "execution_time": "-1",  # as sqlx writes until it has measured it
    },
    values=_values,
)
