"""Which tool the migration files in a directory belong to."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pgfleet.manifest.model import Tool
from pgfleet.manifest.source.foreign import find_foreign
from pgfleet.manifest.source.model import Directory, count_files
from pgfleet.manifest.source.tools import LAYOUTS

SUPABASE = "supabase/migrations"
UP_FILE = re.compile(r"\d+_[^/]*\.up\.sql", re.ASCII)
NUMBERED_FILE = re.compile(r"\d[^/]*\.sql", re.ASCII)
UP_FILE_TOOLS = (Tool.GOLANG_MIGRATE, Tool.SQLX)
"""The tools whose files can all be called `000001_users.up.sql`; node-pg-migrate's can too, but usually are not."""
ALIKE = {
    Tool.PRISMA: (
        re.compile(r"[^/]+/snapshot\.json"),
        "snapshot.json is Drizzle's, and its ledger is not Prisma's: delete [ledger] from the manifest",
    ),
    Tool.DIESEL: (
        re.compile(r"\d{13}_[^/]*/up\.sql", re.ASCII),
        "Hasura's folders are named so, and its ledger is not Diesel's: if they are, delete [ledger] from the manifest",
    ),
}
"""By tool, the files by which another tool with the same layout is told, and what to do then."""
CODE = frozenset({"java", "js", "kt", "py", "rb", "ts", "xml"})
"""Endings of migrations that are not SQL: those of Alembic, Django, Rails, Liquibase, Knex, and others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """The tools that the files can belong to, with the reasons.

    `hint` is what else to consider. If there is none, `foreign` says that the files are of another tool, and what to
    do; `subfolders` contain migrations.
    """

    reasons: dict[Tool, str]
    hint: str | None = None
    foreign: str | None = None
    subfolders: tuple[str, ...] = ()


def recognize(directory: Directory, path: str) -> Recognition:
    """The tools whose files these can be; `path` is the directory's own path, with `/`.

    Markers in files and names that only one tool uses decide. Otherwise, up files belong to one of two tools, and
    numbered files are plain.
    """
    reasons = {tool: reason for tool, layout in LAYOUTS.items() if (reason := layout.recognize(directory))}
    if reasons:
        hints = (
            hint for tool, (names, hint) in ALIKE.items() if tool in reasons and any(map(names.fullmatch, directory))
        )
        return Recognition(reasons=reasons, hint=next(hints, None))
    if foreign := find_foreign(directory):
        return Recognition(reasons={}, foreign=foreign)
    if path.endswith(SUPABASE):
        return Recognition(reasons={Tool.SUPABASE: f"its path ends in {SUPABASE}"})
    if reason := _count(directory, UP_FILE, "are named like 000001_users.up.sql"):
        return Recognition(reasons=dict.fromkeys(UP_FILE_TOOLS, reason))
    if reason := _count(directory, NUMBERED_FILE, "have numbered names, and none has a tool's markers"):
        hint = (
            "sqlx, supabase, and postgres-migrations use such names too; if one of them runs these files, pass --tool"
        )
        return Recognition(reasons={Tool.PLAIN: reason}, hint=hint)
    return Recognition(reasons={}, hint=_describe(directory), subfolders=tuple(_find_subfolders(directory, path)))


def _find_subfolders(directory: Directory, path: str) -> Iterator[str]:
    """The folders of the directory, by name, whose files belong to a tool."""
    for folder in sorted({each.split("/")[0] for each in directory if "/" in each}):
        files = {
            each.removeprefix(f"{folder}/"): directory[each] for each in directory if each.startswith(f"{folder}/")
        }
        found = recognize(files, f"{path}/{folder}")
        if found.reasons:
            yield folder
        yield from (f"{folder}/{each}" for each in found.subfolders)


def _describe(directory: Directory) -> str:
    """What the directory contains: the most frequent kinds of files."""
    kinds = Counter(path.rpartition(".")[2] for path in directory if "." in path.rpartition("/")[2])
    most = [f"{number} .{kind}" for kind, number in kinds.most_common(3)]
    advice = (
        "; to write migrations in code out as SQL, see docs/manifest.md in pgfleet's documentation"
        if CODE & kinds.keys()
        else ""
    )
    return f"it contains {', '.join(most)}{advice}" if most else "it contains no file"


def _count(directory: Directory, pattern: re.Pattern[str], what: str) -> str | None:
    return count_files(sum(bool(pattern.fullmatch(path)) for path in directory), what)
