"""Numbered SQL files of no tool: `0001_users.sql`, `1.2-users.sql`, `20240101.sql`.

- Files: `0001_users.sql`, `1.2-users.sql`, not in folders.
- Order: numbers by value.
- What runs: the file.
- Outside a transaction: a file with a statement that cannot run in a transaction, because the tool starts none.
- Not supported: SQL files without a version; `.down.sql`; `.SQL`; checkpoints, archives, and delimiters of Atlas.
"""

import re
from functools import partial

from pgfleet.manifest.model import Tool
from pgfleet.manifest.names import natural_order, read_name
from pgfleet.manifest.source.model import Label, Layout, Section, find_scripts, run_all_as_allowed
from pgfleet.manifest.text import Unusable, line_of

UNDO = (".down.sql", ".rollback.sql", ".undo.sql", ".revert.sql")
"""The ends of the names of files that undo a migration, such as those of yoyo (`0001.users.rollback.sql`)."""
ATLAS = re.compile(r"^--[ \t]*(atlas:(?:checkpoint|txtar|delimiter)\b)", re.MULTILINE)
"""What Atlas does not run, or does not read as PostgreSQL does (https://atlasgo.io/concepts/migration-directory-integrity)."""


def _label(path: str) -> Label | None:
    if "/" in path or not path.lower().endswith(".sql"):
        return None
    name = read_name(path)
    if not path.endswith(".sql"):
        raise Unusable("the name must end in .sql in lowercase; rename it")
    if ending := next(filter(path.endswith, UNDO), None):
        other = "pass --tool golang-migrate or --tool sqlx, or " if ending == ".down.sql" else ""
        raise Unusable(f"{ending} files are not migrations; {other}name it as the revert of one, or skip it")
    if not name.version:
        raise Unusable("the name must start with a version, such as 0001_")
    return Label(
        version=name.version,
        key=name.version,
        title=name.title,
        order=(natural_order(name.version), path),
        identity=path,
        repeatable=name.repeatable,
    )


def _section(sql: str, path: str) -> Section:
    if found := ATLAS.search(sql):
        advice = "skip the file" if "checkpoint" in found[1] else "write the statements without it"
        raise Unusable(
            f"contains {found[1]}, at line {line_of(sql, found.start())}, which only Atlas follows; {advice}"
        )
    return run_all_as_allowed(sql, path)


LAYOUT = Layout(tool=Tool.PLAIN, find=partial(find_scripts, read_label=_label, read_section=_section))
