"""The side menu: each room declares its items; people see those they may open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from amana.access import queries
from amana.kernel.command import Actor


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the menu.

    Args:
        order: place in the menu; 10 registry, 20 intake, 30 programmes, 40 payments, 60 overview,
            70 insight, 80 to 99 the house itself (areas, users, audit, runs).
        title: lazy translated text.
        url: name of the URL it opens.
        permission: who sees it; `""` is everyone signed in.
        icon: name of a symbol in static/amana/icons.svg.
        covers: beginning of the addresses that belong to it; its own address when empty.
    """

    order: int
    title: Any
    url: str
    permission: str
    icon: str
    covers: str = ""


ITEMS: dict[str, Item] = {}


def add(*, order: int, title: Any, url: str, permission: str, icon: str, covers: str = "") -> None:
    """Declare a menu item; declaring the same URL again replaces it."""
    ITEMS[url] = Item(order, title, url, permission, icon, covers)


def items_for(request: HttpRequest, actor: Actor) -> list[dict[str, Any]]:
    """Give the items this actor may open, in order, with the one we are in marked."""
    held = queries.held_permissions(actor=actor)
    shown = []
    here = _current(request)
    for item in sorted(ITEMS.values(), key=lambda item: item.order):
        if item.permission and item.permission not in held:
            continue
        shown.append(
            {
                "title": item.title,
                "url": reverse(item.url),
                "icon": item.icon,
                "house": item.order >= 80,
                "current": item is here,
            }
        )
    return shown


def _current(request: HttpRequest) -> Item | None:
    """Find the item we are in: the one that covers most of the address."""
    covering = {}
    for item in ITEMS.values():
        covers = item.covers or reverse(item.url)
        if request.path == covers or (covers != "/" and request.path.startswith(covers)):
            covering[len(covers)] = item
    return covering[max(covering)] if covering else None
