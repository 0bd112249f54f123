"""What puts a difference right, and what came of a repair, as people read it."""

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
    MigrationEntry,
    MigrationStatus,
    RepairEntry,
    SkippedEntry,
)
from pgfleet.documents.repair import RepairDocument, RepairResult
from pgfleet.documents.rollout import ErrorEntry
from pgfleet.repair.model import Strategy
from pgfleet.reports.phrases.repair import MOST_CHARACTERS, remedy_lines
from pgfleet.reports.repair_markdown import remedy_section
from pgfleet.reports.repair_page import repair_page, repair_rows
from pgfleet.reports.repair_terminal import repair_report

COMMAND = "pgfleet repair prod --tenant acme"
STATEMENT = ALTER.statements[0]
HAZARDS = "(takes ACCESS EXCLUSIVE, may fail on existing rows)"
AGAIN = f"{COMMAND} runs 1 again, which puts right index public.i"
COLUMN = a_difference("a.b", ALTER, kind="column", change="changed")


def lines(*differences: DifferenceEntry, status: MigrationStatus = MigrationStatus.DRIFTED) -> tuple[str, ...]:
    return remedy_lines(a_migration_entry(status, differences=differences), "acme", "prod")


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([a_difference(repair=RERUN)], ["rolling 1 out again brings it back"]),
        ([a_difference("t", RERUN, kind="table")], ["rolling 1 out again brings it back, without the rows"]),
        ([a_difference("a", RERUN), a_difference("b", RERUN)], ["rolling 1 out again brings them back"]),
        ([a_difference(repair=RERUN, change="changed")], ["rolling 1 out again puts it right"]),
        (
            [a_difference("a", RERUN), a_difference("b", RERUN, change="changed")],
            ["rolling 1 out again puts them right"],
        ),
        ([COLUMN], [f"this statement does: {STATEMENT} {HAZARDS}; {COMMAND} runs it"]),
        ([a_difference(repair=GONE)], ["by hand: the table is gone with its rows"]),
        (
            [COLUMN, a_difference("i", RERUN)],
            [f"{AGAIN}, and then this statement: {STATEMENT} {HAZARDS}"],
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
                f"this statement does: {STATEMENT} {HAZARDS}; {COMMAND} runs it",
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
def test_what_puts_a_migration_right_in_words(differences: list[DifferenceEntry], said: list[str]) -> None:
    assert list(lines(*differences)) == said


def test_of_many_or_long_statements_the_first_are_shown_each_on_one_line() -> None:
    many = RepairEntry(way=Strategy.SQL, statements=("SELECT\n  1", "x" * 999, "SELECT 3", "SELECT 4"))
    [said] = lines(a_difference(repair=many))
    cut = "x" * (MOST_CHARACTERS - 1)
    assert said == f"these 4 statements do: SELECT 1; {cut}…; SELECT 3; … and 1 more; {COMMAND} runs them"


def test_a_statement_that_two_differences_share_is_told_once() -> None:
    assert len(lines(COLUMN, a_difference("a.c", ALTER, kind="column", change="changed"))) == 1


def test_what_is_never_applied_is_rolled_out_and_who_stands_in_the_way_goes_first() -> None:
    told = lines(a_difference(repair=RERUN), a_difference("b", GONE), status=MigrationStatus.PENDING)
    assert told == (
        "by hand first, index public.b: the table is gone with its rows",
        "pgfleet rollout prod --tenant acme applies it",
    )


def test_what_is_right_or_accepted_needs_nothing() -> None:
    accepted = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference(repair=RERUN)])
    for entry in (accepted.model_copy(update={"accepted": True}), a_migration_entry()):
        assert remedy_lines(entry, "acme", "prod") == ()


def test_checks_that_fail_alone_have_no_repair() -> None:
    entry = a_migration_entry(MigrationStatus.DRIFTED)
    assert remedy_lines(entry, "acme", "prod")[0].startswith("by hand: no object differs")
    started = entry.model_copy(update={"ledger": LedgerState.STARTED})
    assert remedy_lines(started, "acme", "prod") == ("rolling 1 out again takes it up",)


def test_a_name_is_quoted_for_the_shell() -> None:
    entry = a_migration_entry(MigrationStatus.DRIFTED, differences=[COLUMN])
    assert "pgfleet repair prod --tenant 'a b; c'" in remedy_lines(entry, "a b; c", "prod")[0]


def section(*differences: DifferenceEntry) -> str:
    entry: MigrationEntry = a_migration_entry(MigrationStatus.DRIFTED, differences=differences)
    return "\n".join(remedy_section(entry, "acme", "prod"))


def test_a_page_has_statements_and_commands_to_be_copied() -> None:
    assert section(COLUMN, a_difference("i", RERUN), a_difference("t", GONE, kind="table")) == "\n".join(
        [
            (
                f"**What puts it right:** 1 is run again, and then this statement {HAZARDS}. "
                "Rehearsed, proven and recorded by"
            ),
            "",
            f"```sh\n{COMMAND}\n```",
            "",
            f"```sql\n{STATEMENT};\n```",
            "",
            "**By hand**",
            "",
            "- table public.t: the table is gone with its rows",
            "",
        ]
    )


def test_a_page_of_a_rerun_has_the_rollout() -> None:
    told = section(a_difference(repair=RERUN))
    assert "rolling 1 out again brings it back" in told
    assert "```sh\npgfleet rollout prod --tenant acme\n```" in told


REPAIRED = a_repair("acme", versions=["1"], statements=[STATEMENT], repaired=[COLUMN])
FAILED = a_repair(
    "globex",
    RepairResult.FAILED,
    statements=[STATEMENT],
    error=ErrorEntry(message="column b contains null values", sqlstate="23502", advice="put the rows right"),
)
LEFT = a_repair(
    "hooli",
    RepairResult.UNCHANGED,
    remaining=[a_difference("t", GONE, kind="table")],
    not_repairable=[beyond(MigrationStatus.DRIFTED)],
)


def report(document: RepairDocument) -> list[str]:
    console = Console(width=160, file=StringIO(), color_system=None, legacy_windows=False)
    console.print(repair_report(document))
    assert isinstance(console.file, StringIO)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]


def test_the_report_of_a_rehearsal() -> None:
    document = a_repair_document(REPAIRED, FAILED, LEFT, dry_run=True)
    assert report(document) == [
        "A dry run: all of it was rolled back, and each tenant is as it was before.",
        "",
        "globex: failed",
        "  column b contains null values (SQLSTATE 23502)",
        "  put the rows right",
        f"  {STATEMENT} (takes ACCESS EXCLUSIVE)",
        "acme: would be repaired",
        "  1 is run again",
        f"  {STATEMENT} (takes ACCESS EXCLUSIVE)",
        "  put right: column public.a.b is other, should be wanted",
        "hooli: unchanged",
        "  nothing that pgfleet can put right",
        "  by hand: table public.t is missing: the table is gone with its rows",
        "  1 is drifted: check 'rows': found 3",
        "",
        (
            "Failed: 3 tenants: 1 would be repaired, 1 unchanged, 1 failed  "
            f"(dry run of a repair of prod, 12.3 s, digest {document.digest[:12]})"
        ),
    ]


def test_the_report_of_what_was_refused_says_why() -> None:
    refused = a_repair("acme", RepairResult.NOT_REACHED, statements=[STATEMENT])
    told = report(a_repair_document(refused, reason="it is another now"))
    assert told[0] == "Nothing was done: it is another now"
    assert told[-1].startswith("Refused: 1 tenant: 1 not reached")


def test_the_page_of_a_rehearsal_says_how_to_have_it_done() -> None:
    document = a_repair_document(REPAIRED, FAILED, LEFT, dry_run=True)
    page = repair_page(document)
    assert page.startswith("# Dry run of a repair of prod: 3 tenants: 1 would be repaired, 1 unchanged, 1 failed")
    assert f"This statement (takes ACCESS EXCLUSIVE):\n\n```sql\n{STATEMENT};\n```" in page
    assert "- by hand: table public.t is missing: the table is gone with its rows" in page
    assert "```sh\npgfleet repair prod --tenant acme --tenant globex --tenant hooli\n```" in page
    assert document.digest in page
    assert "To have it done" not in repair_page(a_repair_document(REPAIRED))


def test_who_was_skipped_is_told_and_counts_as_no_tenant() -> None:
    skipped = [SkippedEntry(name="<gone>", reason="its state is suspended")]
    document = a_repair_document(REPAIRED, skipped=skipped)
    assert document.summary["skipped"] == 1
    assert "1 tenant skipped: <gone> (its state is suspended)" in report(document)
    page = repair_page(document)
    assert page.startswith("# Repair of prod: 1 tenant: 1 repaired\n")
    assert "1 tenant skipped: &lt;gone&gt; (its state is suspended)." in page


def test_the_rows_of_a_repair_are_worst_first() -> None:
    rows = repair_rows(a_repair_document(REPAIRED, FAILED, LEFT))
    assert [(row["tenant"], row["result"]) for row in rows] == [
        ("globex", "failed"),
        ("acme", "repaired"),
        ("hooli", "unchanged"),
    ]
    assert rows[1]["what"] == "1 run again; 1 statement run"
