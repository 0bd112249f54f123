"""Sections of files that are marked by lines, as of goose, dbmate, and sql-migrate."""

from collections.abc import Callable
from enum import Enum

from pgfleet.manifest.text import Unusable


class Mark(Enum):
    """What a line of a file begins."""

    UP = "up"
    DOWN = "down"


def keep_down_sections(sql: str, mark_of: Callable[[str], Mark | None]) -> str:
    """The text with all lines outside the Down sections blanked, and their marker lines."""
    section: Mark | None = None
    kept = []
    for line in sql.split("\n"):
        mark = mark_of(line)
        section = mark or section
        kept.append(line if section is Mark.DOWN and mark is None else " " * len(line))
    return "\n".join(kept)


def keep_up_sections(
    sql: str, mark_of: Callable[[str], Mark | None], *, marker: str, allows_sql_before: bool = False
) -> str:
    """The text with all lines outside the Up sections blanked; `mark_of` gets each line.

    Raises Unusable if no line is `marker`, or if SQL comes before it and the tool rejects that.
    """
    lines = sql.split("\n")
    marks = [mark_of(line) for line in lines]
    if Mark.UP not in marks:
        raise Unusable(f"contains no line '{marker}', so none of it would run; add it before the first statement")
    section: Mark | None = None
    kept = []
    for number, (line, mark) in enumerate(zip(lines, marks, strict=True), start=1):
        section = mark or section
        is_sql = bool(line.strip()) and not line.lstrip().startswith("--")
        if section is None and is_sql and not allows_sql_before:
            raise Unusable(f"contains SQL before '{marker}', at line {number}; move it into that section")
        kept.append(line if section is Mark.UP else " " * len(line))
    return "\n".join(kept)
