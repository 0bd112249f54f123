"""Rows of Prefect's table artifacts."""

MOST_ROWS = 100
TableRow = dict[str, str]


def capped(rows: list[TableRow], rest: str) -> list[TableRow]:
    """At most MOST_ROWS rows, and a last one with how many were left out."""
    kept = rows[:MOST_ROWS]
    if left_out := len(rows) - len(kept):
        kept.append({**dict.fromkeys(kept[0], ""), next(iter(kept[0])): f"… and {left_out} more, {rest}"})
    return kept
