"""What is concluded of tenants and rings: results, budgets, signatures, guards, the second look, the watch."""

import pytest
from unit.literals import a_migration_entry, a_tenant_entry
from unit.rollout_literals import (
    a_result,
    a_ring,
    a_seed_step,
    a_step,
    a_tenant_plan,
    a_watch_entry,
    planned,
)

from pgfleet.connect_failure import ConnectFailure
from pgfleet.documents.audit import CountEntry, LedgerState, MigrationStatus, Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import ErrorEntry, Result, RingOutcome, StepStatus
from pgfleet.errors import (
    AccessRefused,
    ConnectionFailed,
    ConnectionLost,
    GuardTripped,
    LedgerUnusable,
    NotProven,
    PgfleetError,
    Place,
    PlanOutdated,
    StatementFailed,
)
from pgfleet.judge.observations import CountObservation
from pgfleet.manifest.model import Watch
from pgfleet.reports.phrases.rollout import is_unread
from pgfleet.rollout.activity import ActivityObservation, judge_watch, unwatched_entries
from pgfleet.rollout.advice import BY_SQLSTATE, advise, build_error_entry
from pgfleet.rollout.counts import tenant_counts
from pgfleet.rollout.failure_budget import allowed_failures, count_failures
from pgfleet.rollout.failure_groups import group_failures
from pgfleet.rollout.guard import GuardObservation, shrinkage
from pgfleet.rollout.results import (
    blocked_status,
    build_result,
    failed_result,
    find_blocker,
    not_reached,
    obstructed_result,
)
from pgfleet.rollout.revalidate import revalidate
from pgfleet.rollout.rings import find_unsettled, finish_ring, has_changed, watch_halt_reason
from pgfleet.rollout.summary import RolloutOutcome, exit_status, outcome_of, result_of, summarize
from pgfleet.run.failure_budget import FailureBudget

FAILED, DONE = Result.FAILED, Result.DONE


# Budgets and the gate


@pytest.mark.parametrize(
    ("budgets", "size", "allowed"),
    [({}, 10, 0), ({"main": 3}, 10, 3), ({"main": "5%"}, 100, 5), ({"main": "5%"}, 19, 0), ({"main": "100%"}, 7, 7)],
)
def test_a_budget_is_a_number_or_a_share_of_the_ring(budgets: dict[str, int | str], size: int, allowed: int) -> None:
    assert allowed_failures("main", budgets, size) == allowed


def test_failed_and_unreachable_tenants_count() -> None:
    assert count_failures(a_result(str(number), result) for number, result in enumerate(Result)) == 2


def test_no_tenant_starts_after_the_first_failure_beyond_the_budget() -> None:
    budget = FailureBudget(1)
    for result, allows in ((DONE, True), (FAILED, True), (DONE, True), (Result.UNREACHABLE, False), (DONE, False)):
        budget.record(a_result("t", result))
        assert budget.allows_another is allows


def test_without_a_limit_only_the_stop_signal_stops_a_wave() -> None:
    stopped: list[str] = []
    budget = FailureBudget(None, lambda: bool(stopped))
    budget.record(a_result("t", FAILED))
    assert budget.allows_another
    stopped.append("too many tenants failed in other waves")
    assert not budget.allows_another


# Signatures


def failing(name: str, error: ErrorEntry, version: str = "1") -> object:
    return a_result(name, FAILED, a_step(version, status=StepStatus.FAILED, error=error))


MISSING = ErrorEntry(message='relation "one" does not exist', sqlstate="42P01", line=4, column=2, advice="look")


def test_ninety_tenants_that_fail_for_one_reason_read_as_one() -> None:
    other = MISSING.model_copy(update={"line": 9})
    results = [failing(f"t{number}", MISSING) for number in range(90)] + [failing("x", other), a_result("y", DONE)]
    first, second = group_failures(results)
    assert (first.signature, len(first.tenants), first.advice) == ("42P01 · 1 · line 4", 90, "look")
    assert (second.signature, second.tenants) == ("42P01 · 1 · line 9", ("x",))


def test_without_a_sqlstate_the_message_stands_for_it() -> None:
    error = ErrorEntry(message="it is drifted afterwards")
    assert group_failures([failing("t", error)])[0].signature == "it is drifted afterwards · 1"
    seed = a_result("t", FAILED, seeds=[a_seed_step(StepStatus.FAILED, error=error)])
    assert group_failures([seed])[0].signature == "it is drifted afterwards · seed rules"
    lost = a_result("t", Result.UNREACHABLE, error=error)
    assert group_failures([lost])[0].signature == "it is drifted afterwards"


# Errors


@pytest.mark.parametrize("state", BY_SQLSTATE)
def test_every_listed_sqlstate_has_its_advice(state: str) -> None:
    assert advise(StatementFailed("it", state.ljust(5, "9"))) == BY_SQLSTATE[state]


def test_the_longer_code_wins_and_an_unlisted_one_has_none() -> None:
    assert advise(StatementFailed("it", "42703")) != advise(StatementFailed("it", "42999"))
    assert advise(StatementFailed("it", "22012")) is None
    assert advise(PgfleetError("it")) is None


@pytest.mark.parametrize(
    "error",
    [
        NotProven("it"),
        GuardTripped("it"),
        PlanOutdated("it"),
        LedgerUnusable("it"),
        AccessRefused("it"),
        ConnectionFailed("it"),
        ConnectionLost("it"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_has_no_sqlstate_is_advised_by_its_kind(error: PgfleetError) -> None:
    assert advise(error)


def test_an_error_is_told_with_its_place() -> None:
    entry = build_error_entry(StatementFailed("no such column", "42703", Place("1_one.sql", 3, 5)))
    assert (entry.message, entry.sqlstate, entry.file, entry.line, entry.column) == (
        "no such column",
        "42703",
        "1_one.sql",
        3,
        5,
    )


# Guards


def guard(
    rows: int, *, inserted: int = 0, deleted: int = 0, storage: int | None = 1, exact: bool = True
) -> GuardObservation:
    return GuardObservation(table="one", storage=storage, inserted=inserted, deleted=deleted, rows=rows, exact=exact)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (guard(10), guard(10), None),
        (guard(10), guard(7, deleted=3), "one lost 3 of 10 rows"),
        (guard(10), guard(8, deleted=3, inserted=1), "one lost 2 of 10 rows"),
        (guard(10), guard(12, deleted=1, inserted=3), None),
        (guard(10), guard(0, deleted=10, inserted=10), "one lost 10 of 10 rows"),
        (guard(10), guard(6), None),
        (guard(10, deleted=5), guard(10, deleted=5), None),
        (guard(10), None, "one was dropped, with 10 rows"),
        (guard(1), None, "one was dropped, with 1 row"),
        (guard(10), guard(0, storage=2), "one shrank from 10 rows to 0"),
        (guard(10), guard(10, storage=2), None),
        (guard(10), guard(9, storage=2), "one shrank from 10 rows to 9"),
        (guard(1000, exact=False), guard(600, storage=2, exact=False), None),
        (guard(1000, exact=False), guard(400, storage=2, exact=False), "one shrank from about 1000 rows to 400"),
        (guard(10, storage=None), guard(9, storage=None), "one shrank from 10 rows to 9"),
    ],
    ids=[
        "untouched",
        "deleted",
        "deleted more than inserted",
        "inserted more than deleted",
        "deleted, and what was inserted was taken back",
        "others deleted",
        "deleted before",
        "gone",
        "gone with one row",
        "truncated",
        "written anew",
        "written anew with fewer",
        "written anew, estimated",
        "emptied, estimated",
        "partitioned",
    ],
)
def test_a_table_shrank_if_this_transaction_took_rows(
    before: GuardObservation, after: GuardObservation | None, said: str | None
) -> None:
    assert shrinkage(before, after) == said


# The second look


def found(status: MigrationStatus, ledger: LedgerState | None = None) -> object:
    return a_migration_entry(status).model_copy(update={"ledger": ledger})


PENDING, DRIFTED, APPLIED = MigrationStatus.PENDING, MigrationStatus.DRIFTED, MigrationStatus.APPLIED


@pytest.mark.parametrize(
    ("was", "status", "ledger", "is_ours", "action"),
    [
        (Action.APPLY, PENDING, None, False, Action.APPLY),
        (Action.REAPPLY, DRIFTED, None, False, Action.REAPPLY),
        (Action.APPLY, APPLIED, LedgerState.APPLIED, False, Action.SKIP),
        (Action.APPLY, APPLIED, None, False, Action.ADOPT),
        (Action.ADOPT, APPLIED, None, False, Action.ADOPT),
        (Action.APPLY, DRIFTED, LedgerState.STARTED, False, Action.APPLY),
        (Action.RERUN, APPLIED, LedgerState.APPLIED, False, Action.RERUN),
        (Action.RERUN, APPLIED, LedgerState.APPLIED, True, Action.SKIP),
        (Action.RERUN, DRIFTED, LedgerState.APPLIED, True, Action.RERUN),
    ],
)
def test_what_is_still_to_do(
    was: Action, status: MigrationStatus, ledger: LedgerState | None, is_ours: bool, action: Action
) -> None:
    assert revalidate(was, found(status, ledger), is_ours=is_ours) is action


@pytest.mark.parametrize(
    ("was", "status", "said"),
    [
        (Action.APPLY, DRIFTED, "was to be applied, but is drifted now"),
        (Action.REAPPLY, PENDING, "was to be reapplied, but is pending now"),
        (Action.ADOPT, DRIFTED, "was to be adopted, but is drifted now"),
        (Action.APPLY, MigrationStatus.UNKNOWN, "was to be applied, but is unknown now"),
    ],
)
def test_anything_else_is_no_longer_the_plan(was: Action, status: MigrationStatus, said: str) -> None:
    with pytest.raises(PlanOutdated, match=said):
        revalidate(was, found(status), is_ours=False)


# Results


@pytest.mark.parametrize(
    ("migrations", "seeds", "result"),
    [
        ([], [], Result.UNCHANGED),
        ([StepStatus.SKIPPED], [StepStatus.SKIPPED], Result.UNCHANGED),
        ([StepStatus.SKIPPED, StepStatus.DONE], [], DONE),
        ([StepStatus.SKIPPED], [StepStatus.DONE], DONE),
        ([StepStatus.DONE, StepStatus.NOT_EXERCISED], [], DONE),
        ([StepStatus.DONE, StepStatus.FAILED], [], FAILED),
        ([StepStatus.DONE], [StepStatus.NOT_REACHED], FAILED),
    ],
)
def test_a_tenants_result(migrations: list[StepStatus], seeds: list[StepStatus], result: Result) -> None:
    assert result_of(migrations, seeds) is result


PLAN = a_tenant_plan("acme", planned("1", Action.APPLY))


def test_an_obstacle_is_the_result_and_says_what_to_do() -> None:
    for obstacle, result in ((Verdict.UNREACHABLE, Result.UNREACHABLE), (Verdict.UNKNOWN, FAILED)):
        entry = obstructed_result(a_tenant_plan("acme", obstacle=obstacle, reason="why"))
        assert (entry.result, entry.obstacle, entry.reason) == (result, obstacle, "why")
        assert entry.error is not None
        assert entry.error.advice


def test_an_obstacle_with_a_known_reason_tells_its_advice_once() -> None:
    reason = "refused: nothing listens on db1:5432; check that the server is running and that the port is correct"
    plan = a_tenant_plan("acme", obstacle=Verdict.UNREACHABLE, reason=reason)
    entry = obstructed_result(plan.model_copy(update={"unreachable_because": ConnectFailure.REFUSED}))
    assert (entry.reason, entry.unreachable_because) == (reason, ConnectFailure.REFUSED)
    assert entry.error == ErrorEntry(
        message="refused: nothing listens on db1:5432",
        advice="check that the server is running and that the port is correct; "
        "then run the same command again; it skips what is done",
    )
    error = ConnectionFailed("refused: nothing listens on db1:5432", "", None, ConnectFailure.REFUSED)
    assert failed_result(plan, error) == entry.model_copy(update={"obstacle": None})


def test_a_tenant_that_could_not_be_had_is_unreachable_and_one_that_broke_failed() -> None:
    assert failed_result(PLAN, ConnectionFailed("no answer")).result is Result.UNREACHABLE
    assert failed_result(PLAN, StatementFailed("no", "25006")).result is FAILED
    assert not_reached(PLAN, "halted").result is Result.NOT_REACHED


def test_what_was_done_before_a_tenant_was_lost_is_told() -> None:
    counts = {"one": CountEntry(table="one", rows=3, exact=True)}
    entry = build_result(PLAN, [a_step()], [], (counts, {}), ConnectionLost("gone"))
    assert (entry.result, entry.reason, entry.migrations[0].status) == (FAILED, "gone", StepStatus.DONE)
    assert (entry.counts[0].before, entry.counts[0].after) == (counts["one"], None)


def test_what_requires_a_migration_that_is_not_there_is_kept_back() -> None:
    steps = [a_step("1"), a_step("2", status=StepStatus.FAILED), a_step("3", status=StepStatus.NOT_EXERCISED)]
    assert find_blocker(("1",), steps) is None
    assert find_blocker(("9",), steps) is None, "outside of the scope: its own script will tell"
    failed, not_exercised = find_blocker(("1", "2"), steps), find_blocker(("3",), steps)
    assert failed is not None
    assert not_exercised is not None
    assert blocked_status(failed) == (StepStatus.NOT_REACHED, "required migration 2 is not applied")
    assert blocked_status(not_exercised)[0] is StepStatus.NOT_EXERCISED


def test_tables_that_could_not_be_counted_are_the_reason() -> None:
    readings = (
        CountObservation(table="one", rows=3, exact=True),
        CountObservation(table="two", rows=None, exact=False, fault="no"),
    )
    assert tenant_counts("acme", "main", readings).reason == "two could not be counted: no"
    assert tenant_counts("acme", "main", readings[:1]).reason is None


# Outcomes

UNREACHABLE = a_result("u", Result.UNREACHABLE, obstacle=Verdict.UNREACHABLE)
UNKNOWN = a_result("k", FAILED, obstacle=Verdict.UNKNOWN)


@pytest.mark.parametrize(
    ("rings", "tenants", "outcome", "status"),
    [
        ([a_ring()], [a_result("a", DONE), a_result("b", Result.UNCHANGED)], RolloutOutcome.COMPLETED, 0),
        ([a_ring()], [a_result("a", FAILED)], RolloutOutcome.FAILED, 1),
        ([a_ring()], [a_result("a", FAILED), UNREACHABLE], RolloutOutcome.INCOMPLETE, 3),
        ([a_ring()], [UNKNOWN], RolloutOutcome.INCOMPLETE, 3),
        ([a_ring(outcome=RingOutcome.HALTED)], [a_result("a", FAILED)], RolloutOutcome.HALTED, 1),
        ([a_ring(outcome=RingOutcome.HALTED)], [UNREACHABLE], RolloutOutcome.HALTED, 3),
        ([a_ring(watch=[a_watch_entry(is_finding=True)])], [a_result("a", DONE)], RolloutOutcome.FAILED, 1),
        ([], [], RolloutOutcome.COMPLETED, 0),
    ],
)
def test_what_a_rollout_comes_to(rings: list, tenants: list, outcome: RolloutOutcome, status: int) -> None:
    assert (outcome_of(rings, tenants), exit_status(outcome, tenants)) == (outcome, status)


def test_a_summary_counts_every_result() -> None:
    assert summarize([a_result("a", DONE), UNREACHABLE]) == {
        "tenants": 2,
        "done": 1,
        "unchanged": 0,
        "failed": 0,
        "not_reached": 0,
        "unreachable": 1,
    }


# Rings


def test_a_ring_halts_over_its_budget_and_a_rehearsal_never() -> None:
    results = [a_result("a", FAILED), a_result("b", DONE)]
    ring = finish_ring("main", 0, results, [], dry_run=False)
    assert (ring.outcome, ring.reason) == (RingOutcome.HALTED, "1 failure, 0 allowed")
    assert finish_ring("main", 1, results, [], dry_run=False).outcome is RingOutcome.COMPLETED
    assert finish_ring("main", 0, results, [], dry_run=True).outcome is RingOutcome.COMPLETED


def test_what_a_service_can_see_is_a_change_and_the_ledger_is_none() -> None:
    assert has_changed([a_result("a", DONE, a_step(action=Action.REAPPLY))])
    assert has_changed([a_result("a", DONE, seeds=[a_seed_step(rows_added=2)])])
    assert not has_changed([a_result("a", DONE, a_step(action=Action.ADOPT))])
    assert not has_changed([a_result("a", FAILED, a_step(status=StepStatus.FAILED))])


def test_findings_of_the_watch_count_with_those_that_failed_each_tenant_once() -> None:
    ring = a_ring(budget=1)
    found = [a_watch_entry("a", is_finding=True), a_watch_entry("a", is_finding=True, watch="another")]
    assert watch_halt_reason(ring, [a_result("a", FAILED)], found) is None
    assert watch_halt_reason(ring, [a_result("b", FAILED)], found) == "the watch found tasks that are not taken in a"
    assert watch_halt_reason(ring, [a_result("b", FAILED), a_result("c", FAILED)], [a_watch_entry("a")]) is None


def test_a_ring_is_unsettled_where_what_was_right_is_not_any_more() -> None:
    plans = [a_tenant_plan(name, planned("1")) for name in "abcd"]
    results = [a_result("a", DONE), a_result("b", Result.UNCHANGED), a_result("c", FAILED), a_result("d", DONE)]
    entries = [
        a_tenant_entry("a", migrations=[a_migration_entry(DRIFTED, "1")]),
        a_tenant_entry("b", migrations=[a_migration_entry(APPLIED, "1"), a_migration_entry(PENDING, "2")]),
        a_tenant_entry("c", migrations=[a_migration_entry(DRIFTED, "1")]),
        a_tenant_entry("d", Verdict.UNREACHABLE, reason="no answer"),
    ]
    assert find_unsettled(results, plans, entries) == ["a (1 drifted)", "d (no answer)"], "2 is outside of the scope"


def test_what_is_accepted_unsettles_no_ring() -> None:
    drifted = a_migration_entry(DRIFTED, "1").model_copy(update={"accepted": True})
    entries = [a_tenant_entry("a", migrations=[drifted])]
    assert find_unsettled([a_result("a", DONE)], [a_tenant_plan("a", planned("1"))], entries) == []


# The watch

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
def test_what_the_watch_makes_of_two_readings(
    watch: Watch, before: dict, after: dict, is_finding: bool, said: str
) -> None:
    entry = judge_watch(watch, read(**before), read(**after), tenant="acme", seconds=30)
    assert (entry.is_finding, entry.detail, entry.tenant) == (is_finding, said, "acme")


def test_tables_that_nobody_could_look_at_are_no_finding_and_say_so() -> None:
    entries = unwatched_entries([QUEUE, TABLE], "acme", "its wave broke off: Crashed: lost", seconds=30)
    assert [(each.tenant, each.watch, each.is_finding) for each in entries] == [
        ("acme", "queue", False),
        ("acme", "rules", False),
    ]
    assert {each.detail for each in entries} == {"could not be watched: its wave broke off: Crashed: lost"}
    assert all(map(is_unread, entries))
