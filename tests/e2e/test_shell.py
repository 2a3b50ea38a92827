"""The shell and the registry's pages in a browser: accessible, complete with scripts off."""

from __future__ import annotations

from typing import Any

import pytest

from tests.making import make_user
from tests.web.people import Registry, make_registry

PASSWORD = "a long enough password"


@pytest.fixture
def registry(site: str) -> Registry:
    make_user("grace", ["*"], password=PASSWORD)
    return make_registry()


def addresses(registry: Registry) -> list[str]:
    household, person = registry.household.reference, registry.head.reference
    return [
        "/",
        "/search?q=Wanjiku",
        "/account/",
        "/areas/",
        "/areas/P1",
        "/organisations/",
        "/users/",
        "/users/add",
        "/users/roles",
        "/users/grace",
        "/users/grace/give",
        "/audit/?verify=1",
        "/runs/",
        "/registry/households/?facts=stale",
        "/registry/people/",
        *(
            f"/registry/households/{household}{tab}"
            for tab in ("", "/facts", "/evidence", "/history")
        ),
        *(f"/registry/people/{person}{tab}" for tab in ("", "/facts", "/evidence", "/history")),
        "/intake/imports/",
        "/intake/imports/new",
        "/nothing-here",
        "/accounts/password/change/",
        "/accounts/2fa/",
        "/accounts/logout/",
    ]


@pytest.mark.parametrize(
    ("width", "dark", "language"),
    [(1280, False, "en-GB"), (390, False, "en-GB"), (1280, True, "en-GB"), (1280, False, "ar")],
    ids=["wide", "phone", "dark", "arabic"],
)
def test_axe_finds_nothing_on_any_page(
    registry: Registry,
    open_page: Any,
    sign_in: Any,
    axe: Any,
    width: int,
    dark: bool,
    language: str,
) -> None:
    page = open_page(width=width, dark=dark)
    page.goto("/accounts/login/")
    assert axe(page) == []
    sign_in(page, "grace", PASSWORD)
    if language == "ar":
        page.get_by_role("button", name="العربية").click()
        assert page.locator("html").get_attribute("dir") == "rtl"
    found = {}
    # Colours and direction are the same everywhere: every third page shows them all.
    step = 3 if dark or language == "ar" else 1
    for address in addresses(registry)[::step]:
        page.goto(address)
        if violations := axe(page):
            found[address] = violations
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), address
    assert found == {}


def test_a_household_is_found_and_read(
    registry: Registry, page: Any, sign_in: Any, scripts: str
) -> None:
    sign_in(page, "grace", PASSWORD)
    page.get_by_role("searchbox").first.fill("census:1001")
    page.get_by_role("button", name="Find").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Wanjiku household"
    page.get_by_role("link", name="Facts", exact=True).click()
    page.get_by_text("Iron sheets").wait_for()
    assert page.url.endswith("/facts")


def test_a_list_is_filtered_and_the_filter_taken_away(
    registry: Registry, page: Any, sign_in: Any, scripts: str
) -> None:
    sign_in(page, "grace", PASSWORD)
    page.goto("/registry/households/")
    page.get_by_text("2 households", exact=True).first.wait_for()
    page.get_by_label("Facts").select_option("stale")
    if scripts == "off":
        page.get_by_role("button", name="Filter").click()
    page.locator(".am-applied").wait_for()
    page.get_by_text("1 household", exact=True).first.wait_for()
    assert "facts=stale" in page.url
    page.get_by_role("link", name="Facts: some are stale").click()
    page.get_by_text("2 households", exact=True).first.wait_for()


def test_the_menu_opens_on_a_phone(
    registry: Registry, open_page: Any, sign_in: Any, scripts: str
) -> None:
    page = open_page(scripts=scripts, width=390)
    sign_in(page, "grace", PASSWORD)
    menu = page.get_by_role("navigation", name="Main menu")
    assert not menu.is_visible()
    page.get_by_role("link", name="Menu", exact=True).click()
    menu.wait_for()
    menu.get_by_role("link", name="Registry").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Households"


def test_a_user_is_added_with_the_keyboard_alone(
    registry: Registry, page: Any, sign_in: Any, scripts_on: str
) -> None:
    from amana.access.models import Role, User

    Role.objects.create(
        code="caseworker", title={"en": "Caseworker"}, permissions=["places.view_areas"]
    )
    sign_in(page, "grace", PASSWORD)
    page.goto("/users/add")
    page.get_by_label("Name to sign in with").focus()
    page.keyboard.type("Not A Name")
    for _step in range(2):
        page.keyboard.press("Tab")
    page.keyboard.type("Casew")
    for _step in range(2):
        page.keyboard.press("Tab")  # past the area, to the programme
    page.keyboard.press("Enter")
    summary = page.locator("[data-error-summary]")
    summary.wait_for()
    assert summary.evaluate("element => element === document.activeElement")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the summary's link leads to the field
    page.get_by_label("Name to sign in with").wait_for()
    assert page.evaluate("document.activeElement.id") == "id_username"
    page.keyboard.press("Control+A")
    page.keyboard.type("atieno")
    page.keyboard.press("Enter")
    page.get_by_text("Added atieno.").wait_for()
    assert User.objects.filter(username="atieno").exists()


def test_a_page_with_scripts_off_is_as_complete_as_with_them(
    registry: Registry, open_page: Any, sign_in: Any
) -> None:
    """Every link and control of a page is there before any script has run."""
    seen: dict[str, list[str]] = {}
    for scripts in ("on", "off"):
        page = open_page(scripts=scripts)
        sign_in(page, "grace", PASSWORD)
        page.goto(f"/registry/households/{registry.household.reference}")
        links = page.locator("main a").all_inner_texts()
        seen[scripts] = [*links, *page.locator("main th").all_inner_texts()]
    assert seen["on"] == seen["off"]
