"""Finds sections of a file that undo its migration, which must never run."""

import re
from collections.abc import Sequence

from pgfleet.manifest.dropped_again import drops_again
from pgfleet.manifest.text import Unusable, line_of
from pgfleet.parser.parse import RawStatement

SUPPORTED = {
    "goose": r"\+goose[ \t]+down\b",
    "dbmate": r"migrate:down\b",
    "sql-migrate": r"\+migrate[ \t]+down\b",
    "node-pg-migrate": r"[ \t-]*down[ \t]+migration\b",
}
"""The comments that begin such a section, by the tool that removes it: those that [source] can name."""
UNSUPPORTED = {
    "micrate": r"\+micrate[ \t]+down\b",
    "rambler": r"rambler[ \t]+down\b",
    "MyBatis": r"//[ \t]*@undo\b",
    "shmig": r"=+[ \t]*down[ \t]*=+",
    "tern": r"[ \t-]*create[ \t]+above[ \t]*/[ \t]*drop[ \t]+below\b",
    "Play": r"[ \t-]*!downs\b",
}
"""Those of other tools."""
MARKERS = SUPPORTED | UNSUPPORTED
MARKER = re.compile(
    "|".join(rf"(?P<t{n}>^[ \t]*--[ \t]*{each})" for n, each in enumerate(MARKERS.values())),
    re.IGNORECASE | re.MULTILINE,
)
UP, DOWN = (
    re.compile(rf"^[ \t]*--[^\w\n]*(?:[+@]\w+[ \t]+|migrat\w+[^\w\n]+)?{word}[^\w\n]*$", re.IGNORECASE | re.MULTILINE)
    for word in ("up", "down")
)
"""Comments of nothing but that word. A note may be one of them, so one alone only counts by what follows it."""


def check_down_section(sql: str) -> None:
    """Raises Unusable if the text that is to run contains a Down section."""
    if found := MARKER.search(sql):
        tool = [*MARKERS][int((found.lastgroup or "t0").removeprefix("t"))]
        line = line_of(sql, found.start())
        advice = "name the tool in [source] (format = 2), or delete the section"
        raise Unusable(
            f"contains a Down section of {tool}, at line {line}, which must not run; "
            f"{advice if tool in SUPPORTED else 'delete the section'}"
        )
    if UP.search(sql) and (down := DOWN.search(sql)):
        line = line_of(sql, down.start())
        raise Unusable(f"contains a Down section, at line {line}, which must not run; delete the section")


def check_lone_marker(sql: str, statements: Sequence[RawStatement]) -> None:
    """Raises Unusable if statements after a comment of nothing but `down` drop what those before it create.

    `statements` are those of the text. A comment within one, such as in a function's body, does not count.
    """
    for found in DOWN.finditer(sql):
        place = found.start()
        before = [each.stmt for each in statements if each.end <= place]
        after = [each.stmt for each in statements if each.start > place]
        if len(before) + len(after) == len(statements) and drops_again(before, after):
            raise Unusable(
                f"contains a Down section, at line {line_of(sql, place)}, which must not run; delete the section"
            )
