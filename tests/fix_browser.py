"""Chromium, as a person uses it: the system's own, driven by Playwright (make system-packages installs it)."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

MISSING = "chromium is not installed; as root: make system-packages, or apt-get install chromium"
AS_ROOT = ["--no-sandbox"]
"""Chromium's sandbox refuses root, which containers often are."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page did beside being looked at: errors that it wrote, and addresses that it asked."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """From now on what that page does is seen."""
        page.on("console", lambda each: self.errors.append(each.text) if each.type in {"error", "warning"} else None)
        page.on("pageerror", lambda each: self.errors.append(str(each)))
        page.on("dialog", lambda each: self.errors.append(f"a dialog: {each.message}"))
        page.on("request", lambda each: self.requests.append(each.url))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for the tests of one file.

    Not for the session: Playwright leaves an event loop running in this thread, and as long as it does no flow can be
    run here.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail(MISSING)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=AS_ROOT if os.geteuid() == 0 else [])
        yield launched
        launched.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A profile of the test's own, in the light, that nothing is stored in before."""
    made = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="light")
    made.set_default_timeout(10_000)
    yield made
    made.close()


@pytest.fixture
def seen() -> Seen:
    """What the test's page did."""
    return Seen()


@pytest.fixture
def page(context: BrowserContext, seen: Seen) -> Iterator[Page]:
    """A new page; the test fails if it wrote an error or a warning to the console."""
    made = context.new_page()
    seen.watch(made)
    yield made
    assert seen.errors == []


def written(folder: Path, html: str) -> str:
    """The address of a page that lies in that folder."""
    file = folder / "page.html"
    file.write_text(html, encoding="utf-8")
    return file.as_uri()
