"""How to fix a difference, and the result of a repair, as people read it."""

import pytest
from unit.literals import a_difference_entry, a_manifest, a_migration, a_migration_entry, a_tenant_entry
from unit.printed import printed
from unit.repair_literals import ALONG, ALTER, GONE, RERUN, a_difference, a_repair, a_repair_document, beyond

from pgfleet.documents.audit import SkippedEntry, Verdict
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import DifferenceEntry, LedgerState, MigrationEntry, MigrationStatus, RepairEntry
from pgfleet.documents.repair import RepairDocument, RepairResult
from pgfleet.repair.model import Strategy
from pgfleet.reports.blocks import Tone
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.render import markdown
from pgfleet.reports.render.outline import MOST_CHARACTERS, outline
from pgfleet.reports.views.migration import commands, migration_section
from pgfleet.reports.views.repair import repair_rows, repair_view

STATEMENT = ALTER.statements[0]
HAZARDS = "(takes ACCESS EXCLUSIVE, may fail on existing rows)"
COLUMN = a_difference("a.b", ALTER, kind="column", change="changed")


def remedies(entry: MigrationEntry) -> list[str]:
    """How the report of an audit says to fix the migration, line by line."""
    section = migration_section([entry], a_manifest(a_migration("1")), Dates())
    return [each.text for each in outline(section.blocks) if each.tone is Tone.REMEDY]


def lines(*differences: DifferenceEntry, status: MigrationStatus = MigrationStatus.DRIFTED) -> list[str]:
    return remedies(a_migration_entry(status, differences=differences))


@pytest.mark.parametrize(
    ("differences", "said"),
    [
        ([a_difference(repair=RERUN)], ["reapplying 1 restores it"]),
        ([a_difference("t", RERUN, kind="table")], ["reapplying 1 restores it"]),
        ([a_difference("a", RERUN), a_difference("b", RERUN)], ["reapplying 1 restores them"]),
        ([a_difference(repair=RERUN, change="changed")], ["reapplying 1 fixes it"]),
        ([a_difference("a", RERUN), a_difference("b", RERUN, change="changed")], ["reapplying 1 fixes them"]),
        ([COLUMN], [f"{STATEMENT}; {HAZARDS}"]),
        ([a_difference("t", GONE, kind="table")], ["By hand: table public.t: the table is gone with its rows"]),
        ([COLUMN, a_difference("i", RERUN)], ["reapplying 1 restores index public.i", f"{STATEMENT}; {HAZARDS}"]),
        (
            [a_difference("i", RERUN), a_difference("t", GONE, kind="table")],
            ["reapplying 1 restores index public.i", "By hand: table public.t: the table is gone with its rows"],
        ),
        (
            [COLUMN, a_difference("v.t", ALONG, kind="trigger")],
            [f"{STATEMENT}; {HAZARDS}", "Fixed along with it: trigger public.v.t: view v is made anew with it"],
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
    assert lines(*differences) == said


def test_long_statements_are_shortened_in_the_report_of_an_audit() -> None:
    many = RepairEntry(way=Strategy.SQL, statements=("SELECT\n  1", "x" * 999, "SELECT 3"))
    [line] = lines(a_difference(repair=many))
    assert line.startswith("SELECT 1; xxx")
    assert (len(line), line[-1]) == (MOST_CHARACTERS, "…")


def test_a_statement_that_fixes_two_differences_is_listed_once() -> None:
    assert lines(COLUMN, a_difference("a.c", ALTER, kind="column", change="changed")) == [f"{STATEMENT}; {HAZARDS}"]


def test_a_pending_migration_says_what_blocks_it() -> None:
    found = lines(a_difference(repair=RERUN), a_difference("b", GONE), status=MigrationStatus.PENDING)
    assert found == ["By hand: index public.b: the table is gone with its rows"]


def test_checks_that_fail_alone_have_no_repair() -> None:
    entry = a_migration_entry(MigrationStatus.DRIFTED)
    assert remedies(entry)[0].startswith("fix the rows by hand: no object differs")
    started = entry.model_copy(update={"ledger": LedgerState.STARTED})
    assert remedies(started) == ["a rollout resumes 1"]


@pytest.mark.parametrize(("way", "name"), [(RERUN, "rollout"), (ALTER, "repair")])
def test_the_command_fixes_it_and_quotes_the_name_for_the_shell(way: RepairEntry, name: str) -> None:
    entry = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference(repair=way)])
    tenant = a_tenant_entry("a b; c", Verdict.BLOCKED)
    assert [each.text for each in commands([entry], tenant, "prod")] == [f"pgfleet {name} prod --tenant 'a b; c'"]


def test_a_tenant_that_commands_skip_gets_no_command() -> None:
    entry = a_migration_entry(MigrationStatus.DRIFTED, differences=[a_difference(repair=RERUN)])
    assert not [*commands([entry], a_tenant_entry("acme", Verdict.UNKNOWN), "prod")]


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
    return printed(repair_view(document))


def test_the_report_of_a_dry_run() -> None:
    document = a_repair_document(REPAIRED, FAILED, LEFT, dry_run=True)
    assert report(document) == [
        "This was a dry run: every change was rolled back.",
        "",
        "globex: failed",
        "  column b contains null values (SQLSTATE 23502)",
        "  → fix the rows",
        "  Statement (takes ACCESS EXCLUSIVE):",
        f"    {STATEMENT};",
        "",
        "acme: would be repaired",
        "  Reapplied: 1",
        "  Statement (takes ACCESS EXCLUSIVE):",
        f"    {STATEMENT};",
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
    place = lines.index("    CREATE FUNCTION f() RETURNS int")
    assert lines[place + 1].split() == ["LANGUAGE", "sql", "--", "a", "comment"]


def test_a_dry_run_without_failures_names_its_kind_once() -> None:
    page = markdown.render(repair_view(a_repair_document(REPAIRED, dry_run=True)))
    assert page.startswith("# Dry run of a repair of prod: 1 tenant: 1 would be repaired\n")


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
