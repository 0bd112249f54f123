"""Rows for a rollout's table artifacts: capped, worst first."""

import pytest
from unit.literals import a_difference_entry, a_manifest, a_migration
from unit.rollout_literals import (
    a_count,
    a_count_document,
    a_pair,
    a_plan,
    a_result,
    a_ring,
    a_rollout,
    a_seed_step,
    a_step,
    a_tenant_plan,
    a_watch_entry,
    planned,
    tenant_counts,
)

from pgfleet.documents.audit import Verdict
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import CountEntry
from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.rollout import CountPair, Result, StepStatus, TenantResult
from pgfleet.reports.phrases.counts import FEWER, MORE, SAME, UNCERTAIN, count_rank, gain_text, pair_texts
from pgfleet.reports.phrases.rollout import result_sentence
from pgfleet.reports.rows import LONGEST_CELL, MOST_ROWS, TableRow
from pgfleet.reports.views.counts import count_rows_of, fleet_count_rows
from pgfleet.reports.views.plan import plan_rows
from pgfleet.reports.views.rollout import rollout_rows, watch_rows

MANIFEST = a_manifest(a_migration("1"), a_migration("2", name="two"))
LOST = ErrorEntry(message="server closed the connection", sqlstate="08006")
MORE_THAN_ALLOWED = range(MOST_ROWS + 3)


def last_of(rows: list[TableRow]) -> str:
    """What the last row says in its first column, if it says nothing else."""
    assert len(rows) == MOST_ROWS + 1
    assert set(list(rows[-1].values())[1:]) == {""}
    assert list(rows[-1]) == list(rows[0])
    return rows[-1]["tenant"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        pytest.param(a_tenant_plan("t", planned("1"), planned("2")), "nothing to do", id="nothing"),
        pytest.param(
            a_tenant_plan("t", planned("1", Action.APPLY), planned("2", Action.APPLY), seeds=["rules"]),
            "apply all 2 migrations; apply seed rules",
            id="all that the manifest has",
        ),
        pytest.param(
            a_tenant_plan("t", planned("1", Action.REAPPLY), planned("2", Action.APPLY)),
            "apply 2; reapply 1",
            id="action by action",
        ),
        pytest.param(
            a_tenant_plan("t", planned("1", altered=True), planned("2", Action.RERUN, altered=True)),
            "rerun 2 (file changed since it was applied: 1, 2)",
            id="altered",
        ),
        pytest.param(
            a_tenant_plan("t", obstacle=Verdict.UNREACHABLE, reason="no answer"),
            "unreachable: no answer",
            id="obstacle",
        ),
        pytest.param(a_tenant_plan("t", seeds=["rules", "more"]), "apply seed rules, more", id="seeds"),
    ],
)
def test_a_row_says_what_will_be_done(plan: TenantPlan, words: str) -> None:
    assert plan_rows(a_plan(plan), MANIFEST) == [{"tenant": "t", "ring": "main", "plan": words}]


def test_a_manifest_of_one_migration_has_no_all() -> None:
    [row] = plan_rows(a_plan(a_tenant_plan("t", planned("1", Action.REAPPLY))), a_manifest(a_migration("1")))
    assert row["plan"] == "reapply 1"


def test_many_migrations_are_folded_in_rows() -> None:
    manifest = a_manifest(*(a_migration(f"{number:04}") for number in range(1, 64)))
    versions = [each.version for each in manifest.migrations]
    plan = a_tenant_plan("t", *(planned(each, Action.APPLY if each > "0038" else Action.SKIP) for each in versions))
    assert plan_rows(a_plan(plan), manifest)[0]["plan"] == "apply 25: 0039 … 0063"
    result = a_result("t", Result.DONE, *(a_step(each) for each in versions[38:]))
    assert result_sentence(result, versions) == "applied 25: 0039 … 0063"


def test_a_plans_rows_begin_with_what_needs_attention() -> None:
    plans = [
        a_tenant_plan("idle", planned("1")),
        a_tenant_plan("adopted", planned("1", Action.ADOPT)),
        a_tenant_plan("applied", planned("1", Action.APPLY)),
        a_tenant_plan("seeded", seeds=["rules"]),
        a_tenant_plan("down", obstacle=Verdict.UNREACHABLE, reason="no answer"),
        a_tenant_plan("reapplied", planned("1", Action.REAPPLY)),
    ]
    names = [row["tenant"] for row in plan_rows(a_plan(*plans), MANIFEST)]
    assert names == ["down", "applied", "reapplied", "adopted", "seeded", "idle"]


def test_a_plans_rows_are_capped() -> None:
    rows = plan_rows(a_plan(*(a_tenant_plan(f"t{number:03}") for number in MORE_THAN_ALLOWED)), MANIFEST)
    assert last_of(rows) == "… and 3 more, none with more to do"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        pytest.param(a_result("t", Result.UNCHANGED), "nothing to do", id="nothing"),
        pytest.param(
            a_result(
                "t",
                Result.DONE,
                a_step("1", Action.REAPPLY),
                a_step("2", Action.SKIP, StepStatus.SKIPPED),
                a_step("3", Action.REAPPLY),
                a_step("4", Action.ADOPT),
                a_step("5", status=StepStatus.NOT_EXERCISED),
                seeds=[a_seed_step(rows_added=1), a_seed_step(StepStatus.SKIPPED)],
            ),
            "reapplied 1, 3; adopted 4; not exercised 5; seed rules applied (1 row)",
            id="done",
        ),
        pytest.param(
            a_result(
                "t",
                Result.FAILED,
                a_step("1"),
                a_step(
                    "2",
                    status=StepStatus.FAILED,
                    error=ErrorEntry(message="no such type", sqlstate="42704", file="2_one.sql", line=3, column=9),
                ),
                seeds=[a_seed_step(StepStatus.FAILED, error=ErrorEntry(message="it deletes rows"))],
            ),
            "no such type (SQLSTATE 42704) at 2_one.sql, line 3 column 9; it deletes rows in seed rules",
            id="failed",
        ),
        pytest.param(
            a_result(
                "t", Result.FAILED, a_step(status=StepStatus.FAILED, error=LOST), reason="closed (08006)", error=LOST
            ),
            "server closed the connection (SQLSTATE 08006) in 1_one.sql",
            id="lost, told once",
        ),
        pytest.param(
            a_result(
                "t",
                Result.FAILED,
                a_step(
                    status=StepStatus.FAILED,
                    error=ErrorEntry(message="it is drifted afterwards: index public.idx_a is missing"),
                    residual=[a_difference_entry()],
                ),
            ),
            "it is drifted afterwards: index public.idx_a is missing in 1_one.sql",
            id="not proven",
        ),
        pytest.param(
            a_result("t", Result.NOT_REACHED, reason="ring early halted"), "ring early halted", id="not reached"
        ),
        pytest.param(a_result("t", Result.UNREACHABLE, reason="no answer"), "no answer", id="unreachable"),
    ],
)
def test_the_result_of_a_tenant_in_one_sentence(result: TenantResult, words: str) -> None:
    assert result_sentence(result, ("1", "2")) == words


def test_the_worst_results_come_first() -> None:
    results = [a_result(f"t-{each}", each, reason="why", ring="early") for each in reversed(Result)]
    rows = rollout_rows(a_rollout(*results))
    results_shown = [row["result"] for row in rows]
    assert results_shown == ["failed", "unreachable", "not reached", "partly exercised", "done", "unchanged"]
    assert rows[0] == {"tenant": "t-failed", "result": "failed", "details": "why", "ring": "early"}


def test_rows_of_results_are_capped_and_keep_the_worst() -> None:
    results = [a_result(f"t{number:03}", Result.DONE) for number in MORE_THAN_ALLOWED]
    rows = rollout_rows(a_rollout(*results, a_result("worst", Result.FAILED, reason="why")))
    assert rows[0]["tenant"] == "worst"
    assert last_of(rows) == "… and 4 more, none worse"


def test_cells_are_cut_where_they_are_too_long() -> None:
    long, cut = "x" * (LONGEST_CELL + 1), "x" * (LONGEST_CELL - 1) + "…"
    [row] = rollout_rows(a_rollout(a_result(result=Result.NOT_REACHED, reason=long)))
    assert row["details"] == cut
    [row] = plan_rows(a_plan(a_tenant_plan(seeds=[long])), a_manifest(a_migration("1")))
    assert row["plan"] == f"apply seed {long}"[: LONGEST_CELL - 1] + "…"
    [row] = fleet_count_rows(a_count_document(tenant_counts(reason=long)))
    assert row["reason"] == cut
    [row] = watch_rows(a_ring(watch=[a_watch_entry(detail=long)]))
    assert row["details"] == cut


@pytest.mark.parametrize(
    ("before", "after", "words", "gain", "rank"),
    [
        pytest.param(a_count(1_204), a_count(1_204), ("1,204", "1,204"), "0", SAME, id="the same"),
        pytest.param(a_count(1), a_count(15), ("1", "15"), "+14", MORE, id="more"),
        pytest.param(a_count(1_500), a_count(3), ("1,500", "3"), "-1,497", FEWER, id="fewer"),
        pytest.param(a_count(5, exact=False), a_count(7), ("~5", "7"), "~+2", MORE, id="estimated before"),
        pytest.param(a_count(5), a_count(4, exact=False), ("5", "~4"), "~-1", FEWER, id="estimated after"),
        pytest.param(a_count(5, exact=False), a_count(5, exact=False), ("~5", "~5"), "0", SAME, id="estimated"),
        pytest.param(a_count(None), a_count(0), ("-", "0"), "", SAME, id="the table is new"),
        pytest.param(a_count(3), a_count(None), ("3", "-"), "", UNCERTAIN, id="the table is gone"),
        pytest.param(a_count(3), None, ("3", "?"), "", UNCERTAIN, id="not counted again"),
        pytest.param(a_count(0), None, ("0", "?"), "", SAME, id="not counted again, and was empty"),
        pytest.param(None, None, ("?", "?"), "", SAME, id="never counted"),
    ],
)
def test_rows_before_and_after(
    before: CountEntry | None, after: CountEntry | None, words: tuple[str, str], gain: str, rank: int
) -> None:
    pair = CountPair(table="one", before=before, after=after)
    assert (pair_texts(pair), gain_text(pair), count_rank(pair)) == (words, gain, rank)


def test_counts_of_a_rollout_have_a_row_a_tenant_and_table_losses_first() -> None:
    same, lost = a_pair(a_count(3), a_count(3)), a_pair(a_count(3), None, table="two")
    fewer, more = a_pair(a_count(3), a_count(2)), a_pair(a_count(3), a_count(4), table="two")
    rows = count_rows_of(
        a_rollout(a_result("acme", counts=[same, more]), a_result("globex", counts=[fewer, lost]), a_result("none"))
    )
    assert rows == [
        {"tenant": "globex", "table": "one", "before": "3", "after": "2", "difference": "-1"},
        {"tenant": "globex", "table": "two", "before": "3", "after": "?", "difference": ""},
        {"tenant": "acme", "table": "two", "before": "3", "after": "4", "difference": "+1"},
        {"tenant": "acme", "table": "one", "before": "3", "after": "3", "difference": "0"},
    ]


def test_counts_of_a_rollout_are_capped_and_keep_the_losses() -> None:
    same = [a_result(f"t{number:03}", counts=[a_pair(a_count(3), a_count(3))]) for number in MORE_THAN_ALLOWED]
    rows = count_rows_of(a_rollout(*same, a_result("worst", counts=[a_pair(a_count(3), a_count(0))])))
    assert rows[0]["tenant"] == "worst"
    assert last_of(rows) == "… and 4 more, none worse"


def test_counts_of_a_fleet_have_a_column_a_table() -> None:
    document = a_count_document(
        tenant_counts("acme", a_count(1_204), a_count(None, table="two"), ring="canary"),
        tenant_counts("down", reason="no answer"),
        tenant_counts("part", a_count(5, exact=False), a_count(None, table="two"), reason="two: timeout"),
    )
    assert fleet_count_rows(document) == [
        {"tenant": "down", "ring": "main", "one": "?", "two": "?", "reason": "no answer"},
        {"tenant": "part", "ring": "main", "one": "~5", "two": "?", "reason": "two: timeout"},
        {"tenant": "acme", "ring": "canary", "one": "1,204", "two": "-", "reason": ""},
    ]


def test_what_the_watch_found_comes_first_and_what_it_could_not_see_next() -> None:
    entries = [
        a_watch_entry("fine"),
        a_watch_entry("unseen", overdue=None, detail="could not be watched: timeout"),
        a_watch_entry("stuck", is_finding=True, overdue=9, detail="9 overdue; none taken in 30 s"),
    ]
    rows = watch_rows(a_ring("early", watch=entries))
    assert [(row["tenant"], row["finding"]) for row in rows] == [
        ("stuck", "yes"),
        ("unseen", "unknown"),
        ("fine", "no"),
    ]
    assert rows[0] == {
        "tenant": "stuck",
        "ring": "early",
        "watched": "queue (tasks)",
        "finding": "yes",
        "details": "9 overdue; none taken in 30 s",
    }


def test_nothing_is_no_rows() -> None:
    assert plan_rows(a_plan(), MANIFEST) == rollout_rows(a_rollout()) == count_rows_of(a_rollout()) == []
    assert fleet_count_rows(a_count_document()) == watch_rows(a_ring()) == []
