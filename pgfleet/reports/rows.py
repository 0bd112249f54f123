"""Rows of Prefect's table artifacts."""

from collections.abc import Iterable, Sequence

MOST_ROWS = 100
TableRow = dict[str, str]


def capped(rows: list[TableRow], rest: str) -> list[TableRow]:
    """At most MOST_ROWS rows, and a last one with how many were left out."""
    kept = rows[:MOST_ROWS]
    if left_out := len(rows) - len(kept):
        kept.append({**dict.fromkeys(kept[0], ""), next(iter(kept[0])): f"… and {left_out} more, {rest}"})
    return kept


def table_rows(head: Sequence[str], rows: Iterable[Sequence[str]], rest: str = "none worse") -> list[TableRow]:
    """Rows with these columns, capped."""
    return capped([dict(zip(head, row, strict=True)) for row in rows], rest)
