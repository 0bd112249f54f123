"""Runs of migrations in few words."""

import pytest

from pgfleet.reports.blocks import Status, StatusStyle
from pgfleet.reports.phrases.migration_runs import fold_cells, fold_versions

ORDER = ("7", "1", "2", "3", "9", "4", "5", "6")
"""The manifest's order is not that of the versions."""
APPLIED, PENDING, DRIFTED = (
    Status(StatusStyle.GOOD, "applied", mark="✓"),
    Status(StatusStyle.PENDING, "pending"),
    Status(StatusStyle.BAD, "drifted"),
)


@pytest.mark.parametrize(
    ("versions", "text"),
    [
        ([], ""),
        (["1"], "1"),
        (["1", "2"], "1, 2"),
        (["3", "1", "2"], "1 … 3"),
        (["1", "2", "3", "9", "5", "6"], "1 … 9, 5, 6"),
        (ORDER, "7 … 6"),
        (["7", "7"], "7"),
        (["unknown", "7", "other"], "7, unknown, other"),
    ],
)
def test_versions_that_follow_each_other_in_the_manifest_are_a_run(versions: list[str], text: str) -> None:
    assert fold_versions(versions, ORDER) == text


def test_of_many_runs_the_first_are_named_and_the_others_counted() -> None:
    order = [f"{number:03}" for number in range(40)]
    assert fold_versions(order[::2], order) == "000, 002, 004, 006, 008, 010 and 14 more"


def test_cells_are_counted_by_word_and_the_good_ones_need_no_names() -> None:
    cells = (PENDING, APPLIED, DRIFTED, APPLIED, APPLIED, PENDING, PENDING, PENDING)
    words = [(each.style, each.word) for each in fold_cells(cells, ORDER)]
    assert words == [
        (StatusStyle.GOOD, "3 applied"),
        (StatusStyle.PENDING, "4 pending: 7, 4 … 6"),
        (StatusStyle.BAD, "1 drifted: 2"),
    ]


def test_cells_that_are_all_the_same_are_one_word() -> None:
    assert [each.word for each in fold_cells([PENDING] * 8, ORDER)] == ["all 8 pending"]
    assert [each.word for each in fold_cells([APPLIED], ["1"])] == ["applied"]
    assert fold_cells([], []) == ()
