"""The engineer at 08:00, in Prefect's web interface: from the dashboard to the statement that puts a tenant right."""

import os
import re
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from fixtures.browser import EXPECT_TIMEOUT_MS
from fixtures.prefect import drain
from fixtures.prefect_server import NO_EVENTS, server_on_copy
from fixtures.servers import roomy_memory
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from prefect.settings import PREFECT_API_URL, PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from rich.console import Console

from pgfleet.cli.demo import make_fleet
from pgfleet.cli.deploy import deploy, deployments_of_fleet, ensure_pool
from pgfleet.cli.report_server import serve
from pgfleet.flows.audit import audit_fleet
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.embedded.demo_fleet import ENVIRONMENT, REPORTS
from pgfleet.run import files
from pgfleet.run.settings import SERVER

MOST_CLICKS = 3
KEY, POOL = "key-of-the-pages", "walk"
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
def ui(prefect_tables: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The web interface, where the demo's fleet was audited as `pgfleet up --demo` does at first.

    In this process, so that no browser may run yet: see `browser`.
    """
    folder, served = tmp_path_factory.mktemp("ui"), {"PREFECT_SERVER_UI_ENABLED": "true"}
    drain()
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name in ("PGFLEET_CONFIG", "PGFLEET_MANIFEST"):
            patch.setenv(name, "")  # what is set below is put back
        api = stack.enter_context(server_on_copy(prefect_tables, folder, {**SERVER, **NO_EVENTS, **served}))
        own = {PREFECT_API_URL: api, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
        stack.enter_context(temporary_settings(own))
        make_fleet(stack.enter_context(demo_cluster()), folder, Console(quiet=True), pages(stack, folder / REPORTS))
        ensure_pool(POOL)
        for each in deployments_of_fleet(files.load_fleet(folder / "fleet.toml"), POOL):
            deploy(each, POOL)
        assert audit_fleet(ENVIRONMENT, return_state=True).type.value == "FAILED"
        drain()
        yield api.removesuffix("/api")


def demo_cluster() -> Cluster:
    with roomy_memory():
        return Cluster(embedded_binaries())


def pages(stack: ExitStack, folder: Path) -> str:
    """The address of the HTML pages in the folder, until the stack is closed."""
    folder.mkdir()
    server = stack.enter_context(serve(0, folder, KEY))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    stack.callback(thread.join)
    stack.callback(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}/{KEY}/"


@pytest.fixture(scope="module")
def profile(ui: str, browser: Browser) -> Iterator[BrowserContext]:
    """One for all tests here, so that Chromium keeps the program of Prefect's web interface."""
    made = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark", reduced_motion="reduce")
    made.set_default_timeout(EXPECT_TIMEOUT_MS)
    yield made
    made.close()


@pytest.fixture(scope="module")
def page(profile: BrowserContext) -> Page:
    """One for all tests here: a new one takes Chromium a new process."""
    return profile.new_page()


@pytest.fixture
def walk(page: Page) -> Iterator[Walk]:
    yield Walk(page)
    for each in page.context.pages:
        if each != page:
            each.close()  # it would ask Prefect for news
    page.goto("about:blank")


def test_the_deployments_are_listed_with_their_schedules_and_their_forms_describe_the_parameters(
    walk: Walk, ui: str
) -> None:
    page = walk.page
    page.goto(f"{ui}/deployments")
    for name in ("nightly", "audit", "rollout", "dry-run", "seed", "repair", "counts"):
        expect(page.get_by_role("link", name=f"{name}-demo", exact=True)).to_be_visible()
    walk.picture("prefect-deployments")
    page.get_by_role("link", name="nightly-demo", exact=True).click()
    expect(page.get_by_text("At 02:00 AM").last).to_be_visible()
    walk.picture("prefect-nightly")
    page.goto(f"{ui}/deployments")
    page.get_by_role("link", name="audit-demo", exact=True).click()
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("Custom run").click()
    for described in ("Environment in the fleet file.", "Only tenants in these rings."):
        expect(page.get_by_text(described)).to_be_visible()
    walk.picture("prefect-form")
    expect(page.get_by_role("button", name="Submit")).to_be_enabled()


def test_from_the_dashboard_to_the_statement(walk: Walk, ui: str) -> None:
    page = walk.page
    page.goto(f"{ui}/dashboard")
    flow = page.locator(".p-accordion-trigger").filter(has=page.get_by_role("link", name="audit", exact=True))
    walk.click(flow.locator(".p-accordion-trigger-icon"))
    walk.click(page.get_by_role("link", name=f"audit demo · {datetime.now(UTC):%Y-%m-%d}"))
    for wave in ("wave 1 · canary", "wave 2 · early", "wave 3 · main"):
        assert wave in names(ui)
    log = page.locator(".log-row")
    expect(log.filter(has_text="harbor is blocked")).to_be_visible()
    expect(page.get_by_text("Traceback")).to_have_count(0)
    walk.picture("prefect-run")
    walk.click(log.filter(has_text="harbor is blocked").get_by_role("link"))
    expect(page.get_by_role("heading", name="harbor is blocked")).to_be_visible()
    expect(page.get_by_text(STATEMENT)).to_be_visible()
    walk.picture("prefect-tenant")
    assert walk.clicks <= MOST_CLICKS


def test_summary_tenants_and_run_lead_to_each_other(walk: Walk, ui: str) -> None:
    page = walk.page
    page.goto(f"{ui}/artifacts/artifact/{newest(ui, 'summary-demo')}")
    expect(page.get_by_role("heading", name="Audit of demo: 12 tenants")).to_be_visible()
    walk.picture("prefect-summary")
    page = follow(page, "gale")
    expect(page.get_by_role("heading", name="gale is blocked")).to_be_visible()
    page = follow(page, "Run")
    verdicts = page.get_by_text("12 tenants: 4 ready, 2 degraded, 5 blocked, 1 unreachable").first
    expect(verdicts).to_be_visible()
    expect(page.get_by_text("Incomplete").first).to_be_visible()


def test_the_table_says_it_in_few_columns_and_leads_on(walk: Walk, ui: str) -> None:
    page = walk.page
    page.goto(f"{ui}/artifacts/artifact/{newest(ui, 'audit-demo')}")
    for column in ("Tenant", "Verdict", "What Is Wrong", "Ring", "Worth Knowing"):
        expect(page.get_by_role("columnheader", name=column)).to_be_visible()
    walk.picture("prefect-table")
    link = page.get_by_role("link", name="harbor", exact=True)
    expect(link).to_have_attribute("href", re.compile("^/artifacts/artifact/"))


def test_the_page_of_the_run_is_a_click_away(walk: Walk, ui: str) -> None:
    page = walk.page
    page.goto(f"{ui}/artifacts/artifact/{newest(ui, 'page-audit-demo')}")
    page = follow(page, "HTML report of the audit")
    expect(page.get_by_role("heading", name="Audit of demo")).to_be_visible()
    page.locator("#map").get_by_role("link", name="harbor", exact=True).click()
    expect(page.locator("#panel").get_by_text(STATEMENT)).to_be_visible()


def follow(page: Page, name: str) -> Page:
    """The page that a link in markdown opens, which is another one."""
    with page.expect_popup() as opened:
        page.get_by_role("link", name=name, exact=True).click()
    return opened.value


def ask(ui: str, path: str, **body: object) -> list[dict[str, str]]:
    found: list[dict[str, str]] = httpx.post(f"{ui}/api/{path}", json=body).raise_for_status().json()
    return found


def names(ui: str) -> set[str]:
    return {each["name"] for each in ask(ui, "flow_runs/filter", flows={"name": {"any_": ["audit-wave"]}})}


def newest(ui: str, key: str) -> str:
    wanted = {"key": {"any_": [key]}}
    return ask(ui, "artifacts/filter", artifacts=wanted, sort="CREATED_DESC", limit=1)[0]["id"]
