"""How to fix a difference, and the result of a repair, as people read it."""

from io import StringIO

import pytest
from rich.console import Console
from unit.literals import a_difference_entry, a_migration_entry
from unit.repair_literals import (
    ALONG,
    ALTER,
    GONE,
    RERUN,
    a_difference,
    a_repair,
    a_repair_document,
    beyond,
)

from pgfleet.documents.audit import (
    DifferenceEntry,
    LedgerState,
    MigrationStatus,
    RepairEntry,
    SkippedEntry,
)
from pgfleet.documents.repair import RepairDocument, RepairResult
from pgfleet.documents.rollout import ErrorEntry
from pgfleet.repair.model import Strategy
from pgfleet.reports.phrases.repair import MOST_CHARACTERS, remedy_lines
from pgfleet.reports.render import markdown, terminal
from pgfleet.reports.views.repair import repair_rows, repair_view

COMMAND = "pgfleet repair prod --tenant acme"
STATEMENT = ALTER.statements[0]
HAZARDS = "(takes ACCESS EXCLUSIVE, may fail on existing rows)"
ROLLOUT = "pgfleet rollout prod --tenant acme"
AGAIN = f"{COMMAND} reapplies 1, which fixes index public.i"
COLUMN = a_difference("a.b", ALTER, kind="column", change="changed")


def lines(*differences: DifferenceEntry, status: MigrationStatus = MigrationStatus.DRIFTED) -> tuple[str, ...]:
    return remedy_lines(a_migration_entry(status, differences=differences), "acme", "prod")


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([a_difference(repair=RERUN)], [f"reapplying 1 restores it: {ROLLOUT}"]),
        ([a_difference("t", RERUN, kind="table")], [f"reapplying 1 restores it, without rows: {ROLLOUT}"]),
        ([a_difference("a", RERUN), a_difference("b", RERUN)], [f"reapplying 1 restores them: {ROLLOUT}"]),
        ([a_difference(repair=RERUN, change="changed")], [f"reapplying 1 fixes it: {ROLLOUT}"]),
        (
            [a_difference("a", RERUN), a_difference("b", RERUN, change="changed")],
            [f"reapplying 1 fixes them: {ROLLOUT}"],
        ),
        ([COLUMN], [f"{COMMAND} runs 1 statement: {STATEMENT} {HAZARDS}"]),
        ([a_difference(repair=GONE)], ["by hand: the table is gone with its rows"]),
        (
            [COLUMN, a_difference("i", RERUN)],
            [f"{AGAIN}, then runs 1 statement: {STATEMENT} {HAZARDS}"],
        ),
        (
            [a_difference("i", RERUN), a_difference("t", GONE, kind="table")],
            [
                AGAIN,
                "by hand, table public.t: the table is gone with its rows",
            ],
        ),
        (
            [COLUMN, a_difference("v.t", ALONG, kind="trigger")],
            [
                f"{COMMAND} runs 1 statement: {STATEMENT} {HAZARDS}",
                "trigger public.v.t: view v is made anew with it",
            ],
        ),
        ([a_difference_entry()], []),
    ],
    ids=[
        "missing",
        "table",
        "both missing",
        "changed",
        "both",
        "sql",
        "hand",
        "rerun+sql",
        "rerun+hand",
        "along",
        "unknown",
    ],
)
def test_how_to_fix_a_migration(differences: list[DifferenceEntry], said: list[str]) -> None:
    assert list(lines(*differences)) == said


def test_of_many_or_long_statements_the_first_are_shown_each_on_one_line() -> None:
    many = RepairEntry(way=Strategy.SQL, statements=("SELECT\n  1", "x" * 999, "SELECT 3", "SELECT 4"))
    [said] = lines(a_difference(repair=many))
    cut = "x" * (MOST_CHARACTERS - 1)
    assert said == f"{COMMAND} runs 4 statements: SELECT 1; {cut}…; SELECT 3; … and 1 more"


def test_a_statement_that_fixes_two_differences_is_listed_once() -> None:
    assert len(lines(COLUMN, a_difference("a.c", ALTER, kind="column", change="changed"))) == 1


def test_a_pending_migration_is_rolled_out_after_what_blocks_it_is_fixed_by_hand() -> None:
    told = lines(a_difference(repair=RERUN), a_difference("b", GONE), status=MigrationStatus.PENDING)
    assert told == (
        "by hand first, index public.b: the table is gone with its rows",
        "pgfleet rollout prod --tenant acme applies it",
    )


def test_an_applied_or_accepted_migration_needs_no_fix() -> None:
    accepted = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference(repair=RERUN)])
    for entry in (accepted.model_copy(update={"accepted": True}), a_migration_entry()):
        assert remedy_lines(entry, "acme", "prod") == ()


def test_checks_that_fail_alone_have_no_repair() -> None:
    entry = a_migration_entry(MigrationStatus.DRIFTED)
    assert remedy_lines(entry, "acme", "prod")[0].startswith("by hand: no object differs")
    started = entry.model_copy(update={"ledger": LedgerState.STARTED})
    assert remedy_lines(started, "acme", "prod") == ("a rollout resumes 1",)


def test_a_name_is_quoted_for_the_shell() -> None:
    entry = a_migration_entry(MigrationStatus.DRIFTED, differences=[COLUMN])
    assert "pgfleet repair prod --tenant 'a b; c'" in remedy_lines(entry, "a b; c", "prod")[0]


REPAIRED = a_repair("acme", versions=["1"], statements=[STATEMENT], repaired=[COLUMN])
FAILED = a_repair(
    "globex",
    RepairResult.FAILED,
    statements=[STATEMENT],
    error=ErrorEntry(message="column b contains null values", sqlstate="23502", advice="fix the rows"),
)
LEFT = a_repair(
    "hooli",
    RepairResult.UNCHANGED,
    remaining=[a_difference("t", GONE, kind="table")],
    not_repairable=[beyond(MigrationStatus.DRIFTED)],
)


def report(document: RepairDocument) -> list[str]:
    console = Console(width=160, file=StringIO(), color_system=None, legacy_windows=False)
    console.print(terminal.render(repair_view(document)))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_report_of_a_dry_run() -> None:
    document = a_repair_document(REPAIRED, FAILED, LEFT, dry_run=True)
    assert report(document) == [
        "This was a dry run: every change was rolled back.",
        "",
        "globex: failed",
        "  column b contains null values (SQLSTATE 23502)",
        "  → fix the rows",
        "  Statement (takes ACCESS EXCLUSIVE):",
        f"    → {STATEMENT};",
        "",
        "acme: would be repaired",
        "  Reapplied: 1",
        "  Statement (takes ACCESS EXCLUSIVE):",
        f"    → {STATEMENT};",
        "  Fixed: column public.a.b is other, should be wanted",
        "",
        "hooli: unchanged",
        "  nothing that pgfleet can repair",
        "  Remaining, to fix by hand: table public.t is missing: the table is gone with its rows",
        "  Not repairable: 1 is drifted: check 'rows': found 3",
        "",
        "Failed: 3 tenants: 1 would be repaired, 1 unchanged, 1 failed",
        f"Dry run of a repair of prod · took 12.3 s · digest {document.digest[:12]} · run run-7",
    ]


def test_a_long_statement_is_shown_in_full_line_by_line() -> None:
    sql = "CREATE FUNCTION f() RETURNS int\n  LANGUAGE sql -- a comment\n  AS 'SELECT 1'" + " " * 300 + ";"
    lines = report(a_repair_document(a_repair("acme", statements=[sql]), dry_run=True))
    place = lines.index("    → CREATE FUNCTION f() RETURNS int")
    assert lines[place + 1].split() == ["→", "LANGUAGE", "sql", "--", "a", "comment"]


def test_the_report_of_what_was_refused_says_why() -> None:
    refused = a_repair("acme", RepairResult.NOT_REACHED, statements=[STATEMENT])
    told = report(a_repair_document(refused, reason="it is another now"))
    assert told[0] == "Nothing was done: it is another now"
    assert told[-2].startswith("Refused: 1 tenant: 1 not reached")


def test_the_page_of_a_dry_run_says_how_to_carry_it_out() -> None:
    document = a_repair_document(REPAIRED, FAILED, LEFT, dry_run=True)
    page = markdown.render(repair_view(document, with_command=True))
    assert page.startswith(
        "# Dry run of a repair of prod: Failed: 3 tenants: 1 would be repaired, 1 unchanged, 1 failed"
    )
    assert f"Statement (takes ACCESS EXCLUSIVE):\n\n```sql\n{STATEMENT};\n```" in page
    assert "- table public.t is missing: the table is gone with its rows" in page
    assert "```sh\npgfleet repair prod --tenant acme --tenant globex --tenant hooli\n```" in page
    assert document.digest in page
    assert "To carry out" not in markdown.render(repair_view(a_repair_document(REPAIRED)))


def test_skipped_tenants_are_listed_and_not_counted() -> None:
    skipped = [SkippedEntry(name="<gone>", reason="its state is suspended")]
    document = a_repair_document(REPAIRED, skipped=skipped)
    assert document.summary["skipped"] == 1
    assert "1 tenant skipped: <gone> (its state is suspended)" in report(document)
    page = markdown.render(repair_view(document))
    assert page.startswith("# Repair of prod: Completed: 1 tenant: 1 repaired\n")
    assert "1 tenant skipped: &lt;gone&gt; (its state is suspended)." in page


def test_the_rows_of_a_repair_are_worst_first() -> None:
    rows = repair_rows(a_repair_document(REPAIRED, FAILED, LEFT))
    assert [(row["tenant"], row["result"]) for row in rows] == [
        ("globex", "failed"),
        ("acme", "repaired"),
        ("hooli", "unchanged"),
    ]
    assert rows[1]["details"] == "1 reapplied; 1 statement run"
