"""Rows of Prefect's table artifacts."""

from collections.abc import Iterable, Sequence

from pgfleet.hidden_characters import show_hidden
from pgfleet.wording import shortened

MOST_ROWS = 100
LONGEST_CELL = 1000
"""In characters. Prefect wraps no column, but a cell that is cut off hides what is wrong."""
TableRow = dict[str, str]


def capped(rows: list[TableRow], rest: str, most: int = MOST_ROWS) -> list[TableRow]:
    """At most `most` rows with hidden characters shown, and a last one with the number of omitted rows."""
    kept = [{name: show_hidden(cell) for name, cell in row.items()} for row in rows[:most]]
    if left_out := len(rows) - len(kept):
        kept.append({**dict.fromkeys(kept[0], ""), next(iter(kept[0])): f"… and {left_out} more, {rest}"})
    return kept


def table_rows(
    head: Sequence[str], rows: Iterable[Sequence[str]], rest: str = "none worse", *, most: int = MOST_ROWS
) -> list[TableRow]:
    """Rows with these columns, capped, with shortened cells."""
    cells = ([shortened(each, LONGEST_CELL) for each in row] for row in rows)
    return capped([dict(zip(head, row, strict=True)) for row in cells], rest, most)
