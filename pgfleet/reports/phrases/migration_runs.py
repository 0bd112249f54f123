"""Many migrations in few words: consecutive versions become a run, `0039 … 0063`."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from pgfleet.reports.blocks import Status, StatusStyle

SHORTEST_RUN = 3
MOST_RUNS = 6
NEEDS_NO_NAMES = frozenset({StatusStyle.GOOD, StatusStyle.NONE})


def fold_versions(versions: Iterable[str], order: Sequence[str]) -> str:
    """`0007, 0039 … 0063`: the versions in the manifest's order, the first MOST_RUNS runs of them."""
    places = {version: place for place, version in enumerate(order)}
    chosen = sorted(dict.fromkeys(versions), key=lambda each: places.get(each, len(places)))
    parts = [part for run in _runs(chosen, places) for part in _run_parts(run)]
    left_out = len(chosen) - sum(len(part) for part in parts[:MOST_RUNS])
    names = [f"{part[0]} … {part[-1]}" if len(part) > 1 else part[0] for part in parts[:MOST_RUNS]]
    return ", ".join(names) + (f" and {left_out} more" if left_out else "")


def fold_cells(cells: Sequence[Status], order: Sequence[str]) -> tuple[Status, ...]:
    """`38 applied`, `25 pending: 0039 … 0063`: one status per word, the good ones without names."""
    found: dict[str, list[tuple[Status, str]]] = {}
    for cell, version in zip(cells, order, strict=True):
        found.setdefault(cell.word, []).append((cell, version))
    return tuple(_folded(group, order) for group in sorted(found.values(), key=lambda each: not _is_good(each[0][0])))


def _folded(group: Sequence[tuple[Status, str]], order: Sequence[str]) -> Status:
    status, number = group[0][0], len(group)
    if number == len(order):
        return Status(status.style, f"all {number} {status.word}" if number > 1 else status.word)
    names = "" if _is_good(status) else f": {fold_versions((version for _, version in group), order)}"
    return Status(status.style, f"{number} {status.word}{names}")


def _is_good(status: Status) -> bool:
    return status.style in NEEDS_NO_NAMES


def _runs(chosen: Sequence[str], places: dict[str, int]) -> Iterator[list[str]]:
    """Versions that follow each other in the manifest; one that the manifest does not have is a run of its own."""
    for _, run in groupby(enumerate(chosen), key=lambda each: places.get(each[1], -each[0]) - each[0]):
        yield [version for _, version in run]


def _run_parts(run: list[str]) -> list[list[str]]:
    return [run] if len(run) >= SHORTEST_RUN else [[each] for each in run]
