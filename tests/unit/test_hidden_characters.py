"""No renderer passes on a control character of a tenant's text to a terminal, browser, or log."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from rich.console import Console, RenderableType
from unit.literals import (
    a_contract_entry,
    a_difference_entry,
    a_document,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant_entry,
)
from unit.repair_literals import a_difference, a_repair, a_repair_document
from unit.rollout_literals import (
    RINGS,
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

from pgfleet.documents.audit import SkippedEntry, Verdict
from pgfleet.documents.audit_context import Source
from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.findings import CheckEntry, MigrationStatus, RepairEntry, UnexpectedEntry
from pgfleet.documents.plan import Action
from pgfleet.documents.repair import RepairResult
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.errors import DatabaseError, FleetError
from pgfleet.hidden_characters import HIDDEN_CATEGORIES, IGNORABLE, escape_json, show_hidden, show_hidden_in_sql
from pgfleet.judge.enrich import LossEntry
from pgfleet.judge.trend import PreviousAudit, add_trend
from pgfleet.repair.model import Strategy
from pgfleet.reports import events
from pgfleet.reports.audit_junit import audit_junit
from pgfleet.reports.diff import build_diff, diff_lines
from pgfleet.reports.openmetrics import audit_metrics
from pgfleet.reports.render import html, markdown, terminal
from pgfleet.reports.rollout_junit import rollout_junit
from pgfleet.reports.tables import tenant_rows, variant_rows
from pgfleet.reports.views.audit import audit_page, audit_view
from pgfleet.reports.views.audit_tenant import tenant_view
from pgfleet.reports.views.plan import plan_view
from pgfleet.reports.views.repair import repair_rows, repair_view
from pgfleet.reports.views.rollout import rollout_view
from pgfleet.reports.views.rollout_page import rollout_page
from pgfleet.tasks.support.states import result_state, tenant_state

MANIFEST = a_manifest(a_migration("1"), a_migration("2", name="two"))
OURS = {"kind", "change", "version", "versions", "checksum", "environment", "sqlstate", "what", "priority", "outcome"}
"""Fields of a document whose values pgfleet chooses."""
FORGED = "FORGED: ready"
LETTERS = st.sampled_from([*"ab'\"\\|`*_[](){}<>&#%$-.:/@;=~! ", "\u00fc", "\u6f22", "\u00a0"])
HOSTILE = st.sampled_from(
    [
        *map(chr, (*range(0x20), *range(0x7F, 0xA0))),
        *"\u00ad\u034f\u061c\u200b\u200d\u200e\u202e\u2028\u2029\u2066\u2069\ufeff\ufff9\ufffe\U000e0041",
        *("[red]", "[/]", "<script>", "](http://x)", f"\n{FORGED}", f"\r{FORGED}", f"\x85{FORGED}", f"\u2028{FORGED}"),
    ]
)
STORED = st.lists(LETTERS | HOSTILE | st.characters(codec="utf-8"), max_size=8).map("".join)
"""What a database can store."""
TEXTS = st.lists(LETTERS | HOSTILE | st.characters(), max_size=8).map("".join)
"""The same with lone surrogates, as in arguments and names of files."""


def infected(value: Any, text: str) -> Any:
    """The document with `text` in the middle of every text that may be a tenant's."""
    if isinstance(value, BaseModel):
        fields = {name: getattr(value, name) for name in type(value).model_fields if name not in OURS}
        return value.model_copy(update={name: infected(each, text) for name, each in fields.items()})
    if isinstance(value, tuple):
        return tuple(infected(each, text) for each in value)
    if type(value) is not str:
        return value
    if value.endswith("'"):  # SQL that pgfleet has written, with a text of the tenant's as a string
        return f"{value[:-1]}{text.replace(chr(39), 2 * chr(39))}'"
    return f"{value}{text}z"


def audit(text: str) -> Any:
    drifted = a_migration_entry(
        MigrationStatus.DRIFTED,
        differences=[
            a_difference_entry(change="changed", actual="text DEFAULT 'x' \"y\""),
            a_difference_entry().model_copy(
                update={"repair": RepairEntry(way=Strategy.SQL, statements=("ALTER b SET 'c'",), reason="because")}
            ),
            a_difference_entry().model_copy(update={"repair": RepairEntry(way=Strategy.BY_HAND, reason="by hand")}),
        ],
        checks=[CheckEntry(name="rows", passed=False, detail='missing: "a"')],
    )
    extra = UnexpectedEntry(kind="column", identity="public.t.a", actual="text DEFAULT 'x'")
    loss = LossEntry(table="t", before=2, now=1, allowed=0, exact=True)
    tenant = a_tenant_entry(
        "acme", Verdict.BLOCKED, migrations=[drifted], unexpected=[extra], contracts=[a_contract_entry(a_failure())]
    ).model_copy(update={"losses": (loss,)})
    silent = a_tenant_entry("borealis", Verdict.UNREACHABLE, reason="no answer")
    noted = a_tenant_entry("cobalt", unexpected=[extra])
    skipped = (SkippedEntry(name="dynamo", reason="its state is archived"),)
    found = a_document(tenant, silent, noted).model_copy(update={"skipped": skipped})
    previous = a_document(a_tenant_entry("borealis"), a_tenant_entry("acme"))
    return infected(add_trend(found, PreviousAudit(document=previous, source=Source.PREFECT)), text)


def rollout(text: str) -> Any:
    error = ErrorEntry(message="invalid input syntax", sqlstate="22P02", advice="correct the script")
    changed = a_difference_entry(change="changed", actual="b")
    step = a_step("1", status=StepStatus.FAILED, error=error, residual=[changed])
    seeds, counts = [a_seed_step(detail="why")], [a_pair(None, None)]
    failed = a_result("acme", Result.FAILED, step, error=error, seeds=seeds, counts=counts)
    away = a_result("borealis", Result.UNREACHABLE, obstacle=Verdict.UNREACHABLE, reason="no answer")
    return infected(a_rollout(failed, away, rings=[a_ring(watch=[a_watch_entry()])]), text)


def repair(text: str) -> Any:
    found = a_repair(
        result=RepairResult.FAILED,
        statements=["ALTER TABLE a ALTER b SET DEFAULT 'b'"],
        repaired=[a_difference(change="changed")],
        remaining=[a_difference("b", RepairEntry(way=Strategy.BY_HAND, reason="rows"))],
        error=ErrorEntry(message="permission denied"),
    )
    return infected(a_repair_document(found, reason="stopped"), text)


def shown(renderable: RenderableType) -> str:
    console = Console(width=1_000, file=StringIO(), color_system=None, legacy_windows=False)
    console.print(renderable)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def all_renderings(text: str) -> Iterator[tuple[str, str]]:
    """Everything that people read of an audit, a rollout, and a repair, by the name of the renderer."""
    found, done, fixed = audit(text), rollout(text), repair(text)
    plan = infected(a_plan(a_tenant_plan("acme", planned("1", Action.APPLY), planned("2", Action.REFUSE))), text)
    views = {
        "audit": audit_view(found, MANIFEST),
        "tenant": tenant_view(found.tenants[0], found, MANIFEST, "UTC"),
        "rollout": rollout_view(done, MANIFEST),
        "repair": repair_view(fixed),
        "plan": plan_view(plan, MANIFEST, RINGS),
    }
    for name, view in views.items():
        yield f"{name} at a terminal", shown(terminal.render(view))
        yield f"{name} in markdown", markdown.render(view)
    yield "audit page", html.render(audit_page(found, MANIFEST))
    yield "rollout page", html.render(rollout_page(done, MANIFEST))
    yield "audit in JUnit", audit_junit(found, MANIFEST)
    yield "rollout in JUnit", rollout_junit(done)
    yield "metrics", audit_metrics(found, MANIFEST)
    yield "diff", "\n".join(diff_lines(build_diff("prod", found.manifest, found.tenants[0])))
    for row in (*tenant_rows(found), *variant_rows(found.variants), *repair_rows(fixed)):
        yield "table artifact", "\n".join(row.values())
    for each in (*events.of_audit(found, is_partial=False), *events.of_rollout(done), events.of_repair(fixed)):
        yield "event", json.dumps(each.shown_payload, ensure_ascii=False, default=list)
    states = [*map(tenant_state, found.tenants), *map(result_state, done.tenants)]
    yield from (("state", state.message or "") for state in states)
    yield "error", str(DatabaseError(f"server says {text}"))
    yield "configuration error", str(FleetError("fleet.toml", text, f"problem {text}", (text, text)))
    yield "JSON", escape_json(found.model_dump_json(indent=2))


def hidden_in(text: str) -> list[str]:
    """Hidden characters other than line breaks, which pgfleet writes, and tabs, which stand in code blocks."""
    suspects = set(re.findall(r"[^ -~\n\t]", text))
    return [each for each in suspects if unicodedata.category(each) in HIDDEN_CATEGORIES or IGNORABLE.match(each)]


def own_lines(name: str, text: str) -> list[str]:
    """The lines that a reader takes for pgfleet's own: not those within a code block, nor those of a diff."""
    if "markdown" in name:
        text = re.sub(r"^(`{3,})\w*\n.*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
    if name == "diff":
        return [line for line in text.split("\n") if not line.startswith(("+", "-", " "))]
    return text.split("\n")


@given(STORED)
def test_no_renderer_passes_on_a_hidden_character_or_a_line_of_a_tenant(text: str) -> None:
    for name, rendered in all_renderings(text):
        assert hidden_in(rendered) == [], name
        if "page" not in name:  # its texts are within elements
            assert not any(re.match(rf"\W*{FORGED}", line) for line in own_lines(name, rendered)), name


@given(STORED)
def test_markdown_contains_no_markup_of_a_tenant(text: str) -> None:
    rendered = markdown.render(audit_view(audit(text), MANIFEST))
    prose = "\n".join(own_lines("markdown", rendered))
    assert not re.search(r"<\w|(?<!\\)\]\(|(?<!\\)`|https?://", prose)


@given(TEXTS)
def test_json_says_the_same(text: str) -> None:
    document = json.dumps({"name": text}, ensure_ascii=False, indent=2)
    assert json.loads(escape_json(document)) == {"name": text}
    assert hidden_in(escape_json(document)) == []


@given(TEXTS)
def test_a_text_shown_twice_is_the_same(text: str) -> None:
    assert show_hidden(show_hidden(text)) == show_hidden(text)
    assert hidden_in(show_hidden(text)) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("a\nb\r\tc", r"a\nb\r\tc"),
        ("\u202egnp.exe", r"\u202egnp.exe"),
        ("\x7f\x9b\u2028\ufeff\U000e0041\ud800", r"\x7f\u009b\u2028\ufeff\U000e0041\ud800"),
        ("\u00fc \u6f22 \u00a0 \\n", "\u00fc \u6f22 \u00a0 \\n"),
    ],
)
def test_hidden_characters_are_escapes(text: str, expected: str) -> None:
    assert show_hidden(text) == expected


SQL: Mapping[str, str] = {
    "a plain name": "a plain name",
    'DROP COLUMN "a\nb"': r'DROP COLUMN U&"a\000ab"',
    "DEFAULT '\x1b[2J\\'": r"DEFAULT U&'\001b[2J\\'",
    "DEFAULT E'\\n\x1b'": r"DEFAULT E'\n\x1b'",
    "'a\nb'": "'a\nb'",
    "$$ \x1b $$": r"$$ \x1b $$",
    "-- \x1b '\nSELECT '\u202e'": "-- \\x1b '\nSELECT U&'\\202e'",
    "'\U000e0041'": r"U&'\+0e0041'",
}


@pytest.mark.parametrize(("sql", "expected"), SQL.items())
def test_strings_and_names_of_sql_mean_the_same(sql: str, expected: str) -> None:
    assert show_hidden_in_sql(sql) == expected
