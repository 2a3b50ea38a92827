"""A real browser on a real server: Debian's Chromium through Playwright, scripts on or off.

- `site`: address of a live server on a fresh database.
- `scripts`: runs the test twice, with scripts `on` and `off`; `scripts_on` only once.
- `page`: a page at 1280 × 900; the test fails when it logs an error or the content policy refuses.
- `open_page`: more pages (`open_page(scripts="off", width=390)`), each its own visitor.
- `sign_in(page, username, password)` and `axe(page)`, which gives the violations found.

axe never returns on a page with scripts off, so `axe` refuses one.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHECKOUT = Path(__file__).resolve().parents[2]
AXE = CHECKOUT / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = os.environ.get("AMANA_CHROMIUM") or shutil.which("chromium")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: Playwright keeps an event loop in this thread; tests use the database from it all the same.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Give Debian's Chromium; skips with the reason when there is none."""
    from playwright.sync_api import sync_playwright

    if CHROMIUM is None:
        pytest.skip("needs Chromium: apt-get install chromium, or name it in AMANA_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(params=["on", "off"])
def scripts(request: pytest.FixtureRequest) -> str:
    """Run the test once with scripts on and once with scripts off."""
    given: str = request.param
    return given


@pytest.fixture
def scripts_on() -> str:
    """Run the test with scripts on only (axe needs them)."""
    return "on"


@pytest.fixture
def site(live_server: Any) -> str:
    """Give the address of a live server on a database of its own."""
    address: str = live_server.url
    return address


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Callable[..., Page]]:
    """Give a maker of pages; what any of them logs as an error fails the test at its end."""
    contexts, errors = [], []

    def note(message: Any) -> None:
        # A refusal is a page with a status of its own, which browsers log too.
        if (
            message.type == "error"
            and "the server responded with a status of 4" not in message.text
        ):
            errors.append(message.text)

    def make(
        *, scripts: str = "on", width: int = 1280, dark: bool = False, language: str = "en-GB"
    ) -> Page:
        context = browser.new_context(
            base_url=site,
            java_script_enabled=scripts == "on",
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            locale=language,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(15_000)
        page.on("console", note)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.amana_scripts = scripts
        return page

    yield make
    for context in contexts:
        context.close()
    assert errors == []


@pytest.fixture
def page(request: pytest.FixtureRequest, open_page: Callable[..., Page]) -> Page:
    """Give a page at 1280 × 900, with scripts off when the test is parametrised so."""
    asked = "scripts" in request.fixturenames
    return open_page(scripts=request.getfixturevalue("scripts") if asked else "on")


@pytest.fixture
def sign_in() -> Callable[..., None]:
    """Give the journey of signing in through the page everybody uses."""

    def do(page: Page, username: str, password: str) -> None:
        page.goto("/accounts/login/")
        page.get_by_label("Username").fill(username)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.get_by_role("heading", level=1).wait_for()
        assert "/accounts/login/" not in page.url, page.locator("main").inner_text()

    return do


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """Give the accessibility checker: each violation as its rule, and where it was found."""
    if not AXE.is_file():
        pytest.skip("needs axe-core: npm ci")
    source = AXE.read_text(encoding="utf-8")

    def check(page: Page) -> list[str]:
        if getattr(page, "amana_scripts", "on") != "on":
            raise ValueError("axe never returns on a page with scripts off")
        page.evaluate(source)
        found: list[dict[str, Any]] = page.evaluate(
            "axe.run().then(result => result.violations.map(v => ({id: v.id, help: v.help,"
            " where: v.nodes.map(n => n.html.slice(0, 200))})))"
        )
        return [f"{one['id']}: {one['help']}: {one['where']}" for one in found]

    return check
