"""A rollout at the terminal, line by line."""

from collections.abc import Iterable

import pytest
from rich.style import Style
from unit.literals import a_difference_entry
from unit.printed import printed
from unit.rollout_literals import (
    a_count,
    a_pair,
    a_result,
    a_ring,
    a_rollout,
    a_seed_step,
    a_step,
    a_watch_entry,
)
from unit.rollout_reports import BAD_VALUE, HOSTILE, MANIFEST, section

from pgfleet.documents.audit import Verdict
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.plan import Action
from pgfleet.documents.ring import RestartEntry, RingOutcome
from pgfleet.documents.rollout import Result, RolloutDocument, StepStatus, TenantResult
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.phrases.rollout import ACTION_MEANS
from pgfleet.reports.render import terminal
from pgfleet.reports.views.issues import MOST_DIFFERENCES
from pgfleet.reports.views.rollout import RING, rollout_view, view_below_plan
from pgfleet.reports.views.rollout_matrix import RESULT, STEP
from pgfleet.rollout.revalidate import ACTION_DONE

FACTS = "finished 2025-04-01 02:00 UTC · took 12.3 s · plan fedcba987654 · manifest 0123456789ab · run run-7"
RESULTS = "1 done, 1 unchanged, 2 failed, 1 not reached, 1 unreachable"
LOST = ErrorEntry(message="server closed the connection", sqlstate="08006", advice="run it again")
UNPROVEN = ErrorEntry(message="it is drifted afterwards: index public.idx_a is missing", advice="fix it by hand")


def lines_of(document: RolloutDocument, width: int = 160) -> list[str]:
    return printed(rollout_view(document, MANIFEST), width)


def failed(name: str, error: ErrorEntry = BAD_VALUE) -> TenantResult:
    return a_result(name, Result.FAILED, a_step("2", Action.REAPPLY, StepStatus.FAILED, name="two", error=error))


def unproven(name: str, residual: Iterable[str] = ("idx_a",)) -> TenantResult:
    differences = [a_difference_entry().model_copy(update={"identity": f"public.{each}"}) for each in residual]
    step = a_step("1", Action.REAPPLY, StepStatus.FAILED, error=UNPROVEN, residual=differences)
    return a_result(name, Result.FAILED, step)


def test_what_came_of_a_fleet() -> None:
    acme = a_result("acme", Result.UNCHANGED, a_step("1", Action.SKIP, StepStatus.SKIPPED), ring="canary")
    acme = acme.model_copy(update={"counts": (a_pair(a_count(1204), a_count(1204)),)})
    counts = [a_pair(a_count(None), a_count(0)), a_pair(a_count(5_000, exact=False), a_count(5_012), table="two")]
    steps = [a_step("1"), a_step("2", Action.ADOPT, name="two")]
    cobalt = a_result("cobalt", Result.DONE, *steps, ring="canary", seeds=[a_seed_step(rows_added=14)], counts=counts)
    harbor = unproven("harbor").model_copy(update={"counts": (a_pair(a_count(40), a_count(38)),)})
    skipped = a_step("1", Action.SKIP, StepStatus.SKIPPED)
    ember = failed("ember")
    ember = ember.model_copy(update={"migrations": (skipped, *ember.migrations)})
    down = a_result("down", Result.UNREACHABLE, reason="no answer", error=ErrorEntry(message="no answer"))
    late = a_result("late", Result.NOT_REACHED, ring="last", reason="ring main halted")
    results = [acme, cobalt, harbor, ember, down, late]
    restarts = [RestartEntry(service="api", restarted=True), RestartEntry(service="worker", restarted=True)]
    unseen = a_watch_entry(overdue=None, detail="could not be watched: timeout")
    found = a_watch_entry("cobalt", is_finding=True, overdue=9, detail="9 overdue; none taken in 30 s")
    watch = [unseen, a_watch_entry("quiet"), found]
    canary = a_ring("canary", results=results, restarts=restarts, watched_seconds=30, soaked_seconds=60, watch=watch)
    reason = "3 failures, 1 allowed"
    unlucky = [RestartEntry(service="worker", restarted=False, detail="worker: exited with 1")]
    rings = [
        canary,
        a_ring("main", RingOutcome.HALTED, reason=reason, budget=1, results=results, restarts=unlucky),
        a_ring("last", RingOutcome.NOT_REACHED, results=results),
    ]
    lines = lines_of(a_rollout(*results, rings=rings, outcome="Halted", reason=f"ring main: {reason}"))
    assert lines == [
        "ring    outcome      tenants                  failures      restarted    watched                      soaked",
        "canary  completed    1 done, 1 unchanged      0, 0 allowed  api, worker  30 s: 1 finding, 1 not read  60 s",
        "main    halted       2 failed, 1 unreachable  3, 1 allowed  NOT worker",
        "last    not reached  1 not reached",
        "",
        "Ring main halted: 3 failures, 1 allowed",
        "",
        "tenant  ring    result        P0 1     P1 2",
        "ember   main    failed          ✓     FAILED",
        "harbor  main    failed       FAILED      ·",
        "down    main    unreachable     ·        ·",
        "late    last    not reached     ·        ·",
        "cobalt  canary  done         applied  adopted",
        "acme    canary  unchanged       ✓        ·",
        "",
        "Tenants per migration",
        "  1_one.sql: 2 already applied, 1 applied, 1 failed",
        "  2_two.sql: 1 adopted, 1 failed",
        "",
        "Seeds",
        "  seed rules applied (14 rows) (1 tenant: cobalt)",
        "",
        "Rows before and after",
        "  tenant  table  before  after  difference",
        "  harbor  one    40      38     -2",
        "  cobalt  two    ~5,000  5,012  ~+12",
        "  ~ estimate",
        "  2 other counts unchanged",
        "",
        "Failures, by reason",
        "  invalid input syntax (SQLSTATE 22P02)",
        "    at 2_two.sql, line 4 column 7",
        "    1 tenant: ember",
        "    → correct the script",
        "  no answer (1 tenant: down)",
        "",
        "Still different after the script ran",
        "  1_one.sql: it is drifted afterwards",
        "    index public.idx_a is missing",
        "    1 tenant: harbor",
        "    → fix it by hand",
        "",
        "Services not restarted",
        "  worker: exited with 1: after ring main",
        "",
        "Watch findings",
        "  queue (tasks): 9 overdue; none taken in 30 s (1 tenant: cobalt)",
        "  queue (tasks): could not be watched: timeout (1 tenant: acme)",
        "",
        "Not reached",
        "  ring main halted (1 tenant: late)",
        "",
        f"Halted: 6 tenants: {RESULTS}",
        f"Rollout of prod · {FACTS}",
    ]


def test_a_rollout_that_went_well_is_short() -> None:
    done = a_result("acme", Result.DONE, a_step("1", Action.REAPPLY), a_step("2", Action.RERUN, name="two"))
    assert lines_of(a_rollout(done)) == [
        "ring  outcome    tenants  failures",
        "main  completed  1 done   0, 0 allowed",
        "",
        "tenant  ring  result    P0 1     P1 2",
        "acme    main  done    reapplied  rerun",
        "",
        "Completed: 1 tenant: 1 done",
        f"Rollout of prod · {FACTS}",
    ]


def below_plan(document: RolloutDocument) -> list[str]:
    return printed(view_below_plan(document, MANIFEST))


def test_below_its_plan_a_report_does_not_repeat_it() -> None:
    acme = a_result("acme", Result.DONE, a_step("1"), seeds=[a_seed_step(rows_added=14)])
    left = a_result("left", Result.UNCHANGED, a_step("1", Action.LEAVE, StepStatus.SKIPPED))
    left = left.model_copy(update={"remaining": (a_difference_entry(),)})
    down = a_result("down", Result.UNREACHABLE, obstacle=Verdict.UNREACHABLE, reason="no answer")
    lines = below_plan(a_rollout(acme, left, down))
    assert lines[1] == "main  completed  1 done, 1 unchanged, 1 unreachable  1, 0 allowed"
    assert section(lines, "Seeds") == ["  seed rules applied (14 rows) (1 tenant: acme)"]
    text = "\n".join(lines)
    assert "Tenants per migration" not in text
    assert "Findings that remain" not in text
    assert "no answer" not in text
    assert "tenant  ring" not in text, "no matrix of what went as planned"


def test_below_its_plan_a_dry_run_that_went_as_planned_says_no_more_than_that() -> None:
    counts = [a_pair(a_count(40), a_count(40))]
    acme = a_result("acme", Result.DONE, a_step("1"), seeds=[a_seed_step(rows_added=14)], counts=counts)
    assert below_plan(a_rollout(acme, dry_run=True)) == [
        "This was a dry run: every change was rolled back.",
        "",
        "Completed: 1 tenant: 1 done",
        f"Dry run of prod · {FACTS}",
    ]
    fewer = acme.model_copy(update={"counts": (a_pair(a_count(40), a_count(38)),)})
    assert section(below_plan(a_rollout(fewer, dry_run=True)), "Rows before and after")[1].split()[:2] == [
        "acme",
        "one",
    ]


def test_below_its_plan_a_report_shows_what_did_not_go_as_planned() -> None:
    lines = below_plan(a_rollout(a_result("acme", Result.DONE, a_step("1")), failed("ember")))
    assert [line for line in lines if line.startswith(("acme", "ember"))] == [
        next(line for line in lines if line.startswith("ember   main  failed"))
    ]
    assert section(lines, "Failures, by reason")[0] == "  invalid input syntax (SQLSTATE 22P02)"


def test_below_its_plan_a_refused_rollout_says_why() -> None:
    late = a_result("acme", Result.NOT_REACHED, reason="the plan was not approved")
    refused = a_rollout(late, rings=[], outcome="Refused", reason="the plan was not approved")
    assert below_plan(refused) == lines_of(refused)


def test_a_dry_run_says_first_that_it_was_rolled_back_and_lists_what_it_did_not_exercise() -> None:
    required = "required migration 1 was not exercised"
    alone = a_step(status=StepStatus.NOT_EXERCISED, detail="1_one.sql runs in no transaction")
    after = a_step("2", status=StepStatus.NOT_EXERCISED, name="two", detail=required)
    seed = a_seed_step(StepStatus.NOT_EXERCISED, detail=required)
    results = [a_result(name, Result.DONE, alone, after, seeds=[seed]) for name in ("acme", "globex")]
    lines = lines_of(a_rollout(*results, dry_run=True))
    assert lines[:2] == ["This was a dry run: every change was rolled back.", ""]
    assert lines[6:8] == [
        "acme    main  done    not exercised  not exercised",
        "globex  main  done    not exercised  not exercised",
    ]
    assert section(lines, "Not exercised by the dry run") == [
        "  1_one.sql: runs in no transaction (2 tenants: acme, globex)",
        f"  2, seed rules: {required} (2 tenants: acme, globex)",
    ]
    assert lines[-2:] == ["Completed: 2 tenants: 2 done", f"Dry run of prod · {FACTS}"]
    assert "Seeds" not in lines


def test_a_refused_rollout_gives_the_reason_once_and_lists_no_tenants() -> None:
    late = a_result("acme", Result.NOT_REACHED, reason="the plan was not approved")
    assert lines_of(a_rollout(late, rings=[], outcome="Refused", reason="the plan was not approved")) == [
        "Nothing was done: the plan was not approved",
        "",
        "Refused: 1 tenant: 1 not reached",
        f"Rollout of prod · {FACTS}",
    ]


def test_failures_are_listed_by_reason_and_the_most_frequent_first() -> None:
    seed = a_seed_step(StepStatus.FAILED, error=ErrorEntry(message="11 rows are altered"))
    rare = a_result("rare", Result.FAILED, seeds=[seed])
    many = [failed(f"t{number:02}") for number in range(13)]
    lines = section(lines_of(a_rollout(rare, *many)), "Failures, by reason")
    assert lines[:2] == ["  invalid input syntax (SQLSTATE 22P02)", "    at 2_two.sql, line 4 column 7"]
    assert lines[2].startswith("    13 tenants: t00, t01")
    assert lines[3:] == [
        "    → correct the script",
        "  11 rows are altered",
        "    in seed rules",
        "    1 tenant: rare",
    ]


def test_one_failure_in_many_migrations_is_one_issue() -> None:
    denied = ErrorEntry(message="permission denied", sqlstate="42501")
    steps = [a_step(each, status=StepStatus.FAILED, error=denied, name="x") for each in ("1", "2")]
    lines = lines_of(a_rollout(a_result("acme", Result.FAILED, *steps)))
    assert section(lines, "Failures, by reason") == [
        "  permission denied (SQLSTATE 42501)",
        "    in 1, 2",
        "    1 tenant: acme",
    ]


def test_what_lost_a_tenant_is_listed_once() -> None:
    lost = failed("acme", LOST).model_copy(update={"error": LOST, "reason": "server closed the connection"})
    not_begun = a_step("1", status=StepStatus.NOT_REACHED, detail="the tenant was lost before")
    lost = lost.model_copy(update={"migrations": (*lost.migrations, not_begun)})
    lines = lines_of(a_rollout(lost))
    assert section(lines, "Failures, by reason") == [
        "  server closed the connection (SQLSTATE 08006)",
        "    in 2_two.sql",
        "    1 tenant: acme",
        "    → run it again",
    ]
    assert section(lines, "Not reached") == ["  1_one.sql: the tenant was lost before (1 tenant: acme)"]


def test_a_tenant_that_failed_without_an_error_has_its_reason() -> None:
    lines = lines_of(a_rollout(a_result("acme", Result.FAILED, reason="the wave failed"), a_result("b", Result.FAILED)))
    assert section(lines, "Failures, by reason") == [
        "  reason unknown (1 tenant: b)",
        "  the wave failed (1 tenant: acme)",
    ]


def test_the_same_remaining_differences_are_listed_once_for_all_tenants() -> None:
    lines = lines_of(a_rollout(unproven("acme"), unproven("globex"), unproven("other", ["idx_b"])))
    assert section(lines, "Still different after the script ran") == [
        "  1_one.sql: it is drifted afterwards",
        "    index public.idx_a is missing",
        "    2 tenants: acme, globex",
        "    → fix it by hand",
        "  1_one.sql: it is drifted afterwards",
        "    index public.idx_b is missing",
        "    1 tenant: other",
        "    → fix it by hand",
    ]
    assert "Failures, by reason" not in lines


def test_the_list_of_objects_that_a_script_left_is_capped() -> None:
    lines = lines_of(a_rollout(unproven("acme", (f"idx_{number}" for number in range(MOST_DIFFERENCES + 2)))))
    assert sum("is missing" in line for line in lines) == MOST_DIFFERENCES
    assert "    … and 2 more" in lines


def test_the_report_is_capped_and_keeps_the_worst() -> None:
    done = [a_result(f"t{number:03}", Result.DONE, a_step()) for number in range(MOST_TENANTS + 2)]
    lines = lines_of(a_rollout(*done, failed("worst")))
    assert lines[4].split() == ["worst", "main", "failed", "·", "FAILED"]
    names = [line.split()[0] for line in lines if line.startswith("t0")]
    assert names == [f"t{number:03}" for number in range(MOST_TENANTS - 1)]
    assert lines.count("… and 3 more tenants, none worse; --format json has them all") == 1


def test_reasons_are_capped() -> None:
    errors = [ErrorEntry(message=f"reason {number:03}") for number in range(MOST_TENANTS + 2)]
    lines = lines_of(a_rollout(*(failed(f"t{number:03}", error) for number, error in enumerate(errors))))
    assert "  … and 2 more" in lines
    assert f"  reason {MOST_TENANTS:03}" not in lines


def test_lost_rows_come_first_and_unknown_ones_next() -> None:
    pairs = {
        "a-same": a_pair(a_count(3), a_count(3)),
        "b-more": a_pair(a_count(3), a_count(4)),
        "c-none": a_pair(a_count(None), a_count(None)),
        "e-lost": a_pair(a_count(3), None),
        "d-gone": a_pair(a_count(3), a_count(None)),
        "f-fewer": a_pair(a_count(3), a_count(2)),
    }
    results = [a_result(name, Result.DONE, counts=[pair]) for name, pair in pairs.items()]
    assert section(lines_of(a_rollout(*results)), "Rows before and after") == [
        "  tenant   table  before  after  difference",
        "  f-fewer  one    3       2      -1",
        "  d-gone   one    3       -",
        "  e-lost   one    3       ?",
        "  b-more   one    3       4      +1",
        "  - no such table · ? not counted",
        "  2 other counts unchanged",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_rollout_shows_names_and_messages_literally(name: str) -> None:
    steps = [a_step("1"), a_step("2", status=StepStatus.FAILED, name="two", error=ErrorEntry(message=name))]
    result = a_result(name, Result.FAILED, *steps, ring=name, counts=[a_pair(a_count(1), a_count(2), table=name)])
    unlucky = [RestartEntry(service=name, restarted=False, detail=name)]
    ring = a_ring(name, RingOutcome.HALTED, reason=name, results=[result], restarts=unlucky)
    lines = lines_of(a_rollout(result, rings=[ring]))
    assert " ".join(lines[1].split()) == f"{name} halted 1 failed 1, 0 allowed NOT {name}"
    assert f"Ring {name} halted: {name}" in lines
    assert [line for line in lines if line.split() == [name, name, "failed", "applied", "FAILED"]]
    assert [line for line in lines if line.split() == [name, name, "1", "2", "+1"]]
    assert lines.count(f"  {name}") == 1
    assert f"    1 tenant: {name}" in lines
    assert f"  {name}: {name}: after ring {name}" in lines


def test_every_value_has_its_words_and_style() -> None:
    assert set(ACTION_DONE) == set(Action) == {*ACTION_MEANS, Action.SKIP}
    assert (set(STEP), set(RESULT), set(RING)) == (set(StepStatus), set(Result), set(RingOutcome))
    for style in (*STEP.values(), *RESULT.values(), *RING.values()):
        assert Style.parse(terminal.STYLE[style]) != Style.null()
