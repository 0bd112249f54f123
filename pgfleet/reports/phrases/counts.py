"""Rows of counted tables: one figure, the figures before and after, the difference."""

from pgfleet.documents.findings import CountEntry
from pgfleet.documents.rollout import CountPair

FEWER, UNCERTAIN, MORE, SAME = range(4)
MARKS = {"~": "estimate", "-": "no such table", "?": "not counted"}


def rows_text(entry: CountEntry | None) -> str:
    """`1,204`; `~1,200,000` for an estimate; `-` if the table does not exist, `?` if it was not counted."""
    if entry is None:
        return "?"
    return "-" if entry.rows is None else f"{'' if entry.exact else '~'}{entry.rows:,}"


def pair_texts(pair: CountPair) -> tuple[str, str]:
    """The rows before and after."""
    return rows_text(pair.before), rows_text(pair.after)


def gain_text(pair: CountPair) -> str:
    """`+14`, `-3`, `0`; `~+500` where one of both is an estimate; empty where it is unknown."""
    gained = rows_gained(pair)
    if gained is None:
        return ""
    is_exact = pair.before and pair.before.exact and pair.after and pair.after.exact
    return f"{'' if is_exact else '~'}{gained:+,}" if gained else "0"


def rows_gained(pair: CountPair) -> int | None:
    """How many rows were added; negative where rows are gone, None where it is unknown."""
    before, after = (each.rows if each else None for each in (pair.before, pair.after))
    return None if before is None or after is None else after - before


def count_rank(pair: CountPair) -> int:
    """FEWER rows than before, UNCERTAIN whether earlier rows are still there, MORE, or the SAME."""
    gained = rows_gained(pair)
    if gained is None:
        return UNCERTAIN if pair.before and pair.before.rows else SAME
    return FEWER if gained < 0 else MORE if gained else SAME
