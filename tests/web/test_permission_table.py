"""Every page names its permission, and is closed to those who do not hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from amana.access.permissions import PERMISSIONS
from amana.web.pages import PAGES, Page

#: Not ours: who signs in and how is allauth's, the API has a table of its own.
ELSEWHERE = ("accounts/", "api/")
SAMPLES = {"int": 1, "str": "X", "slug": "x", "uuid": "0" * 32, "path": "x"}


def _patterns(
    resolver: URLResolver, prefix: str = "", kwargs: dict[str, Any] | None = None
) -> Iterator[tuple[str, URLPattern, dict[str, Any]]]:
    for entry in resolver.url_patterns:
        route = prefix + str(entry.pattern)
        taken = {**(kwargs or {}), **getattr(entry.pattern, "converters", {})}
        if isinstance(entry, URLResolver):
            yield from _patterns(entry, route, taken)
        elif not route.startswith(ELSEWHERE):
            yield route, entry, taken


def _address(route: str, converters: dict[str, Any]) -> str:
    from django.urls.converters import get_converters

    names = {type(converter): name for name, converter in get_converters().items()}
    for key, converter in converters.items():
        sample = str(SAMPLES[names[type(converter)]])
        for shape in (f"<{names[type(converter)]}:{key}>", f"<{key}>"):
            route = route.replace(shape, sample)
    return f"/{route}"


def _routes() -> list[tuple[str, URLPattern, dict[str, Any]]]:
    return list(_patterns(get_resolver()))


def _page_of(pattern: URLPattern) -> Page | None:
    return getattr(pattern.callback, "amana_page", None)


def test_every_route_names_its_permission_or_says_why_not() -> None:
    without = [route for route, pattern, _ in _routes() if _page_of(pattern) is None]
    assert without == []
    silent = [page.view for page in PAGES.values() if not page.permission and not page.reason]
    assert silent == []


def test_every_permission_of_a_page_is_declared() -> None:
    named = {page.permission for page in PAGES.values() if page.permission}
    assert named - set(PERMISSIONS) == set()


def test_the_table_of_rows_that_are_open_to_all_is_short() -> None:
    _routes()
    assert sorted(page.view for page in PAGES.values() if page.permission is None) == [
        "amana.web.session.forgotten",
        "amana.web.session.language",
    ]
    assert sorted(page.view for page in PAGES.values() if page.permission == "") == [
        "amana.web.home.home",
        "amana.web.home.search",
        "amana.web.session.account",
    ]


@pytest.mark.django_db
def test_a_page_is_closed_when_its_permission_is_not_held(
    client_of: Callable[..., Client],
) -> None:
    open_to_wrong = []
    for route, pattern, converters in _routes():
        page = _page_of(pattern)
        if page is None or not page.permission:
            continue
        others = [code for code in PERMISSIONS if code != page.permission]
        client = client_of(*others)
        address = _address(route, converters)
        for answer in (client.get(address), client.post(address)):
            if answer.status_code != 403:
                open_to_wrong.append((address, page.permission, answer.status_code))
    assert open_to_wrong == []


@pytest.mark.django_db
def test_a_visitor_is_sent_to_sign_in(client: Client) -> None:
    for route, pattern, converters in _routes():
        page = _page_of(pattern)
        if page is not None and page.permission is not None:
            answer = client.get(_address(route, converters))
            assert answer.status_code == 302, route
            assert answer["Location"].startswith("/accounts/login/"), route


@pytest.mark.django_db
def test_the_menu_shows_only_what_one_may_open(client_of: Callable[..., Client]) -> None:
    words = client_of("registry.view_people").get("/").content.decode()
    assert 'href="/registry/households/"' in words
    assert 'href="/audit/"' not in words
    assert 'href="/users/"' not in words
