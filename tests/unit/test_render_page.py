"""The HTML page of an audit: it parses, loads no other file, and shows text from tenants as text."""

import base64
import hashlib
import json
import re
from collections import Counter
from datetime import date

import pytest
from justhtml import JustHTML
from unit.literals import (
    a_contract,
    a_contract_entry,
    a_difference_entry,
    a_document,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant_entry,
)

from pgfleet.documents.audit import AuditDocument, SkippedEntry, TenantEntry, Verdict
from pgfleet.documents.audit_context import AcceptedEntry, LossEntry
from pgfleet.documents.findings import (
    CheckEntry,
    CountEntry,
    MigrationStatus,
    RepairEntry,
    SeedEntry,
    SeedStatus,
    UnexpectedEntry,
)
from pgfleet.manifest.model import Impact
from pgfleet.repair.model import Strategy
from pgfleet.reports.blocks import (
    Block,
    Code,
    Contrast,
    Lines,
    Paragraph,
    Section,
    Status,
    StatusStyle,
    Table,
    Tone,
    flatten,
)
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.render import html
from pgfleet.reports.render.bars import NARROWEST, WIDTH, bar, sparkline
from pgfleet.reports.render.html import block_data, json_in_script, pooled
from pgfleet.reports.views.audit import audit_page
from pgfleet.reports.views.audit_tenant import BY_HAND, fix_lines, tenant_blocks
from pgfleet.reports.views.migration import ACCEPTED
from pgfleet.reports.views.verdicts import past_audit

MANIFEST = a_manifest(
    a_migration("1", impacts=[Impact(service="worker", breaks="nothing is queued")]),
    a_migration("2", name="two"),
    contracts=[a_contract("worker")],
)
HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(2)>\"'&amp;"
STATEMENT = "CREATE INDEX idx_a ON one (a)"
BY_SQL = RepairEntry(way=Strategy.SQL, statements=(STATEMENT,), hazards=("blocks writes",))
MISSING = a_difference_entry().model_copy(update={"repair": BY_SQL})
DRIFTED = a_tenant_entry(
    "acme",
    Verdict.BLOCKED,
    ring="canary",
    migrations=[
        a_migration_entry(MigrationStatus.DRIFTED, "1", differences=[MISSING]),
        a_migration_entry(version="2", name="two"),
    ],
)


def parsed(document: AuditDocument) -> JustHTML:
    """The page, read as strictly as the standard of HTML has it: any parse error is raised."""
    return JustHTML(html.render(audit_page(document, MANIFEST)), strict=True, sanitize=False)


def data_of(page: JustHTML) -> dict[str, object]:
    [element] = page.query("#data")
    return json.loads(element.to_text(separator="", strip=False))


def blocks_of(tenant: TenantEntry, document: AuditDocument | None = None) -> list[Block]:
    return list(flatten(tenant_blocks(tenant, document or a_document(tenant), MANIFEST, Dates())))


def of_kind(blocks: list[Block], kind: type) -> list[Block]:
    return [each for each in blocks if isinstance(each, kind)]


def texts(page: JustHTML, selector: str) -> list[str]:
    return [each.to_text() for each in page.query(selector)]


@pytest.mark.parametrize(
    "document",
    [
        a_document(),
        a_document(a_tenant_entry(migrations=[a_migration_entry()])),
        a_document(DRIFTED, a_tenant_entry("down", Verdict.UNREACHABLE, reason="no answer")),
        a_document(a_tenant_entry(HOSTILE, Verdict.UNKNOWN, ring=HOSTILE, reason=HOSTILE)).model_copy(
            update={"skipped": (SkippedEntry(name=HOSTILE, reason=HOSTILE),)}
        ),
    ],
    ids=["empty", "ready", "drifted", "hostile"],
)
def test_the_page_is_html_without_a_parse_error_and_names_each_element_once(document: AuditDocument) -> None:
    page = parsed(document)
    ids = Counter(each.attrs["id"] for each in page.query("[id]"))
    assert ids
    assert {name: number for name, number in ids.items() if number > 1} == {}
    named = {
        each.attrs[name] for name in ("for", "aria-labelledby", "aria-describedby") for each in page.query(f"[{name}]")
    }
    assert named <= set(ids)


def test_every_control_has_a_name() -> None:
    page = parsed(a_document(DRIFTED, a_tenant_entry("b")))
    controls = [*page.query("input"), *page.query("select")]
    assert controls
    assert all(any(each.parent is label for label in page.query("label")) for each in controls)
    assert all(each.to_text() for each in page.query("button"))


def test_the_page_needs_no_network() -> None:
    text = html.render(audit_page(a_document(DRIFTED), MANIFEST))
    page = JustHTML(text, strict=True, sanitize=False)
    addresses = [each.attrs[name] for name in ("src", "href") for each in page.query(f"[{name}]")]
    assert [each for each in addresses if not each.startswith(("#", "data:,"))] == []
    assert not re.search(r"https?://|@import|url\(", text)


def test_the_content_security_policy_allows_only_the_pages_own_style_and_script() -> None:
    page = parsed(a_document(DRIFTED))
    [policy] = [each.attrs["content"] for each in page.query("[http-equiv=Content-Security-Policy]")]
    found = dict(each.strip().split(" ", 1) for each in policy.split(";"))
    assert found["default-src"] == "'none'"
    for source, element in (("style-src", page.query("style")), ("script-src", page.query("script:not([type])"))):
        [text] = [each.to_text(separator="", strip=False) for each in element]
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert found[source] == f"'sha256-{digest}'"
    assert page.query("[style]") == []  # the policy would not admit it


@pytest.mark.parametrize("text", [HOSTILE, "</SCRIPT >", "<!--", "]]>", "ü 漢 😀", "\\"])
def test_text_of_any_kind_is_in_the_data_as_it_is_and_is_no_markup(text: str) -> None:
    written = json_in_script({text: [text]})
    assert json.loads(written) == {text: [text]}
    assert not set(written) & set("<>&")


def test_hidden_characters_are_shown_in_the_data() -> None:
    assert json.loads(json_in_script(["\u2029\x1b"])) == [r"\u2029\x1b"]


def test_what_a_tenant_is_named_and_holds_is_text() -> None:
    tenant = a_tenant_entry(HOSTILE, Verdict.BLOCKED, ring=HOSTILE, migrations=DRIFTED.migrations, reason=HOSTILE)
    page = parsed(a_document(tenant))
    assert len(page.query("script")) == 2
    assert page.query("img") == []
    [link] = page.query("#map tbody a")
    assert link.to_text(separator="", strip=False) == HOSTILE
    assert HOSTILE in json.dumps(data_of(page), ensure_ascii=False).replace('\\"', '"')


def test_a_row_says_what_its_tenant_is_and_a_cell_what_its_migration_is() -> None:
    page = parsed(a_document(a_tenant_entry("down", Verdict.UNREACHABLE, reason="no answer"), DRIFTED))
    first, second = page.query("#map tbody tr")
    assert [each.to_text() for each in first.query("td")] == [
        "canary",
        "blocked",
        "drifted",
        "applied",
        "1 drifted: index public.idx_a is missing pgfleet repair prod --tenant acme",
    ]
    assert [each.to_text() for each in second.query("td")][1:] == [
        "unreachable",
        "not inspected",
        "not inspected",
        "no answer",
    ]
    assert (first.attrs["data-ring"], first.attrs["data-word"]) == ("canary", "blocked")


def test_the_verdicts_are_counted_and_those_without_tenants_cannot_be_chosen() -> None:
    page = parsed(a_document(DRIFTED, a_tenant_entry("b"), a_tenant_entry("c")))
    numbers = {each.attrs["data-word"]: each.query(".number")[0].to_text() for each in page.query(".facet")}
    assert numbers == {"blocked": "1", "unreachable": "0", "unknown": "0", "degraded": "0", "ready": "2"}
    assert len(page.query(".facet[disabled]")) == 3


def test_a_ready_tenant_that_lost_rows_is_not_shown_as_ready() -> None:
    losses = (LossEntry(table="messages", before=9, now=1, allowed=0, exact=True),)
    page = parsed(a_document(a_tenant_entry("a"), a_tenant_entry("b").model_copy(update={"losses": losses})))
    assert [each.to_text() for each in page.query("#map tbody .w")] == ["ready, rows lost", "ready"]
    [chip, _] = page.query("#map tbody .w")
    assert chip.attrs["class"] == "w w-b"
    assert texts(page, ".facet .number") == ["0", "0", "0", "0", "1", "1"]


def test_charts_legend_and_table_have_one_order() -> None:
    page = parsed(a_document(DRIFTED, a_tenant_entry("b", Verdict.DEGRADED), a_tenant_entry("c")))
    order = ["blocked", "degraded", "ready"]
    assert texts(page, "#map tbody .w") == order
    assert [each for each in texts(page, ".facet .w") if each in order] == order
    assert [each.attrs["class"] for each in page.query(".bar")[0].query("rect")] == ["f-b", "f-p", "f-g"]


def test_trends_of_the_last_audits_are_drawn() -> None:
    before, now = a_document(DRIFTED, a_tenant_entry("b", Verdict.BLOCKED)), a_document(DRIFTED, a_tenant_entry("b"))
    past = [past_audit(each, "page.html", "UTC") for each in (before, now)]
    page = JustHTML(html.render(audit_page(now, MANIFEST, past=past)), strict=True, sanitize=False)
    labels = [each.attrs["aria-label"] for each in page.query(".spark")]
    assert labels == ["blocked in the last audits: 2, 1", "ready in the last audits: 0, 1"]


@pytest.mark.parametrize(
    ("numbers", "points"),
    [
        ((), None),
        ((3,), None),
        ((0, 0), None),
        ((0, 4), "2.0,18.0 98.0,2.0"),
        ((2, 1, 2), "2.0,2.0 50.0,10.0 98.0,2.0"),
    ],
)
def test_a_line_goes_from_zero_to_the_largest_number(numbers: tuple[int, ...], points: str | None) -> None:
    found = sparkline(numbers)
    assert (found.points if found else None) == points


def test_commands_are_kept_without_the_tenant_so_that_several_tenants_share_one() -> None:
    tenant = a_tenant_entry("o'neil --all", Verdict.BLOCKED, migrations=[a_migration_entry(MigrationStatus.PENDING)])
    first, second = data_of(parsed(a_document(tenant, a_tenant_entry("ready"))))["tenants"]
    assert (first["fix"], first["option"]) == (["pgfleet rollout prod"], " --tenant 'o'\"'\"'neil --all'")
    assert "fix" not in second


def test_tenants_with_the_same_findings_share_one_section() -> None:
    page = parsed(a_document(*(a_tenant_entry(name, migrations=[a_migration_entry()]) for name in "abc")))
    data = data_of(page)
    first, *others = [each["blocks"] for each in data["tenants"]]
    assert others == [first, first]
    assert len(data["blocks"]) == len(first)


def test_blocks_that_are_alike_are_kept_once() -> None:
    one, two = Paragraph(text="one"), Paragraph(text="two", tone=Tone.BAD)
    assert pooled([[one, two], [two]]) == ([one, two], [[0, 1], [1]])
    assert block_data(two) == {"kind": "paragraph", "text": "two", "tone": "bad"}


def test_a_drifted_tenant_is_shown_with_its_fix() -> None:
    blocks = blocks_of(DRIFTED)
    assert of_kind(blocks, Code) == [
        Code(title="Runs as a dry run first, then asks", text="pgfleet repair prod --tenant acme", language="sh"),
        Code(title="Statement that fixes it", text=f"{STATEMENT};", hazards=("blocks writes",)),
    ]
    said = "index public.idx_a is missing"
    assert of_kind(blocks, Contrast) == [Contrast(title=said, summary=said, expected="btree (a)")]
    [found] = [each for each in of_kind(blocks, Section) if each.title == "1_one.sql"]
    assert (found.status.style, found.status.word) == (StatusStyle.BAD, "drifted")
    assert (found.aside, found.anchors) == ("P0", ("1",))
    assert Lines(title="Affected services", lines=("worker",), tone=Tone.QUIET) in blocks


def test_a_pending_migration_is_shown_with_the_rollout_that_applies_it() -> None:
    tenant = a_tenant_entry("a b", migrations=[a_migration_entry(), a_migration_entry(MigrationStatus.PENDING, "2")])
    blocks = blocks_of(tenant)
    assert [each.text for each in of_kind(blocks, Code)] == ["pgfleet rollout prod --tenant 'a b'"]
    assert Paragraph(text="not applied yet") in blocks


def test_an_empty_tenant_is_one_sentence() -> None:
    blocks = blocks_of(a_tenant_entry(migrations=[a_migration_entry(MigrationStatus.PENDING)]))
    assert blocks[0] == Paragraph(text="no migration is applied: none of the manifest's objects exist", tone=Tone.BAD)
    assert [each.title for each in of_kind(blocks, Section)] == ["How to fix it", "Inspected"]


@pytest.mark.parametrize("status", [MigrationStatus.DRIFTED, MigrationStatus.PENDING])
def test_a_repair_by_hand_is_shown_with_its_reason_and_without_a_command(status: MigrationStatus) -> None:
    by_hand = MISSING.model_copy(update={"repair": RepairEntry(way=Strategy.BY_HAND, reason="a view has its name")})
    tenant = a_tenant_entry(migrations=[a_migration_entry(status, differences=[by_hand])])
    blocks = blocks_of(tenant)
    assert Lines(title="By hand", lines=("index public.idx_a: a view has its name",), tone=Tone.REMEDY) in blocks
    assert of_kind(blocks, Code) == []
    assert fix_lines(tenant, "prod") == (BY_HAND,)


def test_contracts_losses_notes_seeds_and_counts() -> None:
    accepted = AcceptedEntry(owner="ana", reason="being rebuilt", until=date(2025, 12, 31))
    difference = MISSING.model_copy(update={"accepted": accepted})
    migration = a_migration_entry(MigrationStatus.DRIFTED, differences=[difference])
    tenant = a_tenant_entry(
        migrations=[migration.model_copy(update={"accepted": True})],
        contracts=[a_contract_entry(a_failure(), role="app"), a_contract_entry(consumer="planner")],
        unexpected=[UnexpectedEntry(kind="index", identity="public.idx_b", actual="btree (b)")],
        seeds=[SeedEntry(name="rules", status=SeedStatus.CUSTOMIZED, detail="edited in 2 rows")],
    ).model_copy(
        update={
            "losses": (LossEntry(table="messages", before=90, now=40, allowed=9, exact=True),),
            "counts": (
                CountEntry(table="messages", rows=40, exact=True),
                CountEntry(table="events", rows=5000, exact=False),
                CountEntry(table="gone", rows=None, exact=True),
            ),
        }
    )
    blocks = blocks_of(tenant)
    assert (
        Lines(
            title="Statements that fail",
            lines=("'fetch' (worker.sql, line 1 column 1): column \"a\" does not exist",),
            tone=Tone.BAD,
        )
        in blocks
    )
    assert [each.title for each in of_kind(blocks, Lines)] == [
        "Statements that fail",
        "Rows lost since the previous audit",
        "Accepted in the fleet file",
        "Not in the manifest, no fault",
    ]
    marks = {each.title: each.rows for each in of_kind(blocks, Table)}
    assert marks["Migrations"] == ((ACCEPTED, "1_one.sql", "P0"),)
    assert [row[:2] for row in marks["Contracts"]] == [
        (Status(StatusStyle.BAD, "broken"), "worker"),
        (Status(StatusStyle.GOOD, "works"), "planner"),
    ]
    assert marks["Seeds"] == ((Status(StatusStyle.KNOWN, "customised"), "rules", "edited in 2 rows"),)
    rows = next(each for each in of_kind(blocks, Table) if each.title == "Rows").rows
    assert rows == (("messages", "40"), ("events", "about 5,000"), ("gone", "not counted"))


def test_failed_checks_are_shown() -> None:
    checks = [CheckEntry(name="rows", passed=False, detail="3 rows"), CheckEntry(name="tables", passed=True)]
    tenant = a_tenant_entry(migrations=[a_migration_entry(MigrationStatus.DRIFTED, checks=checks)])
    blocks = blocks_of(tenant)
    assert Lines(lines=("check 'rows' fails: 3 rows",), tone=Tone.BAD) in blocks
    assert of_kind(blocks, Table)[0].rows[0][2] == "P0, 1 of 2 checks pass"


@pytest.mark.parametrize("numbers", [(1, 1), (1, 5000, 0), (0, 0, 3), (1, 1, 1, 100_000)])
def test_the_parts_of_a_bar_fill_it_and_each_is_seen(numbers: tuple[int, ...]) -> None:
    parts = bar({Status(StatusStyle.GOOD, str(place)): float(number) for place, number in enumerate(numbers)})
    assert len(parts) == len([each for each in numbers if each])
    assert sum(each.width for each in parts) == pytest.approx(WIDTH, abs=1)
    assert min(each.width for each in parts) >= NARROWEST * 0.9
    assert [each.x for each in parts] == pytest.approx(
        [sum(before.width for before in parts[:place]) for place in range(len(parts))], abs=1
    )


def test_a_bar_of_nothing_has_no_parts() -> None:
    assert bar({Status(StatusStyle.GOOD, "ready"): 0.0}) == ()


def test_many_migrations_have_one_cell_in_words_and_runs_in_the_table() -> None:
    versions = [f"{number:04}" for number in range(1, 64)]
    manifest = a_manifest(*(a_migration(each) for each in versions))
    statuses = [MigrationStatus.APPLIED] * 38 + [MigrationStatus.PENDING] * 25
    entries = [a_migration_entry(*each) for each in zip(statuses, versions, strict=True)]
    document = a_document(a_tenant_entry("acme", Verdict.BLOCKED, migrations=entries))
    page = JustHTML(html.render(audit_page(document, manifest)), strict=True, sanitize=False)
    [row] = page.query("#map tbody tr")
    assert [each.to_text() for each in row.query("td")][2] == "38 applied · 25 pending: 0039 … 0063"
    assert len(row.query("td")) == 4
    assert page.query("th.tall") == []
    assert texts(page, ".columns tbody th") == ["38 migrations (0001 … 0038)", "25 migrations (0039 … 0063)"]
