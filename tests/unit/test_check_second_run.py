"""What a second run of a migration must not change or lose."""

from collections.abc import Iterable, Mapping

import pytest
from unit.literals import a_column, a_table

from pgfleet.catalog.objects import CatalogObject
from pgfleet.check.evidence import DatabaseState, SecondRun
from pgfleet.check.second_run import failed_run, findings_of, judge_second_run

RULES = (a_table("rules"), a_column("rules", "name", type="text"))
ROWS = {"public.rules": {"a": 1, "b": 2}}


def a_run(
    *,
    between: Mapping[str, Mapping[str, int]] = ROWS,
    after: Mapping[str, Mapping[str, int]] = ROWS,
    objects: Iterable[CatalogObject] = RULES,
    error: str | None = None,
) -> SecondRun:
    return SecondRun(
        before=DatabaseState(objects=RULES, rows=ROWS),
        between=between,
        after=DatabaseState(objects=tuple(objects), rows=after),
        error=error,
    )


def test_the_same_objects_and_rows_are_nothing() -> None:
    found = judge_second_run(findings_of(a_run()))
    assert (found.changes_nothing, found.loses_no_row, found.detail) == (True, True, None)


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (a_run(error="name is taken"), "fails: name is taken"),
        (a_run(objects=[*RULES, a_table("more")]), "creates table public.more"),
        (a_run(objects=RULES[:1]), "drops column public.rules.name"),
        (a_run(objects=[RULES[0], a_column("rules", "name", type="int")]), "changes column public.rules.name"),
        (a_run(after={"public.rules": {"a": 1, "b": 2, "c": 1}}), "adds 1 row to public.rules"),
        (
            a_run(objects=[*RULES, *(a_table(f"t{n}") for n in range(7))]),
            "creates table public.t0, table public.t1, table public.t2, table public.t3, table public.t4 and 2 more",
        ),
    ],
    ids=["fails", "makes", "drops", "alters", "adds a row", "many"],
)
def test_a_change_is_named(run: SecondRun, said: str) -> None:
    found = judge_second_run(findings_of(run))
    assert (found.changes_nothing, found.loses_no_row, found.detail) == (False, True, said)


@pytest.mark.parametrize(
    ("between", "after", "said"),
    [
        ({}, {}, "deletes 3 of 3 rows of public.rules"),
        ({"public.rules": {"a": 1}}, {"public.rules": {"a": 1}}, "deletes 2 of 3 rows of public.rules"),
        (ROWS, {"public.rules": {"a": 1, "b": 1}}, "deletes 1 of 3 rows of public.rules"),
        (ROWS, {"public.rules": {"a": 1, "c": 2}}, "changes 2 of 3 rows of public.rules every time"),
    ],
    ids=["table gone", "in the first run", "in the second", "altered"],
)
def test_a_deleted_or_changed_row_is_reported(
    between: Mapping[str, Mapping[str, int]], after: Mapping[str, Mapping[str, int]], said: str
) -> None:
    found = judge_second_run(findings_of(a_run(between=between, after=after)))
    assert (found.loses_no_row, found.detail) == (False, said)


def test_rows_that_a_migration_has_not_met_before_may_be_altered_once() -> None:
    backfilled = {"public.rules": {"A": 1, "B": 2}}
    found = judge_second_run(findings_of(a_run(between=backfilled, after=backfilled)))
    assert (found.changes_nothing, found.loses_no_row) == (True, True)


def test_losses_in_an_empty_table_are_unknown() -> None:
    rows = {"public.rules": {}}
    sight = DatabaseState(objects=RULES, rows=rows)
    found = judge_second_run(findings_of(SecondRun(before=sight, between=rows, after=sight)))
    assert (found.changes_nothing, found.loses_no_row) == (True, None)
    assert found.detail == "no rows to lose in public.rules"


def test_a_run_that_fails_changes_nothing_else() -> None:
    found = judge_second_run(failed_run("name is taken"))
    assert (found.changes_nothing, found.loses_no_row, found.detail) == (False, True, "fails: name is taken")
