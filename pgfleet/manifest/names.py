"""What a script's name says: its version, its title, and whether it is repeatable."""

import re
from dataclasses import dataclass

FOLDER_SCRIPTS = ("up.sql", "migration.sql")
"""The scripts of diesel and Prisma, of which each has a folder with the migration's name."""
NUMBERED = re.compile(r"(\d+(?:[.-]\d+)*)(?:[-_.](.*))?", re.ASCII | re.DOTALL)
FLYWAY = re.compile(r"V(\d+(?:[._]\d+)*)(?:__(.*))?", re.ASCII | re.DOTALL)
REPEATABLE = re.compile(r"R__(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptName:
    """The parts of a name; `version` is empty if it has none, `shown_folders` as in `Script`."""

    version: str
    title: str
    repeatable: bool = False
    shown_folders: int = 0


def read_name(path: str) -> ScriptName:
    """The parts of a script's path: `0001-users.sql`, `V1.2__users.sql`, `R__view.sql`, `2024-01-01_users/up.sql`."""
    *folders, file = path.split("/")
    is_in_folder = file in FOLDER_SCRIPTS and bool(folders)
    stem = folders[-1] if is_in_folder else file.removesuffix(".sql").removesuffix(".up")
    shown_folders = int(is_in_folder)
    if found := REPEATABLE.fullmatch(stem):
        return ScriptName(version=stem, title=words(found[1]), repeatable=True, shown_folders=shown_folders)
    if found := FLYWAY.fullmatch(stem) or NUMBERED.fullmatch(stem):
        version = found[1].replace("_", ".")
        return ScriptName(version=version, title=words(found[2] or ""), shown_folders=shown_folders)
    return ScriptName(version="", title=words(stem), shown_folders=shown_folders)


def words(name: str) -> str:
    """A part of a file's name as people read it: `create_users-table` is `create users table`."""
    return " ".join(re.split(r"[-_\s]+", name)).strip()


def natural_order(name: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that compares numbers in names by value, and puts them before letters: `9_a`, `10_a`, `a`."""
    parts = re.findall(r"\d+|\D+", name, re.ASCII)
    return tuple((0, int(each), "") if each.isascii() and each.isdigit() else (1, 0, each) for each in parts)
