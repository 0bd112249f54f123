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


def keep_up_sections(sql: str, mark_of: Callable[[str], Mark | None], *, marker: str, is_strict: bool = True) -> str:
    """The text with all lines outside the Up sections blanked; `mark_of` gets each line.

    A strict tool wants one Up section, nothing but comments before it, and at most one Down section after it. Raises
    Unusable if the text is different, or if no line is `marker`.
    """
    lines = sql.split("\n")
    marks = [mark_of(line) for line in lines]
    if Mark.UP not in marks:
        raise Unusable(f"contains no line '{marker}', so none of it would run; add it before the first statement")
    section: Mark | None = None
    kept = []
    for number, (line, mark) in enumerate(zip(lines, marks, strict=True), start=1):
        if mark and is_strict:
            _check_order(section, mark, marker, number)
        section = mark or section
        is_sql = bool(line.strip()) and not line.lstrip().startswith("--")
        if section is None and is_sql and is_strict:
            raise Unusable(f"contains SQL before '{marker}', at line {number}; move it into that section")
        kept.append(line if section is Mark.UP else " " * len(line))
    return "\n".join(kept)


def _check_order(before: Mark | None, mark: Mark, marker: str, line: int) -> None:
    """Raises Unusable if a section may not follow the one before it, or none."""
    if mark is Mark.UP and before:
        raise Unusable(
            f"contains '{marker}' more than once, at line {line}; keep one Up section, before the Down section"
        )
    if mark is Mark.DOWN and before is None:
        raise Unusable(f"contains a Down section before '{marker}', at line {line}; move it to the end of the file")
    if mark is Mark.DOWN and before is Mark.DOWN:
        raise Unusable(f"contains two Down sections, the second at line {line}; make them one")
