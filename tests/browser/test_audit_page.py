"""The page of an audit in Chromium, by mouse, by keyboard and without either; no page asks anybody for anything."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from browser.fleets import INDEX, MANIFEST, MARKUP, MISSING_INDEX, a_fleet, drifted
from fixtures.browser import Seen, written
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect
from unit.literals import a_document, a_tenant_entry

from pgfleet.documents.audit import AuditDocument
from pgfleet.reports.render import html
from pgfleet.reports.views.audit import audit_page
from pgfleet.reports.views.verdicts import past_audit

NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
SCREENSHOTS = os.environ.get("SCREENSHOTS")
"""The folder for screenshots; set by `make screenshots`."""
LEAST_CONTRAST = 4.5
"""Of text and what it stands on (WCAG 2.2, 1.4.3)."""
CONTRASTS = (Path(__file__).parent / "contrasts.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def dozen(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page of a dozen tenants."""
    return put(tmp_path_factory.mktemp("dozen"), a_fleet())


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the page of a thousand tenants."""
    return put(tmp_path_factory.mktemp("thousand"), a_fleet(1000))


def put(folder: Path, document: AuditDocument) -> str:
    last = past_audit(document, "page.html", "Europe/Berlin")
    others = [last.model_copy(update={"tenants": {"blocked": each, "ready": 12 - each}}) for each in (1, 1, 4, 2)]
    return written(folder, html.render(audit_page(document, MANIFEST, "Europe/Berlin", (*others, last))))


def picture(page: Page, name: str, *, full_page: bool = False) -> None:
    """If screenshots are wanted, takes one."""
    if SCREENSHOTS:
        page.screenshot(path=Path(SCREENSHOTS) / f"{name}.png", full_page=full_page)


def shown(page: Page) -> list[str]:
    """The tenants that are in the map at the moment."""
    return page.locator("#map tbody tr:visible th a").all_text_contents()


def panel(page: Page) -> Locator:
    return page.locator("#panel")


def focused(page: Page) -> Locator:
    """The element with the focus. Expect something of it: Chromium moves the focus back after the dialog has closed."""
    return page.locator(":focus")


def test_the_worst_tenants_come_first_and_new_differences_are_marked(page: Page, dozen: str) -> None:
    page.goto(dozen)
    assert shown(page)[:3] == ["borealis", "dynamo", "initech"]
    expect(page.get_by_role("heading", name="Audit of prod")).to_be_visible()
    expect(
        page.get_by_text("borealis, dynamo: index public.idx_ai_task_queue_status_schedule is missing")
    ).to_be_visible()
    expect(page.locator("#map tbody tr", has_text="borealis").locator("td").nth(2)).to_have_text("drifted")


def test_markup_in_a_name_or_a_statement_is_text(page: Page, tmp_path: Path) -> None:
    sql = f"COMMENT ON TABLE a IS '</script><img src=x onerror=alert(2)>{MARKUP}'"
    repair = MISSING_INDEX.repair.model_copy(update={"statements": (sql,)})
    hostile = drifted(MARKUP, MISSING_INDEX.model_copy(update={"repair": repair, "expected": sql}))
    page.goto(put(tmp_path, a_document(hostile)))
    page.get_by_role("link", name=MARKUP).click()
    expect(page.locator("#panel-title")).to_have_text(MARKUP)
    expect(panel(page).locator("code", has_text="COMMENT")).to_have_text(f"{sql};")
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 2


def test_tenants_are_chosen_by_verdict_ring_and_variant(page: Page, dozen: str) -> None:
    page.goto(dozen)
    page.get_by_role("button", name="blocked").click()
    assert shown(page) == ["borealis", "dynamo", "initech"]
    page.get_by_role("button", name="unreachable").click()
    assert shown(page) == ["borealis", "dynamo", "initech", "globex"]
    page.get_by_label("Ring").select_option("canary")
    assert shown(page) == ["borealis"]
    page.get_by_role("button", name="Reset").click()
    assert len(shown(page)) == 12
    page.get_by_label("Variant").select_option("variant C")
    assert shown(page) == ["dynamo"]
    expect(page.locator("#shown")).to_have_text("1 of 12")


def test_tenants_with_something_new_are_chosen(page: Page, dozen: str) -> None:
    page.goto(dozen)
    page.get_by_label("with new findings").check()
    assert shown(page) == ["borealis", "dynamo", "juniper"]


def test_a_tenant_is_searched_and_opened(page: Page, dozen: str) -> None:
    page.goto(dozen)
    page.keyboard.press("/")
    page.keyboard.type("GLOB")
    assert shown(page) == ["globex"]
    page.keyboard.press("Enter")
    expect(page.locator("#panel-title")).to_have_text("globex")


def test_a_search_without_results_shows_a_message(page: Page, dozen: str) -> None:
    page.goto(dozen)
    page.get_by_label("Search tenants").fill("nobody")
    expect(page.get_by_text("No tenant matches.")).to_be_visible()
    expect(page.locator("#shown")).to_have_text("0 of 12")


def test_the_map_is_one_stop_of_the_tab_key_and_arrows_move_in_it(page: Page, dozen: str) -> None:
    page.goto(dozen)
    assert page.locator("#map [tabindex='0']").count() == 1
    page.locator("#pick-shown").focus()
    page.keyboard.press("Tab")
    expect(focused(page)).to_have_text("borealis")
    for key in ("ArrowDown", "ArrowDown", "ArrowUp"):
        page.keyboard.press(key)
    expect(focused(page)).to_have_text("dynamo")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Control+End")
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 12
    page.keyboard.press("Control+Home")
    expect(focused(page)).to_have_text("borealis")
    assert page.locator("#map [tabindex='0']").count() == 1


def test_enter_on_a_cell_opens_its_migration_and_escape_comes_back(page: Page, dozen: str) -> None:
    page.goto(dozen)
    page.locator("#map a", has_text="ember").focus()
    page.locator("#map a", has_text="ember").press("ArrowDown")
    page.locator("#map a", has_text="borealis").focus()
    for key in ("Control+Home", "ArrowRight", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    page.keyboard.press("Enter")
    expect(panel(page)).to_be_visible()
    expect(panel(page).locator("[data-anchor='20250315'] h3")).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(panel(page)).to_be_hidden()
    expect(focused(page)).to_have_js_property("cellIndex", 3)


def test_in_the_panel_j_and_k_go_through_the_tenants_that_are_chosen(page: Page, dozen: str) -> None:
    page.goto(dozen)
    page.get_by_role("button", name="blocked").click()
    page.get_by_role("link", name="borealis").first.click()
    expect(page.get_by_role("button", name="Previous")).to_be_disabled()
    page.keyboard.press("j")
    page.get_by_role("button", name="Next").click()
    expect(page.locator("#panel-title")).to_have_text("initech")
    expect(page.get_by_role("button", name="Next")).to_be_disabled()
    page.keyboard.press("k")
    expect(page.locator("#panel-title")).to_have_text("dynamo")
    page.keyboard.press("Escape")
    expect(focused(page)).to_have_text("dynamo")


def test_statements_and_commands_are_copied(page: Page, context: BrowserContext, dozen: str) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(f"{dozen}#tenant=dynamo")
    for text in ("pgfleet repair prod --tenant dynamo", f"{INDEX};"):
        panel(page).locator(".code", has_text=text).get_by_role("button").click()
        expect(page.locator("#live")).to_have_text("Copied")
        page.wait_for_function("text => navigator.clipboard.readText().then(found => found === text)", arg=text)


def test_one_command_fixes_the_tenants_that_are_selected(page: Page, context: BrowserContext, dozen: str) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(dozen)
    expect(page.locator("#picked")).to_be_hidden()
    page.get_by_label("Select dynamo").check()
    page.locator("#map a", has_text="borealis").press("x")
    expect(page.locator("#picked-number")).to_have_text("2 selected")
    page.locator("#picked .code").get_by_role("button").click()
    command = "pgfleet repair prod --tenant borealis --tenant dynamo"
    page.wait_for_function("text => navigator.clipboard.readText().then(found => found === text)", arg=command)
    page.get_by_role("button", name="Select shown").click()
    expect(page.locator("#picked code")).to_have_text([command, "pgfleet rollout prod --tenant initech --tenant ember"])
    page.get_by_role("button", name="Clear").click()
    expect(page.locator("#picked")).to_be_hidden()
    assert page.locator(".pick:checked").count() == 0


def test_where_nothing_can_be_copied_it_is_selected(context: BrowserContext, dozen: str) -> None:
    page = context.new_page()
    page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.goto(f"{dozen}#tenant=dynamo")
    panel(page).locator(".code button").first.click()
    expect(panel(page).locator(".code button").first).to_have_text("Press Ctrl+C")
    assert page.evaluate("String(getSelection())") == "pgfleet repair prod --tenant dynamo"
    page.close()


def test_links_work_for_any_tenant_name(page: Page, tmp_path: Path) -> None:
    names = ["acme", "a b/c", MARKUP, "100%", "tenant=#&?", "ü 漢"]
    address = put(tmp_path, a_document(drifted("other"), *map(drifted, names)))
    for name in names:
        page.goto(f"{address}#tenant={quote(name, safe='')}")
        expect(page.locator("#panel-title")).to_have_text(name)
        page.keyboard.press("Escape")
        expect(page).to_have_url(address)
    page.goto(f"{address}#tenant=other")
    expect(page.locator("#panel-title")).to_have_text("other")


def test_a_link_to_nothing_opens_nothing(page: Page, dozen: str) -> None:
    page.goto(f"{dozen}#tenant=nobody")
    expect(page.locator("#shown")).to_have_text("12 of 12")
    for fragment in ("#tenant=%E0%A4%A", "#map", "#tenant=", "#tenant=nobody"):
        expect(panel(page)).to_be_hidden()
        page.goto(f"{dozen}{fragment}")
    expect(panel(page)).to_be_hidden()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_text_and_every_sign_can_be_read_in_light_and_dark(page: Page, dozen: str, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    page.goto(dozen)
    suffix = "" if scheme == "light" else "-dark"
    picture(page, f"page{suffix}", full_page=True)
    page.goto(f"{dozen}#tenant=borealis")
    picture(page, f"page-tenant{suffix}")
    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor.match(/\\d+/)[0] < 128")
    assert is_dark is (scheme == "dark")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 150
    assert [(round(ratio, 2), what) for ratio, what in found if ratio < LEAST_CONTRAST] == []


def test_each_state_has_a_sign_of_its_own(page: Page, dozen: str) -> None:
    page.goto(dozen)
    sign = "(each) => [each.className, getComputedStyle(each, '::before').content]"
    cells = {tuple(each) for each in page.evaluate(f"[...document.querySelectorAll('#map td[class]')].map({sign})")}
    words = {tuple(each) for each in page.evaluate(f"[...document.querySelectorAll('.facet .w')].map({sign})")}
    for found in (cells, words):
        assert len(found) >= 4
        assert len({content for _, content in found}) == len(found)


def test_no_page_asks_anybody_for_anything(page: Page, seen: Seen, dozen: str) -> None:
    page.goto(dozen)
    page.get_by_role("link", name="borealis").first.click()
    page.keyboard.press("Escape")
    assert [each for each in seen.requests if not each.startswith("data:")] == [dozen]


@pytest.mark.parametrize("address", ["", "#tenant=borealis"])
def test_on_a_narrow_screen_nothing_sticks_out(page: Page, dozen: str, address: str) -> None:
    page.set_viewport_size(NARROW)
    page.goto(f"{dozen}{address}")
    expect(page.locator("#map tbody tr").first).to_be_attached()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('#map tbody tr').getBoundingClientRect().bottom <= innerHeight")
    assert page.evaluate("document.getElementById('panel').scrollWidth <= document.getElementById('panel').clientWidth")


def test_rows_out_of_view_are_laid_out_for_a_picture_of_the_entire_page(page: Page, dozen: str) -> None:
    page.set_viewport_size(NARROW)
    page.goto(dozen)
    rows = page.locator("#map th a")
    visible = "(links) => links.filter((each) => each.checkVisibility({contentVisibilityAuto: true})).length"
    assert rows.evaluate_all(visible) == rows.count() == 12


def test_on_paper_there_is_the_map_and_nothing_to_press(page: Page, dozen: str) -> None:
    page.goto(dozen)
    page.emulate_media(media="print")
    expect(page.locator("#tools")).to_be_hidden()
    expect(page.locator("#map tbody tr").last).to_be_visible()


def test_on_paper_an_open_tenant_is_printed_alone(page: Page, dozen: str) -> None:
    page.goto(f"{dozen}#tenant=borealis")
    page.emulate_media(media="print")
    expect(page.locator("#map")).to_be_hidden()
    expect(panel(page).get_by_text("pgfleet repair prod --tenant borealis")).to_be_visible()
    expect(panel(page).get_by_role("button", name="Close")).to_be_hidden()


@pytest.fixture
def without_script(browser: Browser) -> Iterator[Page]:
    """A page of a browser that runs no script."""
    context = browser.new_context(java_script_enabled=False)
    yield context.new_page()
    context.close()


def test_without_its_script_the_page_shows_the_map_and_what_is_wrong(without_script: Page, dozen: str) -> None:
    without_script.goto(dozen)
    row = without_script.locator("#map tbody tr", has_text="initech")
    expect(row).to_contain_text("no migration is applied")
    expect(without_script.locator("#tools")).to_be_hidden()
    expect(without_script.get_by_text("Without JavaScript")).to_be_visible()


def test_a_fleet_without_tenants_is_a_page_too(page: Page, tmp_path: Path) -> None:
    page.goto(put(tmp_path, a_document()))
    expect(page.locator("#shown")).to_have_text("0 of 0")


def test_a_ready_fleet_has_a_message_instead_of_findings(page: Page, tmp_path: Path) -> None:
    page.goto(put(tmp_path, a_document(a_tenant_entry("acme"))))
    expect(page.get_by_text("Every tenant has every migration of the manifest.")).to_be_visible()


def test_a_thousand_tenants_are_searched_chosen_and_walked_through(page: Page, thousand: str) -> None:
    page.goto(thousand)
    expect(page.locator("#shown")).to_have_text("1000 of 1000")
    assert page.evaluate("document.getElementsByTagName('*').length") < 20_000
    assert page.locator("#map [tabindex='0']").count() == 1
    page.locator("#map a").first.focus()
    page.keyboard.press("Control+End")
    assert page.evaluate("document.activeElement.closest('tr').rowIndex") == 1000
    page.get_by_label("Search tenants").fill("krona-0982")
    assert shown(page) == ["krona-0982"]
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="unreachable").click()
    assert {name.split("-")[0] for name in shown(page)} == {"globex"}
    page.keyboard.press("Escape")
    page.get_by_role("link", name="globex-0234").click()
    expect(page.locator("#panel-title")).to_have_text("globex-0234")
    expect(panel(page)).to_contain_text("no answer from db3.internal")
