"""The HTML page of a rollout: rings over time, failures by reason, and each tenant's result."""

import json
from datetime import timedelta

import pytest
from justhtml import JustHTML
from unit.literals import FINISHED, STARTED, a_difference_entry, a_manifest, a_migration
from unit.rollout_literals import a_count, a_pair, a_result, a_ring, a_rollout, a_seed_step, a_step, a_wave

from pgfleet.documents.entry import ErrorEntry
from pgfleet.documents.ring import RingOutcome
from pgfleet.documents.rollout import Result, RolloutDocument, StepStatus, TenantResult
from pgfleet.reports.blocks import Block, Code, Contrast, Paragraph, Section, Status, StatusStyle, Table, Tone, flatten
from pgfleet.reports.phrases.dates import Dates
from pgfleet.reports.phrases.rollout import DRY_RUN_NOTICE, duration_text
from pgfleet.reports.render import html
from pgfleet.reports.render.bars import WIDTH
from pgfleet.reports.views.rollout_page import rollout_page
from pgfleet.reports.views.rollout_tenant import tenant_blocks
from pgfleet.reports.views.timeline import timeline
from pgfleet.rollout.summary import RolloutOutcome

MANIFEST = a_manifest(a_migration("1"), a_migration("2", name="two"))
LOCKED = ErrorEntry(
    message="lock timeout", sqlstate="55P03", file="1_one.sql", line=3, column=5, advice="run it when nobody uses it"
)
FAILED = a_step(status=StepStatus.FAILED, error=LOCKED, residual=[a_difference_entry()])
HOSTILE = "</script><img src=x onerror=alert(1)>"


def parsed(document: RolloutDocument) -> JustHTML:
    return JustHTML(html.render(rollout_page(document, MANIFEST)), strict=True, sanitize=False)


def blocks_of(tenant: TenantResult, **changes: object) -> list[Block]:
    return list(flatten(tenant_blocks(tenant, a_rollout(tenant).model_copy(update=changes))))


@pytest.mark.parametrize(
    "document",
    [
        a_rollout(),
        a_rollout(a_result("acme", Result.DONE, a_step())),
        a_rollout(a_result("acme", Result.FAILED, FAILED), a_result("b", Result.UNREACHABLE, reason="no answer")),
        a_rollout(a_result(HOSTILE, Result.FAILED, ring=HOSTILE, reason=HOSTILE)),
        a_rollout(rings=[], outcome=RolloutOutcome.REFUSED, reason="it was not approved"),
    ],
    ids=["empty", "done", "failed", "hostile", "refused"],
)
def test_the_page_is_html_without_a_parse_error(document: RolloutDocument) -> None:
    page = parsed(document)
    assert page.query("img") == []
    assert len(page.query("#map tbody tr")) == len(document.tenants)
    [data] = page.query("#data")
    assert len(json.loads(data.to_text(separator="", strip=False))["tenants"]) == len(document.tenants)


def test_one_reason_is_listed_once() -> None:
    document = a_rollout(a_result("acme", Result.FAILED, FAILED), a_result("b", Result.FAILED, FAILED))
    cards = [each.to_text() for each in parsed(document).query(".card.bad")]
    assert len(cards) == 1
    assert "index public.idx_a is missing" in cards[0]


def test_columns_are_the_migrations_that_it_was_about_with_how_long_they_took() -> None:
    step = a_step()
    document = a_rollout(
        a_result("acme", Result.DONE, step.model_copy(update={"duration_ms": 100})),
        a_result("borealis", Result.DONE, step.model_copy(update={"duration_ms": 1500})),
        a_result("cumulus", Result.DONE, step.model_copy(update={"duration_ms": 300})),
    )
    page = parsed(document)
    assert [each.attrs["data-version"] for each in page.query("#map th.tall")] == ["1"]
    assert "3 applied median 300 ms, slowest 1.5 s in borealis" in page.query(".columns")[0].to_text()


def test_a_page_with_many_migrations_folds_them() -> None:
    manifest = a_manifest(*(a_migration(f"{number:04}") for number in range(1, 64)))
    steps = [a_step(each.version, status=StepStatus.DONE) for each in manifest.migrations]
    page = JustHTML(html.render(rollout_page(a_rollout(a_result("acme", Result.DONE, *steps)), manifest)), strict=True)
    assert page.query("#map th.tall") == []
    assert "all 63 applied" in page.query("#map tbody tr")[0].to_text()


def test_a_dry_run_and_a_refusal_are_marked() -> None:
    assert parsed(a_rollout(dry_run=True)).query(".card")[0].to_text() == DRY_RUN_NOTICE
    refused = a_rollout(rings=[], outcome=RolloutOutcome.REFUSED, reason="it was not approved")
    assert parsed(refused).query(".card")[0].to_text() == "Nothing was done: it was not approved"


def test_a_tenant_that_failed_has_the_place_the_advice_and_the_remaining_differences() -> None:
    blocks = blocks_of(a_result("a b", Result.FAILED, FAILED))
    failed = Status(StatusStyle.BAD, "failed", mark="FAILED")
    assert Section(title="1_one.sql", status=failed, anchors=("1",)) in blocks
    assert Paragraph(text="1_one.sql, line 3 column 5: lock timeout (SQLSTATE 55P03)", tone=Tone.BAD) in blocks
    assert Paragraph(text="run it when nobody uses it", tone=Tone.REMEDY) in blocks
    [found] = [each for each in blocks if isinstance(each, Contrast)]
    assert (found.title, found.expected) == ("index public.idx_a is missing", "btree (a)")
    assert [each.text for each in blocks if isinstance(each, Code)] == ["pgfleet rollout prod --tenant 'a b'"]


@pytest.mark.parametrize(
    ("changes", "command"),
    [
        ({"seeds_alone": True}, "pgfleet seed prod --tenant acme"),
        ({"adopt_through": "2"}, "pgfleet adopt prod --tenant acme --through 2"),
        ({"revert_to": "2"}, "pgfleet revert prod --tenant acme --to 2"),
        ({"dry_run": True}, "pgfleet rollout prod --tenant acme --dry-run"),
    ],
)
def test_the_command_is_that_of_the_run(changes: dict[str, object], command: str) -> None:
    blocks = blocks_of(a_result("acme", Result.UNREACHABLE, reason="no answer"), **changes)
    assert [each.text for each in blocks if isinstance(each, Code)] == [command]


def test_a_tenant_that_is_done_has_its_steps_and_rows() -> None:
    tenant = a_result(
        "acme",
        Result.DONE,
        a_step().model_copy(update={"duration_ms": 85}),
        seeds=[a_seed_step(rows_added=14)],
        counts=[a_pair(a_count(10), a_count(24))],
    )
    blocks = blocks_of(tenant)
    rows = {each.title: each.rows for each in blocks if isinstance(each, Table)}
    applied = Status(StatusStyle.DONE, "applied")
    assert rows["Migrations"] == ((applied, "1_one.sql", "P0, 85 ms"),)
    assert rows["Seeds"] == ((applied, "rules", "rules applied (14 rows)"),)
    assert rows["Rows"] == (("one", "10", "24", "+14"),)
    assert not [each for each in blocks if isinstance(each, Code)]


def test_the_steps_of_a_tenant_are_folded_if_there_are_many() -> None:
    versions = [f"{number:04}" for number in range(1, 64)]
    detail = "required migration 0039 is not applied"
    steps = [a_step(each, status=StepStatus.SKIPPED) for each in versions[:38]]
    steps += [a_step(each, status=StepStatus.NOT_REACHED, detail=detail) for each in versions[38:]]
    [rows] = [each.rows for each in blocks_of(a_result("t", Result.FAILED, *steps)) if isinstance(each, Table)]
    assert [(status.word, name, remark) for status, name, remark in rows] == [
        ("already applied", "38 migrations (0001 … 0038)", ""),
        ("not reached", "25 migrations (0039 … 0063)", detail),
    ]


def test_a_ring_lies_on_the_axis_of_the_whole_rollout() -> None:
    second = timedelta(seconds=1)
    times = {"started_at": STARTED + 2 * second, "finished_at": STARTED + 10 * second}
    ring = a_ring("canary", soaked_seconds=3.0, watched_seconds=1.0).model_copy(update=times)
    document = a_rollout(rings=[ring, a_ring("main", RingOutcome.NOT_REACHED)])
    canary, main = timeline(document, Dates())
    whole = (FINISHED - STARTED).total_seconds()
    assert [(each.status.style, each.status.word, each.number) for each in canary.parts] == [
        (StatusStyle.DONE, "s working", 4.0),
        (StatusStyle.KNOWN, "s watching", 1.0),
        (StatusStyle.PENDING, "s soaking", 3.0),
    ]
    assert [each.x for each in canary.parts] == pytest.approx([WIDTH * at / whole for at in (2, 6, 7)], abs=0.1)
    assert canary.timing == "from 2025-04-01 02:00, working 4.0 s"
    assert (main.parts, main.timing, main.status.word) == ((), "", "not reached")


def test_a_ring_s_waves_lie_on_the_same_axis_and_a_single_one_is_the_ring_itself() -> None:
    quarter = (FINISHED - STARTED) / 4
    waves = (
        a_wave(1, STARTED, STARTED + 2 * quarter, done=200),
        a_wave(2, STARTED + quarter, FINISHED, attempts=2, done=98, failed=2),
    )
    times = {"started_at": STARTED, "finished_at": FINISHED}
    one = a_ring("canary").model_copy(update={**times, "waves": waves[:1]})
    two = a_ring("main").model_copy(update={**times, "waves": waves})
    canary, main = timeline(a_rollout(rings=[one, two]), Dates())
    assert canary.waves == ()
    assert [(each.name, each.part.status.style, each.summary) for each in main.waves] == [
        ("wave 1", StatusStyle.DONE, "200 tenants: 200 done"),
        ("wave 2", StatusStyle.BAD, "100 tenants: 98 done, 2 failed, run by 2 workers because some were lost"),
    ]
    assert [(each.part.x, each.part.width) for each in main.waves] == [(0, WIDTH / 2), (WIDTH / 4, WIDTH * 3 / 4)]


@pytest.mark.parametrize(
    ("duration_ms", "said"), [(85, "85 ms"), (1_240, "1.2 s"), (119_000, "119.0 s"), (720_000, "12 min")]
)
def test_durations_have_the_unit_that_fits(duration_ms: int, said: str) -> None:
    assert duration_text(duration_ms) == said
