"""The engineer at 08:00, in Prefect's web interface: from the dashboard to the statement that puts a tenant right."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fixtures.browser import EXPECT_TIMEOUT_MS
from fixtures.ports import free_port
from fixtures.prefect_server import NO_EVENTS
from fixtures.up import Up
from fixtures.waiting import until
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect

MOST_CLICKS = 3
AUDITS = {"name": {"any_": ["audit"]}}
ON_DEMAND = {"name": {"any_": ["audit-demo"]}}
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""The folder for screenshots; set by `make screenshots`."""
STATEMENT = "ALTER TABLE ai_messages ALTER COLUMN content TYPE text USING content::text"
"""What puts harbor right: a column of it was made narrower."""


class Walk:
    """Clicks like a person, and counts the clicks."""

    def __init__(self, page: Page) -> None:
        self.page, self.clicks = page, 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def picture(self, name: str) -> None:
        """If screenshots are wanted, takes one when the page has stopped moving."""
        if SCREENSHOTS:
            self.page.wait_for_load_state("networkidle")
            self.page.wait_for_timeout(500)
            self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png")


@pytest.fixture(scope="module")
def up(prefect_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """`pgfleet up` with the demo's fleet, and with nothing else behind it."""
    with Up(tmp_path_factory.mktemp("up"), **NO_EVENTS) as made:
        made.begin_with(prefect_tables)
        made("--demo", "--port", str(free_port()))
        yield made


@pytest.fixture(scope="module")
def ui(up: Up, profile: BrowserContext) -> str:
    """The web interface, after the browser got in as a person does."""
    address = up.until_ready(up.processes[0])
    page = profile.new_page()
    page.goto(f"{address}/dashboard")
    page.locator("input").fill(":".join(up.key))
    page.get_by_role("button", name="Login").click()  # there may be others, of Prefect's messages
    expect(page.get_by_text("Flow Runs").first).to_be_visible()
    page.close()
    return address


@pytest.fixture(scope="module")
def profile(browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests here, so that Chromium keeps the program of Prefect's web interface."""
    made = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    made.set_default_timeout(EXPECT_TIMEOUT_MS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def audited(profile: BrowserContext, up: Up, ui: str) -> str:
    """The same, once the first audit, which starts by itself, has ended."""
    with walking(profile) as walk:
        page = walk.page
        page.goto(f"{ui}/deployments")
        page.get_by_role("link", name="audit-demo", exact=True).click()
        page.get_by_role("button", name="Run", exact=True).click()
        page.get_by_text("Custom run").click()
        for described in ("Environment in the fleet file.", "Only tenants in these rings."):
            expect(page.get_by_text(described)).to_be_visible()
        walk.picture("prefect-form")
        expect(page.get_by_role("button", name="Submit")).to_be_enabled()
        until(lambda: has_ended(up, ui))
    return ui


@pytest.fixture
def walk(profile: BrowserContext) -> Iterator[Walk]:
    with walking(profile) as walk:
        yield walk


@contextmanager
def walking(profile: BrowserContext) -> Iterator[Walk]:
    page = profile.new_page()
    yield Walk(page)
    page.close()


def test_the_deployments_are_listed_with_their_schedules(walk: Walk, ui: str) -> None:
    page = walk.page
    page.goto(f"{ui}/deployments")
    for name in ("nightly", "audit", "rollout", "dry-run", "seed", "repair", "counts"):
        expect(page.get_by_role("link", name=f"{name}-demo", exact=True)).to_be_visible()
    walk.picture("prefect-deployments")
    page.get_by_role("link", name="nightly-demo", exact=True).click()
    expect(page.get_by_text("At 02:00 AM").last).to_be_visible()
    walk.picture("prefect-nightly")


def test_from_the_dashboard_to_the_statement(walk: Walk, up: Up, audited: str) -> None:
    ui, page = audited, walk.page
    page.goto(f"{ui}/dashboard")
    flow = page.locator(".p-accordion-trigger").filter(has=page.get_by_role("link", name="audit", exact=True))
    walk.click(flow.locator(".p-accordion-trigger-icon"))
    walk.click(page.get_by_role("link", name=f"audit demo · {datetime.now(UTC):%Y-%m-%d}"))
    for wave in ("wave 1 · canary", "wave 2 · early", "wave 3 · main"):
        assert wave in names(up, ui)
    log = page.locator(".log-row")
    expect(log.filter(has_text="harbor is blocked")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)
    walk.picture("prefect-run")
    walk.click(log.filter(has_text="harbor is blocked").get_by_role("link"))
    expect(page.get_by_role("heading", name="harbor is blocked")).to_be_visible()
    expect(page.get_by_text(STATEMENT)).to_be_visible()
    walk.picture("prefect-tenant")
    assert walk.clicks <= MOST_CLICKS


def test_summary_tenants_and_run_lead_to_each_other(walk: Walk, up: Up, audited: str) -> None:
    ui, page = audited, walk.page
    page.goto(f"{ui}/artifacts/artifact/{newest(up, ui, 'summary-demo')}")
    expect(page.get_by_role("heading", name="Audit of demo: 12 tenants")).to_be_visible()
    walk.picture("prefect-summary")
    page = follow(page, "gale")
    expect(page.get_by_role("heading", name="gale is blocked")).to_be_visible()
    page = follow(page, "Run")
    verdicts = page.get_by_text("12 tenants: 4 ready, 2 degraded, 5 blocked, 1 unreachable").first
    expect(verdicts).to_be_visible()
    expect(page.get_by_text("Incomplete").first).to_be_visible()


def test_the_table_says_it_in_few_columns_and_leads_on(walk: Walk, up: Up, audited: str) -> None:
    ui, page = audited, walk.page
    page.goto(f"{ui}/artifacts/artifact/{newest(up, ui, 'audit-demo')}")
    for column in ("Tenant", "Verdict", "What Is Wrong", "Ring", "Worth Knowing"):
        expect(page.get_by_role("columnheader", name=column)).to_be_visible()
    walk.picture("prefect-table")
    link = page.get_by_role("link", name="harbor", exact=True)
    expect(link).to_have_attribute("href", re.compile("^/artifacts/artifact/"))


def test_the_page_of_the_run_is_a_click_away(walk: Walk, up: Up, audited: str) -> None:
    ui, page = audited, walk.page
    page.goto(f"{ui}/artifacts/artifact/{newest(up, ui, 'page-audit-demo')}")
    page = follow(page, "HTML report of the audit")
    expect(page.get_by_role("heading", name="Audit of demo")).to_be_visible()
    page.locator("#map").get_by_role("link", name="harbor", exact=True).click()
    expect(page.locator("#panel").get_by_text(STATEMENT)).to_be_visible()


def follow(page: Page, name: str) -> Page:
    """The page that a link in markdown opens, which is another one."""
    with page.expect_popup() as opened:
        page.get_by_role("link", name=name, exact=True).click()
    return opened.value


def ask(up: Up, ui: str, path: str, **body: object) -> list[dict[str, str]]:
    found: list[dict[str, str]] = up.ask("POST", f"{ui}/api/{path}", body)
    return found


def has_ended(up: Up, ui: str) -> bool:
    """Every audit that was begun, if one was."""
    begun = ask(up, ui, "flow_runs/filter", flows=AUDITS, deployments=ON_DEMAND)
    return bool(begun) and all(each["state_type"] == "FAILED" for each in begun)


def names(up: Up, ui: str) -> set[str]:
    return {each["name"] for each in ask(up, ui, "flow_runs/filter", flows={"name": {"any_": ["audit-wave"]}})}


def newest(up: Up, ui: str, key: str) -> str:
    wanted = {"key": {"any_": [key]}}
    return ask(up, ui, "artifacts/filter", artifacts=wanted, sort="CREATED_DESC", limit=1)[0]["id"]
