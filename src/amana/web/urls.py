"""Addresses of the pages: each room's own, found in `web/<room>/urls.py`.

A room's `urls.py` gives `app_name`, `urlpatterns` and, when it does not stand under its own name,
`prefix`. Its `menu.py` and `providers.py`, when there are any, are imported here.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules

from django.urls import include, path

from amana.web import home, session


def _room_patterns() -> list[object]:
    patterns: list[object] = []
    package = import_module("amana.web")
    for found in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        name = f"amana.web.{found.name}"
        if not found.ispkg or find_spec(f"{name}.urls") is None:
            continue
        urls = import_module(f"{name}.urls")
        for part in ("menu", "providers"):
            if find_spec(f"{name}.{part}") is not None:
                import_module(f"{name}.{part}")
        prefix = getattr(urls, "prefix", f"{found.name}/")
        patterns.append(path(prefix, include((urls.urlpatterns, urls.app_name))))
    return patterns


urlpatterns = [
    path("", home.home, name="home"),
    path("search", home.search, name="search"),
    path("account/", session.account, name="account"),
    path("accounts/password/reset/", session.forgotten, name="forgotten"),
    path("account/language", session.language, name="language"),
    *_room_patterns(),
]
