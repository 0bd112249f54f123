"""Sqitch (https://github.com/sqitchers/sqitch): `sqitch.plan` and `deploy/users.sql`.

- Files: `sqitch.plan`, `deploy/users.sql`.
- Order: the plan's.
- What runs: the file; `verify` is ignored.
- Outside a transaction: a file with a statement that cannot run in a transaction, because the tool starts none.
- Down script: `revert/….sql`.
- Applied: the project has as many rows with the change's name as the plan up to it.
- Not supported: reverted changes, and changes without a deploy script.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial

from pgfleet.manifest.model import Migration, Tool
from pgfleet.manifest.names import words
from pgfleet.manifest.source.down import find_counterparts
from pgfleet.manifest.source.ledger import LedgerFormat, Recorded, Rows, TableName, quote
from pgfleet.manifest.source.model import Candidate, Directory, Finding, Label, Layout, Refused, Section, read_text
from pgfleet.manifest.text import Unusable, normalize

PLAN = "sqitch.plan"
PROJECT = re.compile(r"^%project=(.+?)\s*$", re.MULTILINE)
TAG = re.compile(r"\s*@(\S+)")
CHANGE = re.compile(r"\s*([+-])?\s*([^\s:@#\\\[\]%][^\s:@#\\]*)\s.*")
"""lib/App/Sqitch/Plan.pm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A line of the plan; `tag` is set if a later line reworks the change: the first tag in between."""

    line: int
    name: str
    is_revert: bool
    tag: str | None = None

    @property
    def version(self) -> str:
        """The change's name, with the tag of a reworked one."""
        return f"{self.name}@{self.tag}" if self.tag else self.name


def read_plan(text: str) -> tuple[str, tuple[Change, ...]]:
    """The project's name and its changes in order. Raises Unusable."""
    project = PROJECT.search(text)
    if not project:
        raise Unusable("contains no %project line")
    changes: list[Change] = []
    tags: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip() or line.lstrip().startswith(("%", "#")):
            continue
        if found := TAG.match(line):
            tags.append((len(changes), found[1]))
        elif found := CHANGE.match(line):
            changes.append(Change(line=number, name=found[2], is_revert=found[1] == "-"))
        else:
            raise Unusable(f"contains no change and no tag at line {number}")
    return project[1], tuple(_with_tag(place, changes, tags) for place in range(len(changes)))


def _with_tag(place: int, changes: list[Change], tags: list[tuple[int, str]]) -> Change:
    change = changes[place]
    if all(each.name != change.name for each in changes[place + 1 :]):
        return change
    tag = next((name for after, name in tags if after > place), None)
    return Change(line=change.line, name=change.name, is_revert=change.is_revert, tag=tag)


def _find(directory: Directory) -> Iterator[Finding]:
    """The deploy scripts, in the plan's order."""
    try:
        project, changes = read_plan(normalize(read_text(directory, PLAN)))
    except Unusable as error:
        yield Refused(path=PLAN, problem=str(error))
        return
    for place, change in enumerate(changes):
        path = f"deploy/{change.version}.sql"
        if change.is_revert:
            problem = f"is reverted by {PLAN}, at line {change.line}; pgfleet only deploys"
            yield Refused(path=path, problem=problem)
            continue
        try:
            sql = normalize(read_text(directory, path))
        except Unusable as error:
            yield Refused(path=path, problem=str(error))
            continue
        label = Label(
            version=change.version,
            key=f"{project}:{change.name}",
            title=words(change.name),
            order=(place,),
            identity=change.version,
        )
        yield Candidate(path=path, label=label, section=Section(sql=sql, transactional=None))


def _recognize(directory: Directory) -> str | None:
    return f"it contains {PLAN}" if PLAN in directory else None


LAYOUT = Layout(
    tool=Tool.SQITCH,
    find=_find,
    find_downs=partial(find_counterparts, path_of=lambda path: path.replace("deploy/", "revert/", 1)),
    recognize=_recognize,
    auxiliary=re.compile(r"(?:revert|verify)/.*\.sql"),
)


def _definition(table: TableName) -> str:
    """The changes and the projects, as lib/App/Sqitch/Engine/pg.sql creates them."""
    projects = TableName(schema=table.schema, name="projects").sql
    return f"""\
CREATE SCHEMA IF NOT EXISTS {quote(table.schema)};
CREATE TABLE {projects} (
  project text PRIMARY KEY,
  uri text NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  creator_name text NOT NULL,
  creator_email text NOT NULL
);
CREATE TABLE {table.sql} (
  change_id text PRIMARY KEY,
  script_hash text NULL,
  change text NOT NULL,
  project text NOT NULL REFERENCES {projects}(project) ON UPDATE CASCADE,
  note text NOT NULL DEFAULT '',
  committed_at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),
  committer_name text NOT NULL,
  committer_email text NOT NULL,
  planned_at timestamptz NOT NULL,
  planner_name text NOT NULL,
  planner_email text NOT NULL,
  UNIQUE (project, script_hash)
);
"""


def _read(table: TableName) -> str:
    return f"SELECT project, change FROM {table.sql}"


def _applied(rows: Rows, migrations: Collection[Migration]) -> Recorded:
    """The changes of the project; a name that is planned n times, because it was reworked, has up to n rows."""
    remaining = Counter(f"{project}:{change}" for project, change in rows)
    versions = []
    for each in migrations:
        if remaining[each.key]:
            remaining[each.key] -= 1
            versions.append(each.version)
    return Recorded(versions=frozenset(versions))


LEDGER = LedgerFormat(
    default_table="sqitch.changes",
    definition=_definition,
    read=_read,
    applied=_applied,
    insert=None,
    remove=None,
    read_only_because="its change IDs depend on the entire plan, its tags, dependencies, and events",
)
