"""New findings, identical tenants, lost rows, and accepted findings at the terminal, on pages, and in rows."""

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from rich.console import Console
from unit.literals import (
    FINISHED,
    a_contract_entry,
    a_difference_entry,
    a_document,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
)
from unit.literals import a_tenant_entry as a_tenant
from unit.printed import printed

from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.audit_context import (
    AcceptanceEntry,
    AcceptanceState,
    AcceptedEntry,
    FindingEntry,
    LossEntry,
    Source,
    TrendEntry,
    VariantDifference,
    VariantEntry,
)
from pgfleet.documents.findings import MigrationStatus
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.phrases.audit import sentence
from pgfleet.reports.phrases.context import acceptance_lines, loss_sentence, summarize_losses, summarize_variants
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.trend import MOST_LINES, headline, new_lines, resolved_lines
from pgfleet.reports.render import html, markdown, terminal
from pgfleet.reports.rows import MOST_ROWS
from pgfleet.reports.tables import tenant_rows, variant_rows
from pgfleet.reports.views.audit import audit_page, audit_view
from pgfleet.reports.views.audit_tenant import tenant_view, tenants_with_page

ORDER = ("20250315", "20250328")
BEFORE = datetime(2025, 3, 25, 1, 0, tzinfo=UTC)
BERLIN = Dates(timezone="Europe/Berlin", now=FINISHED)
MANIFEST = a_manifest(a_migration("1"), a_migration("2", name="two"))
ACCEPTED = AcceptedEntry(owner="ana", reason="being rebuilt", until=date(2025, 6, 30))
LOSS = LossEntry(table="ai_messages", before=1200, now=40, allowed=120, exact=True)


def a_finding(
    tenant: str = "acme",
    kind: str = "index",
    identity: str = "public.idx_a",
    change: str = "missing",
    *,
    judged_before: bool = True,
) -> FindingEntry:
    return FindingEntry(
        tenant=tenant, kind=kind, identity=identity, change=change, since=BEFORE, judged_before=judged_before
    )


def a_since(*new: FindingEntry, resolved: tuple[FindingEntry, ...] = (), not_judged: int = 0) -> TrendEntry:
    return TrendEntry(
        previous_run_id="run-6",
        previous_finished_at=BEFORE,
        source=Source.PREFECT,
        new=new,
        persisting=3,
        resolved=resolved,
        not_judged=not_judged,
    )


def a_variant(name: str, *tenants: str, differences: int = 1) -> VariantEntry:
    found = [VariantDifference(kind="index", identity=f"idx_{n}", change="missing") for n in range(differences)]
    return VariantEntry(
        name=name, fingerprint=name, server_major=16, expected=not found, tenants=tenants, differences=tuple(found)
    )


def an_acceptance(state: AcceptanceState = AcceptanceState.ACTIVE, matches: int = 1) -> AcceptanceEntry:
    return AcceptanceEntry(
        tenant="acme-*",
        kind="index",
        identity="public.idx_*",
        change=None,
        owner="ana",
        reason="being rebuilt",
        until=date(2025, 6, 30),
        state=state,
        matches=matches,
    )


VARIANTS = (a_variant("as expected", *"abc", differences=0), a_variant("variant A", "d", "e"))


def a_drifted_tenant(name: str = "acme", since: datetime = BEFORE, *, accepted: bool = False) -> TenantEntry:
    difference = a_difference_entry().model_copy(update={"since": since, "accepted": ACCEPTED if accepted else None})
    migration = a_migration_entry(MigrationStatus.DRIFTED, differences=[difference])
    return a_tenant(
        name,
        Verdict.READY if accepted else Verdict.BLOCKED,
        migrations=[migration.model_copy(update={"accepted": accepted}), a_migration_entry(version="2", name="two")],
    )


def put(document: AuditDocument, **keys: object) -> AuditDocument:
    return document.model_copy(update=keys)


def report(document: AuditDocument, timezone: str = "UTC") -> list[str]:
    return [line.strip() for line in printed(audit_view(document, MANIFEST, timezone))]


# Words


@pytest.mark.parametrize(
    ("since", "said"),
    [
        (a_since(a_finding()), "Since the audit of 2025-03-25 02:00: 1 new, 3 persisting, 0 resolved"),
        (
            a_since(not_judged=2),
            "Since the audit of 2025-03-25 02:00: 0 new, 3 persisting, 0 resolved, 2 not inspected now",
        ),
    ],
    ids=["new", "not judged"],
)
def test_the_headline_has_the_date_in_the_environments_time_zone(since: TrendEntry, said: str) -> None:
    assert headline(since, BERLIN) == said


@pytest.mark.parametrize(
    ("finding", "said"),
    [
        (a_finding(), "acme: index public.idx_a is missing"),
        (a_finding(kind="tenant", identity="acme", change="unreachable"), "acme: now unreachable"),
        (a_finding(kind="migration", identity="20250328", change="pending"), "acme: 20250328 not applied"),
        (a_finding(kind="migration", identity="20250328", change="drifted"), "acme: 20250328 is drifted"),
        (
            a_finding(judged_before=False),
            "acme: index public.idx_a is missing (not inspected by that audit, may be older)",
        ),
    ],
    ids=["object", "tenant", "pending", "drifted", "not judged before"],
)
def test_a_new_finding_in_words(finding: FindingEntry, said: str) -> None:
    assert new_lines(a_since(finding), ORDER) == (said,)


def test_a_new_broken_contract_has_the_servers_words_and_what_breaks_some_says_which() -> None:
    contract = a_finding(kind="contract", identity="policy_engine", change="broken")
    broken = contract.model_copy(update={"message": 'column "a"\n  does not exist'})
    missing = a_finding().model_copy(update={"breaks": ("a", "b", "c", "d")})
    assert new_lines(a_since(broken, missing), ORDER) == (
        'acme: policy_engine cannot run its statements: column "a" does not exist',
        "acme: index public.idx_a is missing, so a, b, c and 1 more cannot run",
    )


def test_a_broken_contract_is_dated() -> None:
    broken = a_contract_entry(a_failure(), consumer="policy_engine").model_copy(update={"since": BEFORE})
    tenant = a_tenant("acme", Verdict.BLOCKED, migrations=[a_migration_entry()], contracts=[broken])
    document = put(a_document(tenant), since=a_since())
    said = "acme: policy_engine cannot run 'fetch': column \"a\" does not exist (since 2025-03-25 01:00)"
    assert said in report(document)
    heading = "## Contract policy\\_engine: broken (P0, since 2025-03-25 01:00)"
    assert heading in markdown.render(tenant_view(tenant, document, MANIFEST)).splitlines()


def test_what_is_the_same_in_several_tenants_is_one_line_and_lines_are_capped() -> None:
    same = [a_finding(f"t{number}") for number in range(7)]
    other = [a_finding("t0", identity=f"public.idx_{number}") for number in range(MOST_LINES + 1)]
    lines = new_lines(a_since(*same, *other), ORDER)
    assert lines[0] == "t0, t1, t2, t3, t4 and 2 more: index public.idx_a is missing"
    assert (len(lines), lines[-1]) == (MOST_LINES + 1, "… and 2 more")


def test_what_is_resolved_says_since_when_it_was_there() -> None:
    lines = resolved_lines(a_since(resolved=(a_finding(),)), BERLIN, ORDER)
    assert lines == ("acme: index public.idx_a is fixed (missing since 2025-03-25 02:00)",)


def test_tenants_and_migrations_are_right_again_too() -> None:
    found = (
        a_finding(kind="tenant", identity="acme", change="unreachable"),
        a_finding(kind="migration", identity="20250328", change="pending"),
    )
    assert resolved_lines(a_since(resolved=found), BERLIN, ORDER) == (
        "acme: could be inspected again (unreachable since 2025-03-25 02:00)",
        "acme: 20250328 applied (pending since 2025-03-25 02:00)",
    )


def test_summarize_variants() -> None:
    assert summarize_variants(VARIANTS) == "3 as expected; variant A, 2 tenants: index idx_0 missing"
    many = summarize_variants([a_variant("variant A", "a", differences=5)])
    assert many == "variant A, 1 tenant: index idx_0 missing, index idx_1 missing, index idx_2 missing and 2 more"


def test_rows_of_variants_are_capped() -> None:
    assert variant_rows(VARIANTS)[1] == {
        "variant": "variant A (PostgreSQL 16)",
        "tenants": "2",
        "which": "d, e",
        "what differs": "index idx_0 missing",
    }
    rows = variant_rows([a_variant(f"variant {number}", "a") for number in range(MOST_ROWS + 2)])
    assert (len(rows), rows[-1]["variant"]) == (MOST_ROWS + 1, "… and 2 more, none larger")
    assert variant_rows([]) == []


def test_a_loss_has_both_figures_and_says_where_they_are_estimates() -> None:
    assert loss_sentence(LOSS) == "ai_messages has 40 rows, previously 1,200 (allowed loss 120)"
    about = loss_sentence(LOSS.model_copy(update={"exact": False}))
    assert about == "ai_messages has about 40 rows, previously about 1,200 (allowed loss 120)"
    losers = [a_tenant(name).model_copy(update={"losses": (LOSS,)}) for name in "ab"]
    said = "rows lost in a: ai_messages has 40 rows, previously 1,200 (allowed loss 120), and in 1 tenant more"
    assert (summarize_losses(losers), summarize_losses([a_tenant()])) == (said, "")


def test_acceptances_to_do_something_about_come_first() -> None:
    states = (AcceptanceState.ACTIVE, AcceptanceState.UNUSED, AcceptanceState.EXPIRED)
    lines = acceptance_lines(an_acceptance(each, 0 if each is AcceptanceState.UNUSED else 2) for each in states)
    about = "acme-*: index public.idx_*, until 2025-06-30 (ana: being rebuilt):"
    assert lines == (
        f"{about} EXPIRED: the difference counts again, 2 matches",
        f"{about} matches nothing: remove it from the fleet file",
        f"{about} accepted, 2 matches",
    )


def test_accepted_differences_are_not_listed_as_findings() -> None:
    counts = a_difference_entry(actual="other", change="changed").model_copy(update={"identity": "public.idx_b"})
    accepted = a_difference_entry().model_copy(update={"accepted": ACCEPTED})
    said = sentence(a_migration_entry(MigrationStatus.DRIFTED, differences=[accepted, counts]))
    assert "idx_b" in said
    assert "idx_a" not in said


# The report, the pages, the rows


def test_the_report_leads_with_what_is_new() -> None:
    since = a_since(a_finding(), resolved=(a_finding("bo"),))
    lines = report(put(a_document(a_drifted_tenant()), since=since), "Europe/Berlin")
    assert lines[:3] == [
        "Since the audit of 2025-03-25 02:00: 1 new, 3 persisting, 1 resolved",
        "New: acme: index public.idx_a is missing",
        "Resolved: bo: index public.idx_a is fixed (missing since 2025-03-25 02:00)",
    ]
    assert "1_one.sql: drifted (P0): index public.idx_a is missing (since 2025-03-25 02:00)" in lines


def test_a_finding_of_this_audit_is_new_and_without_a_previous_one_none_is_dated() -> None:
    document = a_document(a_drifted_tenant(since=FINISHED))
    assert "1_one.sql: drifted (P0): index public.idx_a is missing (new)" in report(put(document, since=a_since()))
    assert "1_one.sql: drifted (P0): index public.idx_a is missing" in report(document)


def test_tenants_and_pending_migrations_are_dated_too() -> None:
    dated = {"since": BEFORE}
    pending = a_migration_entry(MigrationStatus.PENDING, "2", name="two").model_copy(update=dated)
    lost = a_tenant("lost", Verdict.UNREACHABLE, reason="no answer").model_copy(update=dated)
    half = a_tenant("half", Verdict.BLOCKED, migrations=[a_migration_entry(), pending])
    empty = a_tenant("empty", Verdict.BLOCKED, migrations=[pending])
    lines = report(put(a_document(lost, half, empty), since=a_since()))
    assert "lost (since 2025-03-25 01:00): no answer" in lines
    assert "2_two.sql: pending (P0, since 2025-03-25 01:00): not applied yet" in lines
    assert "no migration is applied: none of the manifest's objects exist (since 2025-03-25 01:00)" in lines


def test_a_large_fleets_report_leads_with_variants_and_a_small_ones_ends_with_those_of_several() -> None:
    many = [a_tenant(f"t{number:03}", migrations=[a_migration_entry()]) for number in range(MOST_TENANTS + 1)]
    lines = report(put(a_document(*many), variants=VARIANTS))
    assert lines[2:5] == [
        "Tenants with the same objects",
        "3 tenants as expected",
        "variant A, 2 tenants: index idx_0 missing: d, e",
    ]
    few = report(put(a_document(*many[:5]), variants=VARIANTS))
    assert few.index("Tenants with the same objects") > next(n for n, line in enumerate(few) if line.startswith("t004"))
    alone = report(put(a_document(*many[:5]), variants=(VARIANTS[0], a_variant("variant A", "d"))))
    assert "Tenants with the same objects" not in alone


def test_an_accepted_difference_is_worth_knowing_and_its_migration_marked() -> None:
    document = put(a_document(a_drifted_tenant(accepted=True)), accepted=(an_acceptance(),))
    lines = report(document)
    assert ["acme", "main", "ready", "accepted", "✓"] in [line.split() for line in lines]
    assert "acme: accepted until 2025-06-30 (ana: being rebuilt): index public.idx_a is missing" in lines
    assert "Accepted in the fleet file" in lines
    [row] = tenant_rows(document)
    assert row["what is wrong"] == ""
    assert "accepted until 2025-06-30" in row["worth knowing"]


def test_lost_rows_are_in_the_report_and_its_last_line() -> None:
    tenant = a_tenant("acme", migrations=[a_migration_entry()]).model_copy(update={"losses": (LOSS,)})
    document = put(a_document(tenant), since=a_since())
    said = "Rows lost since the previous audit: acme: ai_messages has 40 rows, previously 1,200 (allowed loss 120)"
    lines = report(document)
    assert lines[1] == said
    assert lines[-2] == f"1 tenant: 1 ready; rows lost in acme: {loss_sentence(LOSS)}"
    [row] = tenant_rows(document)
    assert (row["verdict"], row["what is wrong"]) == ("ready, rows lost", loss_sentence(LOSS))
    assert "ai\\_messages has 40 rows" in markdown.render(tenant_view(tenant, document, MANIFEST))


def test_the_summary_leads_with_what_is_new_then_what_is_blocked_and_accepted() -> None:
    document = put(
        a_document(a_drifted_tenant()), since=a_since(a_finding()), variants=VARIANTS, accepted=(an_acceptance(),)
    )
    page = markdown.render(audit_view(document, MANIFEST, "Europe/Berlin"))
    parts = [
        "Since the audit of 2025-03-25 02:00",
        "**New**",
        "## Blocked",
        "## Accepted in the fleet",
        "## Tenants with the same objects",
    ]
    places = [page.index(part) for part in parts]
    assert places == sorted(places)


def test_the_summary_of_a_ready_fleet_says_what_is_accepted() -> None:
    page = markdown.render(audit_view(a_document(a_drifted_tenant(accepted=True)), MANIFEST))
    assert "apart from accepted differences." in page


def test_a_tenants_page_and_row_say_since_when() -> None:
    tenant = a_drifted_tenant()
    document = put(a_document(tenant, a_tenant("ready")), since=a_since())
    assert "is missing** (since 2025-03-25 02:00)" in markdown.render(
        tenant_view(tenant, document, MANIFEST, "Europe/Berlin")
    )
    assert [row["since"] for row in tenant_rows(document, "Europe/Berlin")] == ["since 2025-03-25 02:00", ""]


def test_a_tenant_that_is_ready_again_has_a_page_anew() -> None:
    again, still, wrong = a_tenant("again"), a_tenant("still"), a_drifted_tenant()
    document = put(a_document(again, still, wrong), since=a_since(resolved=(a_finding(tenant="again"),)))
    assert tenants_with_page(document) == (wrong, again)
    assert markdown.render(tenant_view(again, document, MANIFEST)).startswith("# again is ready")


def test_a_tenant_that_lost_rows_comes_before_those_that_are_as_ready() -> None:
    loser = a_tenant("z").model_copy(update={"losses": (LOSS,)})
    assert [row["tenant"] for row in tenant_rows(a_document(a_tenant("a"), loser))] == ["z", "a"]


def test_pending_migrations_of_a_tenant_are_one_line_of_what_is_new_and_of_what_is_resolved() -> None:
    order = [f"{number:04}" for number in range(1, 64)]
    found = tuple(
        a_finding(tenant, kind="migration", identity=version, change="pending")
        for tenant in ("acme", "bo")
        for version in order[38:]
    )
    assert new_lines(a_since(*found), order) == ("acme, bo: 0039 … 0063 not applied",)
    resolved = resolved_lines(a_since(resolved=found), BERLIN, order)
    assert resolved == ("acme, bo: 0039 … 0063 applied (pending since 2025-03-25 02:00)",)


def test_a_first_audit_is_marked_as_the_first() -> None:
    document = a_document(a_tenant()).model_copy(update={"is_first": True})
    line = "No earlier audit of this manifest was found to compare with."
    view = audit_view(document, MANIFEST)
    console = Console(width=160, file=StringIO())
    console.print(terminal.render(view))
    assert isinstance(console.file, StringIO)
    assert line in console.file.getvalue()
    assert line in markdown.render(view)
    assert line in html.render(audit_page(document, MANIFEST))
