"""Pages weigh little: they are read over 64 kbit/s."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

from tests.web.people import Registry, make_household, make_person

FIRST_VISIT_BYTES = 60 * 1024
LATER_PAGE_BYTES = 15 * 1024
ASSETS = (
    "amana/amana.css",
    "amana/amana.js",
    "amana/icons.svg",
    "amana/favicon.svg",
    "django_htmx/htmx-2.min.js",
)


def weight(data: bytes) -> int:
    return len(gzip.compress(data, 9))


def _asset(name: str) -> bytes:
    path = finders.find(name)
    if path is None:
        pytest.fail(f"{name} is not there: run `npm ci && npm run build` first")
    return Path(str(path)).read_bytes()


def test_the_first_visit_weighs_at_most_60_kilobytes(
    client: Client, client_of: Callable[..., Client], registry: Registry
) -> None:
    assets = sum(weight(_asset(name)) for name in ASSETS)
    sign_in = weight(client.get("/accounts/login/").content)
    home = weight(client_of("*").get("/").content)
    assert assets + sign_in + home <= FIRST_VISIT_BYTES


def test_a_page_refers_to_no_asset_that_was_not_weighed(client_of: Callable[..., Client]) -> None:
    import re

    page = client_of("*").get("/").content.decode()
    found = set(re.findall(r'(?:src|href)="/static/([^"#]+)', page))
    assert found <= set(ASSETS)


def test_later_pages_weigh_at_most_15_kilobytes(
    client_of: Callable[..., Client], registry: Registry
) -> None:
    for number in range(60):
        group = make_household(f"2{number}", area=registry.north, name=f"Akinyi {number}")
        make_person(
            f"Akinyi {number}",
            born=date(1970, 1, 1 + number % 28),
            area=registry.north,
            group=group,
        )
    client = client_of("*")
    for address in (
        "/registry/households/",
        "/registry/people/",
        f"/registry/households/{registry.household.reference}",
        "/users/",
        "/audit/",
    ):
        assert weight(client.get(address).content) <= LATER_PAGE_BYTES, address
