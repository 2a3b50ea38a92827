"""The search of the top bar: rooms register how to find what they own by a few words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from amana.access import queries
from amana.kernel.command import Actor

LIMIT = 50


@dataclass(frozen=True, slots=True)
class Destination:
    """Something a search found.

    Args:
        url: its page.
        title: reference or name.
        words: what it is, to tell it from the others.
        exact: the words name it and nothing else.
    """

    url: str
    title: str
    words: str = ""
    exact: bool = False


_finders: list[tuple[str, Callable[[Actor, str], Iterable[Destination]]]] = []


def finder(permission: str) -> Callable[[Any], Any]:
    """Register a function `(actor, words) -> destinations`, asked when the permission is held."""

    def mark(function: Callable[[Actor, str], Iterable[Destination]]) -> Any:
        _finders.append((permission, function))
        return function

    return mark


def find_destinations(*, actor: Actor, words: str) -> list[Destination]:
    """Give what the words may mean, things they name exactly first, at most 50."""
    held = queries.held_permissions(actor=actor)
    found: list[Destination] = []
    for permission, function in _finders:
        if permission in held:
            found.extend(function(actor, words))
    exact = [one for one in found if one.exact]
    return (exact or found)[:LIMIT]
