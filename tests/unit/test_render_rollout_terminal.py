"""What a person at a terminal reads of a rollout, line by line."""

from collections.abc import Iterable
from io import StringIO

import pytest
from rich.console import Console, RenderableType
from rich.style import Style
from unit.literals import a_difference_entry, a_manifest, a_migration
from unit.rollout_literals import (
    RINGS,
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

from pgfleet.documents.audit import SkippedEntry, Verdict
from pgfleet.documents.plan import Action, PlannedMigration, TenantPlan
from pgfleet.documents.rollout import (
    ErrorEntry,
    RestartEntry,
    Result,
    RingOutcome,
    RolloutDocument,
    StepStatus,
    TenantResult,
)
from pgfleet.manifest.model import Priority
from pgfleet.reports.plan_terminal import ACTION_LOOK, plan_report
from pgfleet.reports.rollout_layout import MOST_DIFFERENCES, MOST_TENANTS
from pgfleet.reports.rollout_terminal import (
    COUNT_STYLE,
    OUTCOME_STYLE,
    RESULT_STYLE,
    STEP_STYLE,
    count_report,
    rollout_report,
)

MANIFEST = a_manifest(a_migration("1"), a_migration("2", name="two", priority=Priority.P1))
LONG = ("20250330", "20250330000000", "20250331")
ALTERED = "was changed after it was applied in 1 tenant; --rerun 1 runs it again"
DOINGS = "apply 3 migrations in 2, reapply 1 in 1, rerun 1 in 1, adopt 2 in 1, plant 1 seed in 1"
RESULTS = "1 done, 1 unchanged, 2 failed, 1 not reached, 1 unreachable"
HOSTILE = ["[red]x[/red]", "[/]", "[link=http://x]y[/link]", ":boom:", "a\\[b]", "[bold"]
BAD_VALUE = ErrorEntry(
    message="invalid input syntax", sqlstate="22P02", file="2_two.sql", line=4, column=7, advice="mend the script"
)
LOST = ErrorEntry(message="server closed the connection", sqlstate="08006", advice="run it again")
UNPROVEN = ErrorEntry(message="it is drifted afterwards: index public.idx_a is missing", advice="put it right by hand")


def shown(renderable: RenderableType, width: int = 160) -> list[str]:
    console = Console(width=width, file=StringIO(), color_system=None, legacy_windows=False)
    console.print(renderable)
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def plan_lines(*tenants: TenantPlan, width: int = 160) -> list[str]:
    return shown(plan_report(a_plan(*tenants), MANIFEST, RINGS), width)


def lines_of(document: RolloutDocument, width: int = 160) -> list[str]:
    return shown(rollout_report(document, MANIFEST), width)


def section(lines: list[str], heading: str) -> list[str]:
    """The lines under a heading, up to the next empty one."""
    rest = lines[lines.index(heading) + 1 :]
    return rest[: rest.index("")]


def idle(name: str, ring: str = "main") -> TenantPlan:
    return a_tenant_plan(name, planned("1"), planned("2"), ring=ring)


def failed(name: str, error: ErrorEntry = BAD_VALUE) -> TenantResult:
    return a_result(name, Result.FAILED, a_step("2", Action.REAPPLY, StepStatus.FAILED, name="two", error=error))


def unproven(name: str, residual: Iterable[str] = ("idx_a",)) -> TenantResult:
    differences = [a_difference_entry().model_copy(update={"identity": f"public.{each}"}) for each in residual]
    step = a_step("1", Action.REAPPLY, StepStatus.FAILED, error=UNPROVEN, residual=differences)
    return a_result(name, Result.FAILED, step)


def test_the_plan_of_a_fleet() -> None:
    tenants = [
        a_tenant_plan("fjord", planned("1", Action.REAPPLY), planned("2", Action.RERUN), ring="main"),
        a_tenant_plan("lumen", ring="main", obstacle=Verdict.UNREACHABLE, reason="no answer"),
        a_tenant_plan("acme", planned("1", altered=True), planned("2"), ring="canary"),
        a_tenant_plan("borealis", planned("1", Action.ADOPT), planned("2", Action.ADOPT), ring="canary"),
        a_tenant_plan("cobalt", planned("1", Action.APPLY), planned("2", Action.APPLY), ring="early", seeds=["rules"]),
        a_tenant_plan("ember", planned("1"), planned("2", Action.APPLY), ring="early"),
    ]
    assert plan_lines(*tenants, width=180) == [
        "tenant       P0 1    P1 2   seeds",
        "canary",
        "  acme        ·*       ·",
        "  borealis   adopt   adopt",
        "early",
        "  cobalt     APPLY   APPLY  rules",
        "  ember        ·     APPLY",
        "main",
        "  fjord     REAPPLY  RERUN",
        "  lumen        ?       ?",
        "",
        "APPLY    nothing of it is there: its script is run",
        "REAPPLY  some of it is missing or changed: its script is run again",
        "RERUN    it is there, and its script is run again: asked for, or an earlier script undoes part of it",
        "adopt    it is there: that is written into the ledger, and nothing is run",
        f"*        1_one.sql {ALTERED}",
        "",
        "Left alone, as they could not be looked at",
        "  unreachable: no answer",
        "    1 tenant: lumen",
        "",
        f"6 tenants: {DOINGS}; nothing to do in 1; 1 unreachable  (plan fedcba987654 of prod)",
    ]


def test_what_is_refused_is_told_with_its_reason() -> None:
    refused = PlannedMigration(version="2", action=Action.REFUSE, reason="2_two.sql runs outside a transaction")
    tenants = [a_tenant_plan(name, planned("1"), refused) for name in ("acme", "bolt")]
    assert plan_lines(*tenants) == [
        "tenant  P0 1   P1 2",
        "main",
        "  acme   ·    REFUSED",
        "  bolt   ·    REFUSED",
        "",
        "REFUSED  its script cannot be run the way the tenant is reached: nothing of it is begun",
        "",
        "Refused, as it cannot be done the way the tenant is reached",
        "  2_two.sql runs outside a transaction",
        "    2 tenants: acme, bolt",
        "",
        "2 tenants: refuse 2 migrations in 2  (plan fedcba987654 of prod)",
    ]


def test_a_plan_with_nothing_to_do_is_short() -> None:
    assert plan_lines(idle("acme")) == [
        "tenant  P0 1  P1 2",
        "main",
        "  acme   ·     ·",
        "",
        "1 tenant: nothing to do in 1  (plan fedcba987654 of prod)",
    ]


def test_the_plan_of_an_empty_fleet_says_so() -> None:
    assert plan_lines()[-1] == "no tenants  (plan fedcba987654 of prod)"


def test_a_plan_of_seeds_alone_has_no_column_for_migrations() -> None:
    assert plan_lines(a_tenant_plan("acme", seeds=["rules", "more"]))[:3] == [
        "tenant  seeds",
        "main",
        "  acme  rules, more",
    ]


def test_a_plan_for_one_migration_has_no_column_for_the_others() -> None:
    assert plan_lines(a_tenant_plan("acme", planned("2", Action.APPLY)))[0] == "tenant  P1 2"


def test_tenants_with_nothing_to_do_are_counted_where_there_are_many() -> None:
    busy = [a_tenant_plan("busy", planned("1", Action.REAPPLY), planned("2"), ring="main")]
    lines = plan_lines(*(idle(f"t{number:03}", "canary") for number in range(MOST_TENANTS)), *busy)
    assert lines[1:4] == [
        "main",
        "  busy  REAPPLY   ·",
        f"… and {MOST_TENANTS} with nothing to do; the whole is in the run's plan",
    ]
    assert not [line for line in lines if "t001" in line]


def test_a_screenful_of_tenants_is_listed_whole() -> None:
    lines = plan_lines(*(idle(f"t{number:03}") for number in range(MOST_TENANTS)))
    assert f"  t{MOST_TENANTS - 1:03}   ·     ·" in lines
    assert not [line for line in lines if line.startswith("…")]


def test_a_plan_with_much_to_do_is_capped_and_keeps_the_first_rings() -> None:
    busy = [
        a_tenant_plan(f"{ring}{number:03}", planned("1", Action.REAPPLY), ring=ring)
        for ring in ("main", "canary")
        for number in range(MOST_TENANTS - 2)
    ]
    lines = plan_lines(*busy, idle("idle"))
    assert lines[1] == "canary"
    assert lines[MOST_TENANTS + 2] == "  main001    REAPPLY"
    left_out = f"{MOST_TENANTS - 4} more with something to do and 1 with nothing to do"
    assert lines[MOST_TENANTS + 3] == f"… and {left_out}; the whole is in the run's plan"


def test_tenants_with_the_same_obstacle_are_told_together() -> None:
    tenants = [
        a_tenant_plan(f"t{number:02}", obstacle=Verdict.UNKNOWN, reason="permission denied") for number in range(12)
    ]
    assert section(plan_lines(*tenants), "Left alone, as they could not be looked at") == [
        "  unknown: permission denied",
        "    12 tenants: t00, t01, t02, t03, t04, t05, t06, t07, t08, t09 and 2 more",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_plan_shows_names_and_reasons_literally(name: str) -> None:
    tenants = [
        a_tenant_plan(name, planned("1", Action.APPLY), ring="main", seeds=[name]),
        a_tenant_plan("down", ring="main", obstacle=Verdict.UNREACHABLE, reason=name),
    ]
    lines = plan_lines(*tenants)
    assert lines[2].split() == [name, "APPLY", name]
    assert f"  unreachable: {name}" in lines


@pytest.mark.parametrize("width", [80, 100])
def test_a_version_is_never_cut(width: int) -> None:
    manifest = a_manifest(*(a_migration(f"{number}{version}") for number in range(3) for version in LONG))
    tenant = a_tenant_plan("a tenant of some length", *(planned(each.version) for each in manifest.migrations))
    lines = shown(plan_report(a_plan(tenant), manifest, RINGS), width)
    assert "…" not in "".join(lines)
    assert lines[0].split() == ["tenant", *map(str, range(1, 10))]
    for place, each in enumerate(manifest.migrations, start=1):
        assert f"  {place}  P0 {each.file}" in lines
    assert max(map(len, lines)) <= width


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
    said = "3 tenants of it failed, and 1 may"
    unlucky = [RestartEntry(service="worker", restarted=False, detail="worker: exited with 1")]
    rings = [
        canary,
        a_ring("main", RingOutcome.HALTED, reason=said, budget=1, results=results, restarts=unlucky),
        a_ring("last", RingOutcome.NOT_REACHED, results=results),
    ]
    lines = lines_of(a_rollout(*results, rings=rings, outcome="Halted", reason=f"ring main: {said}"))
    assert lines == [
        "ring    outcome      tenants                  failures      restarted    watched                      soaked",
        "canary  completed    1 done, 1 unchanged      0, 0 allowed  api, worker  30 s: 1 finding, 1 not seen  60 s",
        "main    halted       2 failed, 1 unreachable  3, 1 allowed  NOT worker",
        "last    not reached  1 not reached",
        "ring main halted: 3 tenants of it failed, and 1 may",
        "",
        "tenant    result        P0 1     P1 2",
        "canary",
        "  cobalt  done         applied  adopted",
        "  acme    unchanged       ✓        ·",
        "main",
        "  ember   failed          ✓     FAILED",
        "  harbor  failed       FAILED      ·",
        "  down    unreachable     ·        ·",
        "last",
        "  late    not reached     ·        ·",
        "",
        "Seeds",
        "  rules planted (14 rows)",
        "    1 tenant: cobalt",
        "",
        "rows before → after  one            two",
        "  harbor             40 → 38 (-2)",
        "  cobalt             - → 0          ~5,000 → 5,012 (~+12)",
        "  acme               1,204 → 1,204",
        "  ~ an estimate of the server's    - no such table",
        "",
        "What failed, by reason",
        "  invalid input syntax (SQLSTATE 22P02)",
        "    at 2_two.sql, line 4 column 7",
        "    1 tenant: ember",
        "    next: mend the script",
        "  no answer",
        "    1 tenant: down",
        "",
        "Not healable by a rerun: the script ran, and afterwards it is not as it should be",
        "  1_one.sql: it is drifted afterwards",
        "    index public.idx_a is missing",
        "    1 tenant: harbor",
        "    next: put it right by hand",
        "",
        "Not restarted",
        "  worker: exited with 1",
        "    after ring main",
        "",
        "What the watch found",
        "  queue (tasks): 9 overdue; none taken in 30 s",
        "    1 tenant: cobalt",
        "  queue (tasks): could not be watched: timeout",
        "    1 tenant: acme",
        "",
        "Not reached",
        "  ring main halted",
        "    1 tenant: late",
        "",
        f"Halted: 6 tenants: {RESULTS}  (rollout of prod, 12.3 s, run run-7)",
    ]


def test_a_rollout_that_went_well_is_short() -> None:
    done = a_result("acme", Result.DONE, a_step("1", Action.REAPPLY), a_step("2", Action.RERUN, name="two"))
    assert lines_of(a_rollout(done)) == [
        "ring  outcome    tenants  failures",
        "main  completed  1 done   0, 0 allowed",
        "",
        "tenant  result   P0 1   P1 2",
        "main",
        "  acme  done    healed  rerun",
        "",
        "Completed: 1 tenant: 1 done  (rollout of prod, 12.3 s, run run-7)",
    ]


def test_a_rehearsal_says_first_that_it_was_rolled_back_and_names_what_it_left_out() -> None:
    alone = a_step(status=StepStatus.NOT_EXERCISED, detail="1_one.sql runs outside a transaction")
    after = a_step("2", status=StepStatus.NOT_EXERCISED, name="two", detail="it requires 1, which was not rehearsed")
    seed = a_seed_step(StepStatus.NOT_EXERCISED, detail="it requires 1, which was not rehearsed")
    results = [a_result(name, Result.DONE, alone, after, seeds=[seed]) for name in ("acme", "globex")]
    lines = lines_of(a_rollout(*results, dry_run=True))
    assert lines[:2] == ["A dry run: everything told here was rolled back, and each tenant is as it was before.", ""]
    assert lines[7:9] == ["  acme    done    not run  not run", "  globex  done    not run  not run"]
    assert section(lines, "What could not be rehearsed") == [
        "  1_one.sql runs outside a transaction",
        "    2 tenants: acme, globex",
        "  2, seed rules: it requires 1, which was not rehearsed",
        "    2 tenants: acme, globex",
    ]
    assert lines[-1] == "Completed: 2 tenants: 2 done  (dry run of prod, 12.3 s, run run-7)"
    assert "Seeds" not in lines


def test_a_refused_rollout_says_why_once_and_lists_nobody() -> None:
    late = a_result("acme", Result.NOT_REACHED, reason="the plan was not approved")
    assert lines_of(a_rollout(late, rings=[], outcome="Refused", reason="the plan was not approved")) == [
        "Nothing was done: the plan was not approved",
        "",
        "Refused: 1 tenant: 1 not reached  (rollout of prod, 12.3 s, run run-7)",
    ]


def test_failures_are_told_by_reason_and_the_most_frequent_first() -> None:
    seed = a_seed_step(StepStatus.FAILED, error=ErrorEntry(message="11 rows are altered"))
    rare = a_result("rare", Result.FAILED, seeds=[seed])
    many = [failed(f"t{number:02}") for number in range(13)]
    assert section(lines_of(a_rollout(rare, *many)), "What failed, by reason") == [
        "  invalid input syntax (SQLSTATE 22P02)",
        "    at 2_two.sql, line 4 column 7",
        "    13 tenants: t00, t01, t02, t03, t04, t05, t06, t07, t08, t09 and 3 more",
        "    next: mend the script",
        "  11 rows are altered",
        "    in seed rules",
        "    1 tenant: rare",
    ]


def test_what_lost_a_tenant_is_told_once() -> None:
    lost = failed("acme", LOST).model_copy(update={"error": LOST, "reason": "server closed the connection"})
    kept_back = a_step("1", status=StepStatus.NOT_REACHED, detail="the tenant was lost before")
    lost = lost.model_copy(update={"migrations": (*lost.migrations, kept_back)})
    lines = lines_of(a_rollout(lost))
    assert section(lines, "What failed, by reason") == [
        "  server closed the connection (SQLSTATE 08006)",
        "    in 2_two.sql",
        "    1 tenant: acme",
        "    next: run it again",
    ]
    assert section(lines, "Not reached") == ["  1: the tenant was lost before", "    1 tenant: acme"]


def test_a_tenant_that_failed_without_an_error_says_why_all_the_same() -> None:
    lines = lines_of(
        a_rollout(a_result("acme", Result.FAILED, reason="the wave broke off"), a_result("b", Result.FAILED))
    )
    assert section(lines, "What failed, by reason") == [
        "  it is not known why",
        "    1 tenant: b",
        "  the wave broke off",
        "    1 tenant: acme",
    ]


def test_what_a_rerun_does_not_heal_is_told_once_for_all_tenants_that_have_it() -> None:
    lines = lines_of(a_rollout(unproven("acme"), unproven("globex"), unproven("other", ["idx_b"])))
    assert section(lines, "Not healable by a rerun: the script ran, and afterwards it is not as it should be") == [
        "  1_one.sql: it is drifted afterwards",
        "    index public.idx_a is missing",
        "    2 tenants: acme, globex",
        "    next: put it right by hand",
        "  1_one.sql: it is drifted afterwards",
        "    index public.idx_b is missing",
        "    1 tenant: other",
        "    next: put it right by hand",
    ]
    assert "What failed, by reason" not in lines


def test_what_a_script_left_is_capped() -> None:
    lines = lines_of(a_rollout(unproven("acme", (f"idx_{number}" for number in range(MOST_DIFFERENCES + 2)))))
    assert sum("is missing" in line for line in lines) == MOST_DIFFERENCES
    assert "    … and 2 more" in lines


def test_the_report_is_capped_and_keeps_the_worst() -> None:
    done = [a_result(f"t{number:03}", Result.DONE, a_step()) for number in range(MOST_TENANTS + 2)]
    lines = lines_of(a_rollout(*done, failed("worst")))
    assert lines[5].split() == ["worst", "failed", "·", "FAILED"]
    assert f"  t{MOST_TENANTS - 2:03}   done    applied    ·" in lines
    assert f"  t{MOST_TENANTS - 1:03}   done    applied    ·" not in lines
    assert lines.count("… and 3 more tenants, none worse; --format json has them all") == 1


def test_reasons_are_capped() -> None:
    errors = [ErrorEntry(message=f"reason {number:03}") for number in range(MOST_TENANTS + 2)]
    lines = lines_of(a_rollout(*(failed(f"t{number:03}", error) for number, error in enumerate(errors))))
    assert "  … and 2 more; --format json has them all" in lines
    assert f"  reason {MOST_TENANTS:03}" not in lines


def test_rows_that_are_gone_come_first_and_those_that_may_be_next() -> None:
    pairs = {
        "a-same": a_pair(a_count(3), a_count(3)),
        "b-more": a_pair(a_count(3), a_count(4)),
        "c-none": a_pair(a_count(None), a_count(None)),
        "e-lost": a_pair(a_count(3), None),
        "d-gone": a_pair(a_count(3), a_count(None)),
        "f-fewer": a_pair(a_count(3), a_count(2)),
    }
    results = [a_result(name, Result.DONE, counts=[pair]) for name, pair in pairs.items()]
    assert section(lines_of(a_rollout(*results)), "rows before → after  one") == [
        "  f-fewer            3 → 2 (-1)",
        "  d-gone             3 → -",
        "  e-lost             3 → ?",
        "  b-more             3 → 4 (+1)",
        "  a-same             3 → 3",
        "  c-none             - → -",
        "  - no such table    ? not counted",
    ]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_rollout_shows_names_and_messages_literally(name: str) -> None:
    steps = [a_step("1"), a_step("2", status=StepStatus.FAILED, name="two", error=ErrorEntry(message=name))]
    result = a_result(name, Result.FAILED, *steps, ring=name, counts=[a_pair(a_count(1), a_count(1), table=name)])
    unlucky = [RestartEntry(service=name, restarted=False, detail=name)]
    ring = a_ring(name, RingOutcome.HALTED, reason=name, results=[result], restarts=unlucky)
    lines = lines_of(a_rollout(result, rings=[ring]))
    assert " ".join(lines[1].split()) == f"{name} halted 1 failed 1, 0 allowed NOT {name}"
    assert f"ring {name} halted: {name}" in lines
    assert [line for line in lines if line.split() == [name, "failed", "applied", "FAILED"]]
    assert [line for line in lines if line.split() == ["rows", "before", "→", "after", name]]
    assert lines.count(f"  {name}") == 2
    assert f"    1 tenant: {name}" in lines


def test_the_counts_of_a_fleet() -> None:
    document = a_count_document(
        tenant_counts("acme", a_count(1_204), a_count(31_000_000, exact=False, table="two"), ring="canary"),
        tenant_counts("down", reason="no answer"),
        tenant_counts("part", a_count(3), a_count(None, table="two"), reason="two could not be counted: timeout"),
        tenant_counts("empty", a_count(None), a_count(None, table="two")),
        tenant_counts("off", reason="no answer"),
    )
    assert shown(count_report(document)) == [
        "tenant  ring      one          two",
        "down    main        ?            ?",
        "part    main        3            ?",
        "off     main        ?            ?",
        "acme    canary  1,204  ~31,000,000",
        "empty   main        -            -",
        "  ~ an estimate of the server's    - no such table    ? not counted",
        "",
        "Could not be counted",
        "  no answer",
        "    2 tenants: down, off",
        "  two could not be counted: timeout",
        "    1 tenant: part",
        "",
        "5 tenants: 2 counted, 3 not  (counts of prod, 12.3 s, run run-7)",
    ]


def test_counts_say_who_was_skipped() -> None:
    skipped = (SkippedEntry(name="gone", reason="its state is suspended"),)
    document = a_count_document(tenant_counts("acme", a_count(7))).model_copy(update={"skipped": skipped})
    assert "1 tenant skipped: gone (its state is suspended)" in shown(count_report(document))


def test_counts_that_are_all_there_are_short() -> None:
    assert shown(count_report(a_count_document(tenant_counts("acme", a_count(7))))) == [
        "tenant  ring  one",
        "acme    main    7",
        "",
        "1 tenant: 1 counted  (counts of prod, 12.3 s, run run-7)",
    ]


def test_counts_are_capped_and_keep_what_could_not_be_counted() -> None:
    counted = [tenant_counts(f"t{number:03}", a_count(1)) for number in range(MOST_TENANTS + 1)]
    lines = shown(count_report(a_count_document(*counted, tenant_counts("down", reason="no answer"))))
    assert lines[1].startswith("down")
    assert lines[MOST_TENANTS + 1] == "… and 2 more tenants, none worse; --format json has them all"


@pytest.mark.parametrize("name", HOSTILE)
def test_counts_show_names_and_reasons_literally(name: str) -> None:
    tenants = [tenant_counts(name, a_count(1, table=name), ring=name), tenant_counts("down", reason=name)]
    lines = shown(count_report(a_count_document(*tenants)))
    assert lines[0] == f"tenant{' ' * max(len(name) - 6, 0)}  ring{' ' * (len(name) - 4)}  {name}"
    assert lines[2].split() == [name, name, "1"]
    assert f"  {name}" in lines


def test_every_value_has_its_look() -> None:
    assert set(ACTION_LOOK) == set(Action)
    assert (set(STEP_STYLE), set(RESULT_STYLE), set(OUTCOME_STYLE)) == (set(StepStatus), set(Result), set(RingOutcome))
    styles = [style for _, style in ACTION_LOOK.values()]
    for style in (*styles, *STEP_STYLE.values(), *RESULT_STYLE.values(), *OUTCOME_STYLE.values(), *COUNT_STYLE):
        assert Style.parse(style) != Style.null()
