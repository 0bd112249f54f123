"""Sections of files that are marked by lines, as of goose, dbmate, and sql-migrate."""

from collections.abc import Callable
from enum import Enum

from pgfleet.manifest.text import Unusable


class Mark(Enum):
    """What a line of a file begins."""

    UP = "up"
    DOWN = "down"


def keep_up_sections(
    sql: str, mark_of: Callable[[str], Mark | None], *, marker: str, allows_sql_before: bool = False
) -> str:
    """The text with all lines outside the Up sections blanked; `mark_of` gets each line.

    Raises Unusable if no line is `marker`, or if SQL comes before it and the tool rejects that.
    """
    section: Mark | None = None
    has_up = False
    kept = []
    for number, line in enumerate(sql.split("\n"), start=1):
        section = mark_of(line) or section
        has_up = has_up or section is Mark.UP
        is_sql = bool(line.strip()) and not line.lstrip().startswith("--")
        if section is None and is_sql and not allows_sql_before:
            raise Unusable(f"contains SQL before '{marker}', at line {number}; move it into that section")
        kept.append(line if section is Mark.UP else " " * len(line))
    if not has_up:
        raise Unusable(f"contains no line '{marker}', so none of it would run; add it before the first statement")
    return "\n".join(kept)
