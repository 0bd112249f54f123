"""A directory of migration files, and what a tool's layout finds in it."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgfleet.manifest.model import Tool
from pgfleet.manifest.text import Unusable, normalize

Content = str | Unusable | None
"""A file's text as it is stored, why it cannot be used, or None if it was not read because of its kind."""
Directory = Mapping[str, Content]
"""The files of a directory and its folders, by path relative to it, with `/`."""
DOWN_FILE = re.compile(r"(?:.*[/.])?down\.sql")
"""`1_users.down.sql`, `2024-01-01_users/down.sql`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """What a tool reads from a file's name.

    `key` is the name in the tool's ledger. `order` sorts the migrations; two with the same `identity` contradict each
    other. `shown_folders` is as in `Script`.
    """

    version: str
    key: str
    title: str
    order: tuple[Any, ...]
    identity: object
    repeatable: bool = False
    shown_folders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The part of a file that runs, with LF line ends and all else blank.

    `transactional` is None where the tool lets the statements decide.
    """

    sql: str
    transactional: bool | None = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A migration's file; `path` is relative to the directory."""

    path: str
    label: Label
    section: Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A file that pgfleet cannot use; `problem` is a phrase that follows its name and a colon."""

    path: str
    problem: str


Finding = Candidate | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Down:
    """What reverts a migration: the path relative to the directory, and the text with all else blank."""

    path: str
    sql: str | Unusable


Downs = Iterator[tuple[str, Down]]
"""Pairs of the path of a migration and what reverts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a tool arranges its files.

    `find` returns the migrations in any order, and the files that pgfleet cannot use. `recognize` returns why the
    directory looks like the tool's, or None. `auxiliary` matches the paths of other SQL files that belong to the tool,
    such as those that undo a migration. `find_downs` returns what reverts the given migrations.
    """

    tool: Tool
    find: Callable[[Directory], Iterator[Finding]]
    recognize: Callable[[Directory], str | None] = field(default=lambda _: None)
    auxiliary: re.Pattern[str] = DOWN_FILE
    find_downs: Callable[[Directory, Collection[Candidate]], Downs] = field(default=lambda _directory, _found: iter(()))


def find_scripts(
    directory: Directory, read_label: Callable[[str], Label | None], read_section: Callable[[str, str], Section]
) -> Iterator[Finding]:
    """The findings of a layout in which each file is a migration.

    `read_label` gets a path and returns None for a file that the tool ignores; `read_section` gets a text with LF line
    ends and the path. Both raise Unusable for a file that pgfleet cannot use.
    """
    for path in directory:
        try:
            if label := read_label(path):
                section = read_section(normalize(read_text(directory, path)), path)
                yield Candidate(path=path, label=label, section=section)
        except Unusable as error:
            yield Refused(path=path, problem=str(error))


def read_text(directory: Directory, path: str) -> str:
    """The text of a file as it is stored. Raises Unusable."""
    content = directory.get(path)
    if isinstance(content, Unusable):
        raise content
    if content is None:
        raise Unusable("does not exist")
    return content


def run_all(sql: str, _path: str) -> Section:
    """The section of a tool that runs entire files, each in a transaction."""
    return Section(sql=sql)


def run_all_as_allowed(sql: str, _path: str) -> Section:
    """The section of a tool that sends a file without a transaction of its own, so that its statements decide."""
    return Section(sql=sql, transactional=None)


def texts(directory: Directory) -> Iterator[tuple[str, str]]:
    """The path and the text of each SQL file that could be read."""
    for path, content in directory.items():
        if path.endswith(".sql") and isinstance(content, str):
            yield path, content


def recognize_text(directory: Directory, pattern: re.Pattern[str], description: str) -> str | None:
    """For `Layout.recognize`: how many files contain the pattern."""
    return count_files(sum(bool(pattern.search(text)) for _, text in texts(directory)), f"contain {description}")


def recognize_names(directory: Directory, pattern: re.Pattern[str], description: str) -> str | None:
    """For `Layout.recognize`: how many paths match the pattern."""
    return count_files(sum(bool(pattern.fullmatch(path)) for path in directory), f"are named {description}")


def count_files(number: int, what: str) -> str | None:
    """`3 files contain …`, or None if there is none."""
    verb, *rest = what.split(" ", 1)
    singular = {"contain": "contains", "are": "is", "have": "has"}.get(verb, verb)
    return " ".join([f"1 file {singular}" if number == 1 else f"{number} files {verb}", *rest]) if number else None
