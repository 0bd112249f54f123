"""An audit in Markdown: text from tenants is shown as text, and is never markup."""

import pytest
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

from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import CheckEntry, MigrationStatus, SeedEntry, SeedStatus, UnexpectedEntry
from pgfleet.manifest.model import Impact
from pgfleet.reports.blocks import MOST_TENANTS
from pgfleet.reports.markup import Links, code, escaped
from pgfleet.reports.render import markdown
from pgfleet.reports.tables import tenant_rows
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.audit_tenant import tenant_view

MANIFEST = a_manifest(
    a_migration("1", impacts=[Impact(service="worker", breaks="nothing is queued")]),
    a_migration("2", name="two", impacts=[Impact(service="planner", breaks='`relation "two"` is not there')]),
    contracts=[a_contract(statements=["fetch", "store"])],
)
SCRIPT = "<script>alert(1)</script>"
BLOCKED = a_tenant_entry(
    "acme",
    Verdict.BLOCKED,
    ring="canary",
    migrations=[
        a_migration_entry(MigrationStatus.DRIFTED, "1", differences=[a_difference_entry()]),
        a_migration_entry(MigrationStatus.PENDING, "2", name="two"),
    ],
)


def page(*tenants: TenantEntry) -> list[str]:
    return markdown.render(audit_view(a_document(*tenants), MANIFEST)).splitlines()


def page_of(tenant: TenantEntry) -> list[str]:
    return markdown.render(tenant_view(tenant, a_document(tenant), MANIFEST)).splitlines()


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("acme", "acme"),
        (SCRIPT, "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b", "a\\|b"),
        ("`rm`", "\\`rm\\`"),
        ("**a** _b_ ~c~", "\\*\\*a\\*\\* \\_b\\_ \\~c\\~"),
        ("[a](http://b)", "\\[a\\](http\\://b)"),
        ("# a", "\\# a"),
        ("&lt;", "&amp;lt;"),
        ("a\\b", "a\\\\b"),
        ("{{ a }}", "\\{\\{ a \\}\\}"),
    ],
)
def test_text_is_escaped(text: str, markdown: str) -> None:
    assert escaped(text) == markdown


@pytest.mark.parametrize(
    ("text", "fence"),
    [
        ("SELECT 1", "```"),
        ("SELECT '`'", "```"),
        ("SELECT '``'", "```"),
        ("SELECT '```'", "````"),
        ("```\n</code>\n`````\n``", "``````"),
        ("", "```"),
    ],
)
def test_a_fence_is_longer_than_any_in_what_it_holds(text: str, fence: str) -> None:
    assert code(text) == f"{fence}sql\n{text}\n{fence}"


def test_the_summary_of_a_ready_fleet() -> None:
    assert page(a_tenant_entry("acme"), a_tenant_entry("globex")) == [
        "# Audit of prod: 2 tenants: 2 ready",
        "",
        "Every tenant has every migration of the manifest.",
        "",
        "finished 2025-04-01 02:00 UTC · took 12.3 s · manifest 0123456789ab · run run-7",
    ]


def test_the_summary_says_what_is_wrong_and_who_suffers_worst_first() -> None:
    tenants = [
        a_tenant_entry("ready"),
        a_tenant_entry("down", Verdict.UNREACHABLE, reason="no answer from db_1"),
        BLOCKED,
    ]
    assert page(*tenants) == [
        "# Audit of prod: 3 tenants: 1 ready, 1 blocked, 1 unreachable",
        "",
        "## Blocked: a P0 migration is not in place, or a P0 contract is broken",
        "",
        "- **acme**",
        "  - **1\\_one.sql**: drifted (P0)",
        "    - index public.idx\\_a is missing",
        "    - Affected services: worker",
        "  - **2\\_two.sql**: pending (P0)",
        "    - not applied yet",
        '    - Affected services: planner: \\`relation "two"\\` is not there',
        "  - → pgfleet rollout prod --tenant acme",
        "",
        "## Unreachable: could not connect",
        "",
        "- **down**: no answer from db\\_1",
        "",
        "finished 2025-04-01 02:00 UTC · took 12.3 s · manifest 0123456789ab · run run-7",
    ]


def test_an_empty_tenant_is_one_line_of_the_summary() -> None:
    pending = [a_migration_entry(MigrationStatus.PENDING, version) for version in "12"]
    lines = page(a_tenant_entry("new", Verdict.BLOCKED, migrations=pending))
    assert [line for line in lines if line.lstrip().startswith("-")] == [
        "- **new**",
        "  - no migration is applied: none of the manifest's objects exist",
        "  - → pgfleet rollout prod --tenant new",
    ]


def test_the_summary_of_one_tenant_is_in_the_singular() -> None:
    assert page(a_tenant_entry())[0] == "# Audit of prod: 1 tenant: 1 ready"


def test_the_summary_is_capped_and_keeps_the_worst() -> None:
    degraded = [
        a_tenant_entry(f"t{number:03}", Verdict.DEGRADED, reason=f"reason {number}")
        for number in range(MOST_TENANTS + 2)
    ]
    lines = page(*degraded, a_tenant_entry("worst", Verdict.BLOCKED))
    told = [line for line in lines if line.startswith("- **")]
    assert told == ["- **worst**", *(f"- **t{n:03}**: reason {n}" for n in range(MOST_TENANTS - 1))]
    assert "## … and 3 more tenants, none worse; the JSON document has all of them" in lines


def test_a_tenants_page_shows_what_is_and_what_should_be() -> None:
    tenant = a_tenant_entry(
        "acme",
        Verdict.BLOCKED,
        ring="canary",
        migrations=[
            a_migration_entry(
                MigrationStatus.DRIFTED,
                "1",
                differences=[
                    a_difference_entry(expected="CREATE INDEX a"),
                    a_difference_entry(change="changed", expected="CREATE INDEX a", actual="CREATE INDEX b"),
                ],
                checks=[
                    CheckEntry(name="indexes", passed=False, detail='missing: "a"'),
                    CheckEntry(name="tables", passed=True),
                    CheckEntry(name="columns", passed=None),
                ],
            ),
        ],
        unexpected=[UnexpectedEntry(kind="index", identity="public.own", actual="btree (a)")],
        seeds=[SeedEntry(name="rules", status=SeedStatus.MISSING, detail="never imported: a")],
    )
    page = page_of(tenant)
    assert page[: page.index("## Inspected")] == [
        "# acme is blocked",
        "",
        "A P0 migration is not in place, or a P0 contract is broken.",
        "",
        "## 1\\_one.sql: drifted (P0)",
        "",
        "**index public.idx\\_a is missing**",
        "",
        "Expected:",
        "",
        "```sql",
        "CREATE INDEX a",
        "```",
        "",
        "**index public.idx\\_a is changed**",
        "",
        "Expected:",
        "",
        "```sql",
        "CREATE INDEX a",
        "```",
        "",
        "Found:",
        "",
        "```sql",
        "CREATE INDEX b",
        "```",
        "",
        "- check 'indexes' fails: missing: \"a\"",
        "- check 'columns' could not be completed",
        "",
        "**Affected services**",
        "",
        "- worker",
        "",
        "## Notes",
        "",
        "**Not in the manifest, no fault**",
        "",
        "- extra index public.own (btree (a)), not in the manifest",
        "",
    ]
    assert "| missing | rules | never imported: a |" in page
    assert page[-1] == "environment prod · ring canary · PostgreSQL 16.4"


def test_a_pending_migration_does_not_list_its_objects() -> None:
    tenant = a_tenant_entry(
        verdict=Verdict.BLOCKED,
        migrations=[
            a_migration_entry(MigrationStatus.PENDING, "1", differences=[a_difference_entry()]),
            a_migration_entry(version="2", name="two"),
        ],
    )
    lines = page_of(tenant)
    assert "Not applied yet." in lines
    assert not [line for line in lines if "idx" in line]


def test_the_page_of_an_unreachable_tenant_says_why() -> None:
    tenant = a_tenant_entry("acme", Verdict.UNREACHABLE, ring=None, reason="no <answer>", server_version=None)
    assert page_of(tenant) == [
        "# acme is unreachable",
        "",
        "Could not connect.",
        "",
        "no &lt;answer&gt;",
        "",
        "## Inspected",
        "",
        "**Database**",
        "",
        "|  |  |",
        "| --- | --- |",
        "| fingerprint | found |",
        "",
        "environment prod",
    ]


@pytest.mark.parametrize("name", [SCRIPT, "a|b", "`a`", "**a**", "[a](javascript:alert(1))", "![a](b)", "_a_ <b>"])
def test_a_tenants_name_stands_in_a_page_only_escaped(name: str) -> None:
    tenant = a_tenant_entry(name, Verdict.BLOCKED, ring=name, reason=name)
    for text in ("\n".join(page(tenant)), "\n".join(page_of(tenant))):
        assert escaped(name) in text
        assert name not in text


def test_a_definition_with_fences_stays_in_its_own() -> None:
    definition = "x\n```\n# not a title\n```"
    differences = [a_difference_entry(change="changed", expected=definition, actual=f"{definition}\n````")]
    tenant = a_tenant_entry(migrations=[a_migration_entry(MigrationStatus.DRIFTED, differences=differences)])
    text = "\n".join(page_of(tenant))
    assert f"````sql\n{definition}\n````\n" in text
    assert f"`````sql\n{definition}\n````\n`````\n" in text


def test_a_reason_of_several_lines_stays_where_it_belongs() -> None:
    """Servers answer in several lines; a line of their own would be a list, a title or a block of code."""
    reason = "no answer\n- from db1\n===\n    from db2"
    tenant = a_tenant_entry("acme", Verdict.UNREACHABLE, reason=reason)
    assert [line for line in page(tenant) if "db1" in line or "db2" in line] == [
        "- **acme**: no answer - from db1 === from db2"
    ]
    assert [line for line in page_of(tenant) if "db1" in line or "db2" in line] == ["no answer - from db1 === from db2"]


BROKEN = a_tenant_entry(
    "acme",
    Verdict.BLOCKED,
    migrations=[a_migration_entry()],
    contracts=[a_contract_entry(a_failure("store", SCRIPT), a_failure("gone"), role="app")],
)


def test_the_summary_has_a_line_for_a_broken_contract() -> None:
    failure = r"worker cannot run 'store' as app: &lt;script&gt;alert(1)&lt;/script&gt;; 1 more of its statements fail"
    assert f"- **acme**: {failure}" in page(BROKEN)


def test_the_page_has_every_statement_that_fails_with_its_place() -> None:
    lines = page_of(BROKEN)
    start = lines.index("## Contract worker: broken (P0, as app)")
    assert lines[start : start + 7] == [
        "## Contract worker: broken (P0, as app)",
        "",
        "**Statements that fail**",
        "",
        "- 'store' (worker.sql, line 2 column 1): &lt;script&gt;alert(1)&lt;/script&gt;",
        "- 'gone': column \"a\" does not exist",
        "",
    ]


def test_the_page_of_a_contract_whose_role_does_not_exist() -> None:
    contract = a_contract_entry(a_failure(None, 'role "app" does not exist'), role="app")
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=[a_migration_entry()], contracts=[contract])
    assert '- No statement: role "app" does not exist' in page_of(tenant)


def test_pages_lead_to_each_other() -> None:
    tenant = a_tenant_entry("a*b", Verdict.BLOCKED, migrations=[a_migration_entry(MigrationStatus.PENDING)])
    links = Links(run="/run", summary="/summary", tenants={"a*b": "/page"})
    page = markdown.render(audit_view(a_document(tenant), MANIFEST), links).splitlines()
    assert any(line.startswith("- **[a\\*b](/page)**") for line in page)
    assert "[Summary](/summary) · [Run](/run)" in page
    assert (
        "[Summary](/summary) · [Run](/run)"
        in markdown.render(tenant_view(tenant, a_document(tenant), MANIFEST), links).splitlines()
    )
    assert tenant_rows(a_document(tenant), links=links)[0]["tenant"] == "[a\\*b](/page)"
