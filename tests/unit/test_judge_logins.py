"""Warnings about logins that may do more than they need."""

from typing import Any

import pytest
from unit.literals import a_document, a_manifest, a_migration

from pgfleet.documents.login_rights import LoginEntry, LoginRights, LoginUse
from pgfleet.judge.logins import TenantLogins, judge_logins
from pgfleet.reports.phrases.context import login_lines
from pgfleet.reports.render import html, markdown
from pgfleet.reports.views.audit import audit_page, audit_view


def a_tenant(name: str, **changes: Any) -> TenantLogins:
    usual = {"server": "db1", "database": name, "home": "public", "audit": "reader", "rollout": f"{name}_rollout"}
    return TenantLogins(tenant=name, **{**usual, **changes})


FLEET = (a_tenant("acme"), a_tenant("borealis"), a_tenant("cobalt", audit="own"), a_tenant("acme", server="db2"))
SCHEMAS = tuple(a_tenant(name, database="shared", home=name, rollout=f"{name}_rollout") for name in ("a", "b"))


def judged(
    tenants: tuple[TenantLogins, ...] = FLEET, *, scratch: bool = True, **changes: Any
) -> tuple[LoginEntry, ...]:
    usual = {"server": "db1", "login": "reader", "is_own": True, "powers": (), "database": tenants[0].database}
    return judge_logins([LoginRights(**{**usual, **changes})], tenants, has_scratch_dsn=scratch)


def messages(*arguments: Any, **changes: Any) -> list[str]:
    return [warning.message for each in judged(*arguments, **changes) for warning in each.warnings]


def test_a_login_for_audits_may_read_the_tenants_that_it_is_for() -> None:
    assert judged(readable_databases=("borealis", "somebody_else")) == ()
    assert messages(readable_databases=("borealis", "cobalt")) == [
        "can read 1 other tenant (cobalt), and is not a login of theirs"
    ]


def test_a_login_that_owns_other_tenants_tables_is_reported_whichever_it_is_for() -> None:
    [found] = judged(login="acme_rollout", is_own=False, owned_databases=("borealis", "cobalt"))
    assert found.use is LoginUse.ROLLOUTS
    owns = "owns tables or schemas of 2 other tenants (borealis, cobalt): code that one tenant's rollout runs could"
    assert [each.message for each in found.warnings] == [f"{owns} change them"]


def test_a_superuser_gets_one_warning() -> None:
    assert messages(powers=("BYPASSRLS", "CREATEDB", "SUPERUSER")) == ["is a superuser"]


@pytest.mark.parametrize(
    ("login", "scratch", "codes"),
    [("reader", False, []), ("reader", True, ["CREATEDB"]), ("acme_rollout", False, ["CREATEDB"])],
)
def test_only_a_login_for_audits_without_a_scratch_dsn_needs_to_create_databases(
    login: str, scratch: bool, codes: list[str]
) -> None:
    found = judged(scratch=scratch, login=login, is_own=login == "reader", powers=("CREATEDB",))
    assert [warning.code for each in found for warning in each.warnings] == codes


def test_schemas_of_other_tenants_in_the_same_database() -> None:
    assert messages(SCHEMAS, login="a_rollout", is_own=False, readable_schemas=("b", "public")) == [
        "can read 1 other tenant (b), and is not a login of theirs"
    ]


def test_reports_show_logins_with_the_same_warnings_together() -> None:
    rights = [
        LoginRights(server="db1", login=name, is_own=True, powers=("SUPERUSER",)) for name in ("zoe", "<b>", "zoe")
    ]
    logins = judge_logins(rights, FLEET, has_scratch_dsn=False)
    assert login_lines(logins) == ("<b>, zoe on db1 (audits): is a superuser",)
    document, manifest = a_document().model_copy(update={"logins": logins}), a_manifest(a_migration())
    assert "zoe on db1 (audits): is a superuser" in markdown.render(audit_view(document, manifest))
    assert "&lt;b&gt;, zoe on db1 (audits): is a superuser" in html.render(audit_page(document, manifest))
