"""Markdown shows what a tenant is named and holds, and does nothing else with it."""

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

from pgfleet.documents.audit import (
    CheckEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    TenantEntry,
    UnexpectedEntry,
    Verdict,
)
from pgfleet.manifest.model import Impact
from pgfleet.reports.links import Links
from pgfleet.reports.markdown import MOST_TENANTS, summary_page, tenant_page
from pgfleet.reports.markup import code, escaped
from pgfleet.reports.tables import tenant_rows

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
    return summary_page(a_document(*tenants), MANIFEST).splitlines()


def page_of(tenant: TenantEntry) -> list[str]:
    return tenant_page(tenant, a_document(tenant), MANIFEST).splitlines()


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("acme", "acme"),
        (SCRIPT, "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("a|b", "a\\|b"),
        ("`rm`", "\\`rm\\`"),
        ("**a** _b_ ~c~", "\\*\\*a\\*\\* \\_b\\_ \\~c\\~"),
        ("[a](http://b)", "\\[a\\](http://b)"),
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
        "Every tenant holds everything that the manifest asks for.",
        "",
        "2 tenants in 12.3 s; manifest `0123456789ab`.",
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
        "## Blocked: the assistant cannot start, or fails when it is used",
        "",
        "- **acme**",
        "  - 1 drifted: index public.idx\\_a is missing",
        "    - depends on it: worker",
        "  - 2 pending: nothing of it is there: it was never applied",
        "    - → pgfleet rollout prod --tenant acme applies it",
        '    - planner: \\`relation "two"\\` is not there',
        "",
        "## Unreachable: no connection could be had",
        "",
        "- **down**: no answer from db\\_1",
        "",
        "3 tenants in 12.3 s; manifest `0123456789ab`.",
    ]


def test_a_tenant_without_anything_is_told_in_one_line_of_the_summary() -> None:
    pending = [a_migration_entry(MigrationStatus.PENDING, version) for version in "12"]
    lines = page(a_tenant_entry("new", Verdict.BLOCKED, migrations=pending))
    told = "- **new**: no migration was ever applied: it is as empty as a new tenant"
    assert [line for line in lines if line.lstrip().startswith("-")] == [told]


def test_the_summary_of_one_tenant_is_in_the_singular() -> None:
    assert page(a_tenant_entry())[-1] == "1 tenant in 12.3 s; manifest `0123456789ab`."


def test_the_summary_is_capped_and_keeps_the_worst() -> None:
    degraded = [a_tenant_entry(f"t{number:03}", Verdict.DEGRADED) for number in range(MOST_TENANTS + 2)]
    lines = page(*degraded, a_tenant_entry("worst", Verdict.BLOCKED))
    told = [line for line in lines if line.startswith("- **")]
    assert told == ["- **worst**", *(f"- **t{number:03}**" for number in range(MOST_TENANTS - 1))]
    assert "… and 3 more; the whole is in the run's audit document." in lines


def test_a_summary_within_the_cap_does_not_speak_of_more() -> None:
    lines = page(*(a_tenant_entry(f"t{number:03}", Verdict.DEGRADED) for number in range(MOST_TENANTS)))
    assert not [line for line in lines if line.startswith("…")]


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
    assert page_of(tenant) == [
        "# acme is blocked",
        "",
        "The assistant cannot start, or fails when it is used.",
        "",
        "## 1\\_one.sql is drifted (P0)",
        "",
        "**index public.idx\\_a** is missing.",
        "",
        "Expected:",
        "",
        "```sql",
        "CREATE INDEX a",
        "```",
        "",
        "**index public.idx\\_a** is changed.",
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
        "**Checks that do not pass**",
        "",
        '- indexes: missing: "a"',
        "- columns: failed",
        "",
        "**Who suffers**",
        "",
        "- depends on it: worker",
        "",
        "**Worth knowing**",
        "",
        "- index public.own is not the manifest's: btree (a)",
        "- seed rules is missing (never imported: a)",
        "",
        "Environment prod, ring canary, PostgreSQL 16.4.",
    ]


def test_a_pending_migration_is_told_without_each_of_its_objects() -> None:
    tenant = a_tenant_entry(
        verdict=Verdict.BLOCKED,
        migrations=[a_migration_entry(MigrationStatus.PENDING, "1", differences=[a_difference_entry()])],
    )
    lines = page_of(tenant)
    assert "Nothing of it is there: it was never applied." in lines
    assert not [line for line in lines if "idx" in line]


def test_the_page_of_an_unreachable_tenant_says_why() -> None:
    tenant = a_tenant_entry("acme", Verdict.UNREACHABLE, ring=None, reason="no <answer>", server_version=None)
    assert page_of(tenant) == [
        "# acme is unreachable",
        "",
        "No connection could be had.",
        "",
        "**Why:** no &lt;answer&gt;",
        "",
        "Environment prod, ring -.",
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
    assert [line for line in page_of(tenant) if "db1" in line or "db2" in line] == [
        "**Why:** no answer - from db1 === from db2"
    ]


BROKEN = a_tenant_entry(
    "acme",
    Verdict.BLOCKED,
    migrations=[a_migration_entry()],
    contracts=[a_contract_entry(a_failure("store", SCRIPT), a_failure("gone"), role="app")],
)


def test_the_summary_has_a_line_for_a_broken_contract() -> None:
    said = r"  - worker cannot run 'store' as app: &lt;script&gt;alert(1)&lt;/script&gt;; nor 1 more of its statements"
    assert said in page(BROKEN)


def test_the_page_has_every_statement_that_fails_with_its_place() -> None:
    lines = page_of(BROKEN)
    start = lines.index("## worker cannot do its work (P0), tried as app")
    assert lines[start : start + 5] == [
        "## worker cannot do its work (P0), tried as app",
        "",
        "- 'store' (worker.sql, line 2 column 1): &lt;script&gt;alert(1)&lt;/script&gt;",
        "- 'gone': column \"a\" does not exist",
        "",
    ]


def test_the_page_of_a_contract_whose_role_is_not_there() -> None:
    contract = a_contract_entry(a_failure(None, 'role "app" does not exist'), role="app")
    tenant = a_tenant_entry("acme", Verdict.BLOCKED, migrations=[a_migration_entry()], contracts=[contract])
    assert '- No statement: role "app" does not exist' in page_of(tenant)


def test_a_file_that_was_changed_since_is_said_once_for_all_tenants() -> None:
    altered = a_migration_entry(version="1", altered=True)
    found = page(a_tenant_entry("a", migrations=[altered]), a_tenant_entry("b", migrations=[altered]))
    at = found.index("**Changed after it was applied**")
    assert found[at + 2] == "- 1\\_one.sql: in 2 tenants; that alone runs nothing again (--rerun 1 does)"


def test_pages_lead_to_each_other() -> None:
    tenant = a_tenant_entry("a*b", Verdict.BLOCKED, migrations=[a_migration_entry(MigrationStatus.PENDING)])
    links = Links(run="/run", summary="/summary", tenants={"a*b": "/page"})
    page = summary_page(a_document(tenant), MANIFEST, links=links).splitlines()
    assert any(line.startswith("- **[a\\*b](/page)**") for line in page)
    assert "[Summary](/summary) · [Run](/run)" in page
    assert (
        "[Summary](/summary) · [Run](/run)"
        in tenant_page(tenant, a_document(tenant), MANIFEST, links=links).splitlines()
    )
    assert tenant_rows(a_document(tenant), links=links)[0]["tenant"] == "[a\\*b](/page)"
