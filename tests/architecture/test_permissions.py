"""Every command, page and route says which permission it asks for."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

import amana
from amana.access.permissions import PERMISSIONS
from amana.kernel.command import COMMANDS
from tests.architecture.ranks import read_ranks

#: Routes without a permission of ours, by the module of their view, and why.
OPEN_MODULES = {
    "allauth.": "signing in and out, one's own password and second factor: before any permission",
    "django.views.i18n": "choosing a language",
    "django.views.static": "style sheets and pictures",
    "django.contrib.staticfiles.": "style sheets and pictures",
}
#: Pages of the API itself, by the name of their view, and why.
OPEN_API_VIEWS = {
    "openapi-json": "the description of the API names no record",
    "openapi-view": "the documentation of the API names no record",
    "api-root": "the address the documentation is reversed from; answers nothing",
}


def load_everything() -> None:
    """Import every module of the rooms, so that every mark has been made."""
    for module in pkgutil.walk_packages(amana.__path__, "amana."):
        if "migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def list_routes(resolver: Any = None, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from list_routes(entry, prefix + str(entry.pattern))
        else:
            yield prefix + str(entry.pattern), entry


def list_api_operations() -> list[tuple[str, Any]]:
    from amana.api.main import api

    return [
        (f"{min(operation.methods)} {prefix}{route}", operation.view_func)
        for prefix, router in api._routers
        for route, view in router.path_operations.items()
        for operation in view.operations
    ]


def list_commands() -> dict[str, str]:
    """Give every command of the house with its permission; tests make some of their own."""
    return {
        name: command.permission
        for name, command in COMMANDS.items()
        if command.function.__module__.startswith("amana.")
    }


@pytest.fixture(scope="module", autouse=True)
def _everything_loaded() -> None:
    load_everything()


def test_every_command_asks_for_a_declared_permission() -> None:
    commands = list_commands()
    assert len(commands) > 40
    assert {name: code for name, code in commands.items() if code not in PERMISSIONS} == {}


def test_every_permission_names_its_room_and_says_something() -> None:
    rooms = set(read_ranks())
    for code, title in PERMISSIONS.items():
        room = code.split(".")[0]
        assert room in rooms or room == "tests", code
        assert len(title.split()) >= 2, code


def test_every_page_has_a_permission_or_a_reason() -> None:
    without = []
    for route, pattern in list_routes():
        view = pattern.callback
        module = getattr(view, "__module__", "")
        view_class = getattr(view, "view_class", None)
        if view_class is not None:
            module = view_class.__module__
        if any(module.startswith(known) for known in OPEN_MODULES):
            continue
        if route.startswith("api/"):
            continue  # looked at operation by operation below
        page = getattr(view, "amana_page", None)
        if page is None:
            without.append(f"{route} ({module})")
        elif page.permission:
            if page.permission not in PERMISSIONS:
                without.append(f"{route}: {page.permission} is not declared")
        elif not page.reason:
            without.append(f"{route}: no reason")
    assert without == []


def test_every_route_of_the_api_has_a_permission() -> None:
    operations = list_api_operations()
    assert operations
    without = [
        route
        for route, function in operations
        if getattr(function, "__amana_permission__", None) not in PERMISSIONS
    ]
    assert without == []


def test_the_api_has_no_other_doors() -> None:
    from amana.api.main import api

    known = {
        f"{prefix}{route}" for prefix, router in api._routers for route in router.path_operations
    }
    others = [
        f"{route} ({pattern.name})"
        for route, pattern in list_routes()
        if route.startswith("api/")
        and pattern.name not in OPEN_API_VIEWS
        and getattr(pattern.callback, "amana_page", None) is None
        and "/" + _plain(route.removeprefix("api/")) not in {_plain(one) for one in known}
    ]
    assert others == []


def _plain(route: str) -> str:
    """Reduce a route to its fixed words, since Django and ninja write parameters differently."""
    import re

    return re.sub(r"[{<][^}>]*[}>]", "*", route).replace("//", "/")
