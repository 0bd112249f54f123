"""Plans and rollouts in Markdown: text from tenants and servers is shown as text, and is never markup."""

import re
from dataclasses import replace

import pytest
from unit.literals import a_difference_entry, a_manifest, a_migration
from unit.rollout_literals import (
    DIGEST,
    RINGS,
    a_count,
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
)

from pgfleet.documents.audit import Verdict
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.plan import Action, TenantPlan
from pgfleet.documents.ring import RestartEntry, RingOutcome
from pgfleet.documents.rollout import Result, RolloutDocument, StepStatus, TenantResult
from pgfleet.manifest.model import Priority
from pgfleet.reports.markup import escaped
from pgfleet.reports.render import markdown
from pgfleet.reports.views.plan import approval_view, plan_view
from pgfleet.reports.views.rollout import rollout_view

MANIFEST = a_manifest(a_migration("1"), a_migration("2", name="two", priority=Priority.P1))
ALONE = a_manifest(replace(MANIFEST.migrations[0], transactional=False), MANIFEST.migrations[1])
SCRIPT = "<script>alert(1)</script>"
HOSTILE = [SCRIPT, "a|b", "`a`", "**a**", "[a](javascript:alert(1))", "![a](b)", "_a_ <b>", "# a\n- b"]
PLANS = (
    a_tenant_plan("acme", planned("1"), planned("2"), ring="canary"),
    a_tenant_plan("cobalt", planned("1", Action.APPLY), planned("2", Action.APPLY), ring="early", seeds=["rules"]),
    a_tenant_plan("dynamo", planned("1", Action.REAPPLY), planned("2", altered=True), ring="early"),
    a_tenant_plan("ember", planned("1", Action.REAPPLY), planned("2"), ring="main"),
    a_tenant_plan("down", ring="main", obstacle=Verdict.UNREACHABLE, reason="no answer from db_1"),
    a_tenant_plan("fjord", planned("1", Action.REAPPLY), planned("2"), ring="main"),
)
WHAT = [
    "## Tenants per migration and seed",
    "",
    "- 1\\_one.sql (what one provides): 3 to reapply, 1 to apply",
    "- 2\\_two.sql (what two provides): 1 to apply",
    "- seed rules: 1 to apply",
    "",
    "## Files changed after they were applied",
    "",
    "- 2\\_two.sql: in 1 tenant; --rerun 2 runs it again",
    "",
]
WHERE = [
    "## Ring canary: 1 tenant",
    "",
    "- **nothing to do** (1 tenant: acme)",
    "",
    "## Ring early: 2 tenants",
    "",
    "- **apply all 2 migrations; apply seed rules** (1 tenant: cobalt)",
    "- **reapply 1 (file changed since it was applied: 2)** (1 tenant: dynamo)",
    "",
    "## Ring main: 3 tenants",
    "",
    "- **reapply 1** (2 tenants: ember, fjord)",
    "",
    "## Skipped: could not be inspected",
    "",
    "- **no answer from db\\_1 (unreachable)** (1 tenant: down)",
    "",
]
SUMMARY = "6 tenants: apply 2 migrations in 1, reapply 3 in 3, apply 1 seed in 1; nothing to do in 1; 1 unreachable"
FACTS = "finished 2025-04-01 02:00 UTC · took 12.3 s · plan fedcba987654 · manifest 0123456789ab · run run-7"


def page_of(document: RolloutDocument) -> list[str]:
    return markdown.render(rollout_view(document, MANIFEST)).splitlines()


def plan_lines(*tenants: TenantPlan) -> list[str]:
    return markdown.render(plan_view(a_plan(*tenants), MANIFEST, RINGS)).splitlines()


def section(lines: list[str], heading: str) -> list[str]:
    """The lines under a heading, up to the next one."""
    rest = lines[lines.index(f"## {heading}") + 2 :]
    return rest[: next((place for place, line in enumerate(rest) if line.startswith("##")), len(rest) - 1) - 1]


def failed(name: str, error: ErrorEntry, **changes: object) -> TenantResult:
    step = a_step("2", Action.APPLY, StepStatus.FAILED, name="two", error=error)
    return a_result(name, Result.FAILED, step.model_copy(update=changes))


def test_the_page_of_a_plan() -> None:
    assert plan_lines(*PLANS) == [
        f"# Plan for prod: {SUMMARY}",
        "",
        *WHERE,
        *WHAT,
        "## Actions",
        "",
        "| action | what it does |",
        "| --- | --- |",
        "| apply | runs the script: not applied yet |",
        "| reapply | runs the script again: an object is missing or changed |",
        "",
        "plan fedcba987654",
    ]


def test_the_page_of_a_plan_with_nothing_to_do_is_short() -> None:
    assert plan_lines(a_tenant_plan("acme", planned("1")), a_tenant_plan("globex", planned("1"))) == [
        "# Plan for prod: 2 tenants: nothing to do in 2",
        "",
        "## Ring main: 2 tenants",
        "",
        "- **nothing to do** (2 tenants: acme, globex)",
        "",
        "plan fedcba987654",
    ]


def test_a_plan_lists_the_first_tenants_of_a_group() -> None:
    tenants = [a_tenant_plan(f"t{number:02}", planned("1", Action.APPLY)) for number in range(32)]
    [line] = section(plan_lines(*tenants), "Ring main: 32 tenants")
    assert line == f"- **apply 1** (32 tenants: {', '.join(f't{number:02}' for number in range(20))} and 12 more)"


def test_the_page_that_asks_for_approval() -> None:
    error = ErrorEntry(message="no such type", sqlstate="42704", file="2_two.sql", line=3, column=9, advice="fix it")
    required = "required migration 1 was not exercised"
    dry_run = [
        a_result(
            "cobalt",
            Result.DONE,
            a_step("1", status=StepStatus.NOT_EXERCISED, detail="1_one.sql runs in no transaction"),
            a_step("2", status=StepStatus.NOT_EXERCISED, detail=required, name="two"),
        ),
        failed("dynamo", error),
    ]
    page = markdown.render(approval_view(a_plan(*PLANS), ALONE, RINGS, dry_run, "early"))
    assert page.rstrip().splitlines() == [
        "# Approval needed for prod",
        "",
        f"{SUMMARY}.",
        "",
        "Nothing has been changed yet, and nothing will be without approval.",
        "",
        *WHAT,
        "## Dry run in ring early",
        "",
        "2 tenants: 1 done, 1 failed. All changes were rolled back.",
        "",
        "- **Failures, by reason**",
        "  - **no such type (SQLSTATE 42704)**",
        "    - at 2\\_two.sql, line 3 column 9",
        "    - 1 tenant: dynamo",
        "    - → fix it",
        "",
        "## Not exercised by the dry run",
        "",
        "- **1\\_one.sql: not in a transaction, so no rollback is possible** (4 tenants: cobalt, dynamo, ember, fjord)",
        f"- **2\\_two.sql: {required}** (1 tenant: cobalt)",
        "",
        *WHERE,
        "## The plan",
        "",
        "Approval is for this plan only: if a tenant changes first, nothing is done.",
        "",
        "Digest:",
        "",
        "```text",
        DIGEST,
        "```",
    ]


def test_what_runs_outside_a_transaction_and_is_not_run_is_not_listed_as_not_exercised() -> None:
    plans = [a_tenant_plan("acme", planned("1", Action.ADOPT), planned("2", Action.APPLY))]
    page = markdown.render(approval_view(a_plan(*plans), ALONE, RINGS, [a_result("acme")], "main"))
    assert "Not exercised" not in page


def test_the_page_of_a_rollout() -> None:
    acme = a_result("acme", Result.UNCHANGED, a_step("1", Action.SKIP, StepStatus.SKIPPED), ring="canary")
    cobalt = a_result("cobalt", Result.DONE, a_step("1"), seeds=[a_seed_step(rows_added=14)], ring="canary")
    lost = ErrorEntry(message="server closed the connection", sqlstate="08006")
    ember = failed("ember", lost).model_copy(
        update={
            "error": lost,
            "reason": "closed",
            "counts": (a_pair(a_count(40), None), a_pair(a_count(1), a_count(1))),
        }
    )
    late = a_result("late", Result.NOT_REACHED, ring="last", reason="ring main halted")
    results = [acme, cobalt, ember, late]
    watch = [a_watch_entry("cobalt", is_finding=True, overdue=9, detail="9 overdue; none taken in 30 s")]
    restarts = [RestartEntry(service="planner", restarted=True)]
    unlucky = [RestartEntry(service="worker", restarted=False, detail="worker: exited with 1")]
    reason = "1 failure, 0 allowed"
    rings = [
        a_ring("canary", results=results, restarts=restarts, watched_seconds=30, soaked_seconds=60, watch=watch),
        a_ring("main", RingOutcome.HALTED, reason=reason, results=results, restarts=unlucky),
        a_ring("last", RingOutcome.NOT_REACHED, results=results),
    ]
    assert page_of(a_rollout(*results, rings=rings, outcome="Halted", reason=f"ring main: {reason}")) == [
        "# Rollout of prod: Halted: 4 tenants: 1 done, 1 unchanged, 1 failed, 1 not reached",
        "",
        "| ring | outcome | tenants | failures | restarted | watched | soaked |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| canary | completed | 1 done, 1 unchanged | 0, 0 allowed | planner | 30 s: 1 finding | 60 s |",
        "| main | halted | 1 failed | 1, 0 allowed | NOT worker |  |  |",
        "| last | not reached | 1 not reached |  |  |  |  |",
        "",
        "Ring main halted: 1 failure, 0 allowed",
        "",
        "## Tenants per migration",
        "",
        "- 1\\_one.sql: 1 already applied, 1 applied",
        "- 2\\_two.sql: 1 failed",
        "",
        "## Seeds",
        "",
        "- **seed rules applied (14 rows)** (1 tenant: cobalt)",
        "",
        "## Rows before and after",
        "",
        "| tenant | table | before | after | difference |",
        "| --- | --- | --- | --- | --- |",
        "| ember | one | 40 | ? |  |",
        "",
        "? not counted.",
        "",
        "1 other count unchanged.",
        "",
        "## Failures, by reason",
        "",
        "- **server closed the connection (SQLSTATE 08006)**",
        "  - in 2\\_two.sql",
        "  - 1 tenant: ember",
        "",
        "## Services not restarted",
        "",
        "- **worker: exited with 1**: after ring main",
        "",
        "## Watch findings",
        "",
        "- **queue (tasks): 9 overdue; none taken in 30 s** (1 tenant: cobalt)",
        "",
        "## Not reached",
        "",
        "- **ring main halted** (1 tenant: late)",
        "",
        FACTS,
    ]


def test_a_rollout_that_went_well_is_short() -> None:
    assert page_of(a_rollout(a_result("acme", Result.DONE, a_step(action=Action.REAPPLY)))) == [
        "# Rollout of prod: Completed: 1 tenant: 1 done",
        "",
        "| ring | outcome | tenants | failures |",
        "| --- | --- | --- | --- |",
        "| main | completed | 1 done | 0, 0 allowed |",
        "",
        FACTS,
    ]


def test_a_dry_run_says_that_it_was_rolled_back_and_what_it_did_not_exercise() -> None:
    step = a_step(status=StepStatus.NOT_EXERCISED, detail="1_one.sql runs in no transaction")
    placed = a_step(status=StepStatus.NOT_EXERCISED, detail="1_one.sql, line 2 column 1: unsafe use")
    tenants = a_result("acme", Result.DONE, step), a_result("globex", Result.DONE, placed)
    lines = page_of(a_rollout(*tenants, dry_run=True))
    assert lines[:3] == [
        "# Dry run of prod: Completed: 2 tenants: 2 done",
        "",
        "This was a dry run: every change was rolled back.",
    ]
    assert section(lines, "Not exercised by the dry run") == [
        "- **1\\_one.sql: runs in no transaction** (1 tenant: acme)",
        "- **1\\_one.sql: line 2 column 1: unsafe use** (1 tenant: globex)",
    ]


def test_a_refused_rollout_says_why_once() -> None:
    late = a_result("acme", Result.NOT_REACHED, reason="the plan was not approved")
    assert page_of(a_rollout(late, rings=[], outcome="Refused", reason="the plan was not approved")) == [
        "# Rollout of prod: Refused: 1 tenant: 1 not reached",
        "",
        "Nothing was done: the plan was not approved.",
        "",
        FACTS,
    ]


def test_a_rollout_of_no_tenants_has_no_table() -> None:
    assert page_of(a_rollout()) == ["# Rollout of prod: Completed: no tenants", "", FACTS]


def test_a_remaining_difference_is_shown_as_it_is_and_as_it_should_be() -> None:
    residual = [
        a_difference_entry(),
        a_difference_entry(change="changed", expected="CREATE INDEX a", actual="```\n# CREATE INDEX b"),
    ]
    error = ErrorEntry(message="it is drifted afterwards: all of it again", advice="fix it by hand")
    lines = page_of(a_rollout(failed("acme", error, residual=tuple(residual))))
    assert section(lines, "Still different after the script ran") == [
        "- **2\\_two.sql: it is drifted afterwards**",
        "  - index public.idx\\_a is missing",
        "  - index public.idx\\_a is \\`\\`\\` \\# CREATE INDEX b, should be CREATE INDEX a",
        "  - 1 tenant: acme",
        "  - → fix it by hand",
    ]
    assert "Failures" not in "\n".join(lines)


@pytest.mark.parametrize("name", HOSTILE)
def test_names_and_messages_stand_in_pages_only_escaped(name: str) -> None:
    error = ErrorEntry(message=name, file=name, line=1, column=1, advice=name)
    steps = [
        a_step("1", status=StepStatus.FAILED, error=error, residual=[a_difference_entry()]),
        a_step("2", status=StepStatus.FAILED, error=error.model_copy(update={"sqlstate": "42704"})),
        a_step("3", status=StepStatus.NOT_REACHED, detail=name),
    ]
    result = a_result(name, Result.FAILED, *steps, ring=name, counts=[a_pair(a_count(1), None, table=name)])
    unlucky = [RestartEntry(service=name, restarted=False, detail=name)]
    watch = [a_watch_entry(name, is_finding=True, watch=name, table=name, detail=name)]
    ring = a_ring(name, RingOutcome.HALTED, reason=name, results=[result], restarts=unlucky, watch=watch)
    plans = [
        a_tenant_plan(name, planned("1", Action.APPLY), ring=name, seeds=[name]),
        a_tenant_plan("down", ring=name, obstacle=Verdict.UNKNOWN, reason=name),
    ]
    for view in (
        plan_view(a_plan(*plans), MANIFEST, [name]),
        approval_view(a_plan(*plans), MANIFEST, [name], [result], name),
        rollout_view(a_rollout(result, rings=[ring]), MANIFEST),
    ):
        page = markdown.render(view)
        assert escaped(name) in page
        assert name not in page


def test_no_line_of_a_page_is_printed_twice() -> None:
    error = ErrorEntry(message="no such type", sqlstate="42704", file="2_two.sql", line=3, column=9, advice="fix it")
    results = [failed("acme", error), failed("globex", error, residual=(a_difference_entry(),))]
    ring = a_ring(outcome=RingOutcome.HALTED, reason="2 failures, 0 allowed", results=results)
    document = a_rollout(*results, rings=[ring], reason="ring main: 2 failures, 0 allowed")
    pages = [
        markdown.render(rollout_view(document, MANIFEST)),
        markdown.render(approval_view(a_plan(*PLANS), ALONE, RINGS, results, "main")),
    ]
    for page in pages:
        lines = [line for line in page.splitlines() if re.search(r"\w", line) and "→" not in line]
        assert sorted(set(lines)) == sorted(lines)
