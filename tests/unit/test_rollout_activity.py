"""Whether services use a tenant's tables after a ring."""

import pytest

from pgfleet.documents.rollout import Result
from pgfleet.manifest.model import Watch
from pgfleet.reports.phrases.rollout import is_unread
from pgfleet.rollout.activity import ActivityObservation, judge_watch, unwatched_entries

FAILED, DONE = Result.FAILED, Result.DONE


QUEUE = Watch(name="queue", table="tasks", overdue="SELECT 1", taken="SELECT 1")
TABLE = Watch(name="rules", table="rules", overdue=None, taken=None)


def read(**values: object) -> ActivityObservation:
    return ActivityObservation(watch="queue", **values)


@pytest.mark.parametrize(
    ("watch", "before", "after", "is_finding", "said"),
    [
        (QUEUE, {"updates": 5}, {"overdue": 3, "taken": 0, "updates": 5}, True, "3 overdue; none taken in 30 s"),
        (QUEUE, {"updates": 5}, {"overdue": 3, "taken": 2, "updates": 9}, False, "3 overdue; 2 taken in 30 s"),
        (QUEUE, {"updates": 5}, {"overdue": 0, "taken": 0, "updates": 5}, False, "nothing overdue; none taken in 30 s"),
        (
            QUEUE,
            {"updates": 5},
            {"overdue": 3, "taken": 0, "updates": 6},
            False,
            "3 overdue; 1 rows changed in 30 s, none taken",
        ),
        (QUEUE, {"fault": "no right"}, {"overdue": 3, "taken": 0}, False, "could not be watched: no right"),
        (TABLE, {"scans": 5}, {"scans": 17}, False, "read 12 times in 30 s"),
        (TABLE, {"scans": 5}, {"scans": 5}, False, "not read in 30 s"),
        (TABLE, {"scans": 5}, {"scans": 1}, False, "unknown: its counters were reset or are missing"),
    ],
)
def test_the_watch_compares_two_observations(
    watch: Watch, before: dict, after: dict, is_finding: bool, said: str
) -> None:
    entry = judge_watch(watch, read(**before), read(**after), tenant="acme", seconds=30)
    assert (entry.is_finding, entry.detail, entry.tenant) == (is_finding, said, "acme")


def test_unreadable_tables_are_no_findings_and_have_the_reason() -> None:
    entries = unwatched_entries([QUEUE, TABLE], "acme", "its wave failed: Crashed: lost", seconds=30)
    assert [(each.tenant, each.watch, each.is_finding) for each in entries] == [
        ("acme", "queue", False),
        ("acme", "rules", False),
    ]
    assert {each.detail for each in entries} == {"could not be watched: its wave failed: Crashed: lost"}
    assert all(map(is_unread, entries))
