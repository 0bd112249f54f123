"""Every report of an outcome names the skipped tenants in one line."""

from io import StringIO

import pytest
from rich.console import Console, RenderableType
from unit.literals import a_document, a_manifest, a_migration
from unit.rollout_literals import a_rollout
from unit.test_render_inventory import ACME

from pgfleet.documents.audit import SkippedEntry
from pgfleet.judge.summary import format_summary
from pgfleet.reports.inventory import tenant_table
from pgfleet.reports.phrases.context import skipped_sentence
from pgfleet.reports.render import markdown, terminal
from pgfleet.reports.views.audit import audit_view
from pgfleet.reports.views.rollout import rollout_view

MANIFEST = a_manifest(a_migration())


def skipped(*names: str, reason: str = "its state is suspended") -> tuple[SkippedEntry, ...]:
    return tuple(SkippedEntry(name=each, reason=reason) for each in names)


SOME = (*skipped("acme", "globex"), *skipped("<i>hooli", reason="its state is provisioning"))
SAID = "3 tenants skipped: acme, globex (its state is suspended); <i>hooli (its state is provisioning)"


def shown(renderable: RenderableType) -> str:
    console = Console(width=200, file=StringIO(), color_system=None)
    console.print(renderable)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ((), ""),
        (skipped("acme"), "1 tenant skipped: acme (its state is suspended)"),
        (SOME, SAID),
        (skipped(*"abcdefg"), "7 tenants skipped: a, b, c, d, e and 2 more (its state is suspended)"),
    ],
    ids=["none", "one", "some", "many"],
)
def test_skipped_tenants_are_grouped_by_reason(entries: tuple[SkippedEntry, ...], said: str) -> None:
    assert skipped_sentence(entries) == said


def test_an_audit_lists_skipped_tenants() -> None:
    document = a_document().model_copy(update={"skipped": SOME})
    assert SAID in shown(terminal.render(audit_view(document, MANIFEST)))
    assert "3 tenants skipped: acme, globex" in markdown.render(audit_view(document, MANIFEST))
    assert "<i>" not in markdown.render(audit_view(document, MANIFEST))


def test_a_rollout_lists_skipped_tenants() -> None:
    document = a_rollout().model_copy(update={"skipped": SOME})
    assert SAID in shown(terminal.render(rollout_view(document, MANIFEST)))
    assert "3 tenants skipped: acme, globex" in markdown.render(rollout_view(document, MANIFEST))


def test_the_inventory_lists_skipped_tenants_and_where_each_tenant_was_found() -> None:
    lines = shown(tenant_table([{**ACME, "inventory": "inventory[0] (eu)"}], SOME)).splitlines()
    assert lines[0].split() == ["name", "ring", "server", "database", "user", "schema", "inventory", "labels"]
    assert "inventory[0] (eu)" in lines[1]
    assert [line.rstrip() for line in lines[-2:]] == [SAID, "1 tenant"]


def test_without_skipped_tenants_there_is_no_line_about_them() -> None:
    assert "skipped" not in shown(terminal.render(audit_view(a_document(), MANIFEST))) + markdown.render(
        audit_view(a_document(), MANIFEST)
    )
    assert "skipped" not in markdown.render(rollout_view(a_rollout(), MANIFEST))


def test_they_are_not_among_the_tenants_that_have_a_verdict() -> None:
    assert format_summary({"tenants": 2, "ready": 2, "skipped": 3}) == "2 tenants: 2 ready"
    assert format_summary({"tenants": 2, "done": 2, "skipped": 3}) == "2 tenants: 2 done"
