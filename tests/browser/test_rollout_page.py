"""The page of a rollout in Chromium."""

import re
from pathlib import Path

import pytest
from browser.fleets import MANIFEST
from browser.rollouts import a_halted_rollout
from fixtures.browser import Seen, written
from playwright.sync_api import Page, expect

from pgfleet.reports.render import html
from pgfleet.reports.views.rollout_page import rollout_page


@pytest.fixture(scope="module")
def rollout(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of its page."""
    page = html.render(rollout_page(a_halted_rollout(), MANIFEST, "Europe/Berlin"))
    return written(tmp_path_factory.mktemp("rollout"), page)


def test_the_page_shows_rings_failures_and_tenants_without_network_access(page: Page, seen: Seen, rollout: str) -> None:
    page.goto(rollout)
    expect(page.locator(".rings li", has_text="early")).to_contain_text("2 failures, 0 allowed")
    expect(page.locator(".ring + div > svg rect")).to_have_count(4)
    waves = page.locator(".rings li", has_text="early").locator(".waves li")
    expect(waves).to_have_text(
        [
            re.compile(r"wave 1[\s\S]*2 tenants: 1 failed, 1 unreachable"),
            re.compile(r"wave 2[\s\S]*run by 2 workers"),
        ]
    )
    expect(waves.locator("rect.f-b")).to_have_count(2)
    expect(page.locator(".card", has_text="Failures, by reason")).to_contain_text("2 tenants fjord, globex")
    assert [each for each in seen.requests if not each.startswith("data:")] == [rollout]


def test_tenants_are_chosen_by_result_and_opened_at_the_migration_that_failed(page: Page, rollout: str) -> None:
    page.goto(rollout)
    page.get_by_role("button", name="failed").click()
    expect(page.locator("#map tbody tr:visible th")).to_have_text(["fjord", "globex", "hooli"])
    page.locator("#map tbody tr", has_text="hooli").locator("td.c-b").click()
    expect(page.locator("#panel-title")).to_have_text("hooli")
    expect(page.locator("[data-anchor='20250330']")).to_contain_text("index public.idx_a is missing")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_and_every_sign_can_be_read(page: Page, rollout: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(f"{rollout}#tenant=fjord")
    contrasts = (Path(__file__).parent / "contrasts.js").read_text(encoding="utf-8")
    found = page.evaluate(contrasts)
    assert len(found) > 100
    assert [(round(ratio, 2), what) for ratio, what in found if ratio < 4.5] == []
