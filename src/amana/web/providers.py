"""What rooms tell the pages of others: work that waits, figures of the month, a household's story.

The home page and the household page belong to everybody, and know no room by name. A room's web
module registers functions here (in `web/<room>/providers.py`); each names the permission without
which it is not asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.http import HttpRequest

from amana.access import queries
from amana.kernel.command import Actor
from amana.registry.models import Group, Person

Subject = Group | Person


@dataclass(frozen=True, slots=True)
class Work:
    """A line of the home page's work list.

    Args:
        count: how many wait; a line with none is not shown.
        sentence: what waits for whom, without the number (“households wait for your approval”).
        url: the filtered list.
        oldest_at: since when the oldest has waited.
    """

    count: int
    sentence: str
    url: str
    oldest_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of this role's month, with its trend in words."""

    label: str
    value: str
    url: str = ""
    trend: str = ""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What matters first about a household or person, in one sentence.

    Args:
        about: the programme or subject it speaks of.
        text: the sentence.
        mark: `done` ✓, `none` – (not eligible), `waits` !, `unknown` ?, `harm` ✗.
        url: where to read why, or to act.
        link: words of that link (“why?”).
    """

    about: str
    text: str
    mark: str = "none"
    url: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the household or person page: a real link to a page of its own.

    Args:
        code: last part of its address, `/registry/households/HH-…/<code>`.
        title: lazy translated text.
        permission: who sees it.
        order: place among the tabs; members 10, facts 20, decisions 30, payments 40, evidence 50,
            history 60.
        template: rendered inside the page with what `context` gives.
        context: `(request, subject) -> dict`.
        subjects: `household`, `person`, or both.
    """

    code: str
    title: Any
    permission: str
    order: int
    template: str
    context: Callable[[HttpRequest, Subject], dict[str, Any]]
    subjects: tuple[str, ...] = ("household", "person")


@dataclass
class _Registered:
    work: list[tuple[str, Callable[[Actor], Iterable[Work]]]] = field(default_factory=list)
    figures: list[tuple[str, Callable[[Actor, date], Iterable[Figure]]]] = field(
        default_factory=list
    )
    sentences: list[tuple[int, str, Callable[[Actor, Subject, date], Iterable[Sentence]]]] = field(
        default_factory=list
    )
    tabs: dict[str, Tab] = field(default_factory=dict)


_registered = _Registered()


def work(permission: str) -> Callable[[Any], Any]:
    """Register a function `(actor) -> works` for the home page of those who hold a permission."""

    def mark(function: Callable[[Actor], Iterable[Work]]) -> Any:
        _registered.work.append((permission, function))
        return function

    return mark


def figures(permission: str) -> Callable[[Any], Any]:
    """Register a function `(actor, on) -> figures`; the first three given are shown."""

    def mark(function: Callable[[Actor, date], Iterable[Figure]]) -> Any:
        _registered.figures.append((permission, function))
        return function

    return mark


def sentences(permission: str, *, order: int) -> Callable[[Any], Any]:
    """Register a function `(actor, subject, on) -> sentences` for household and person pages."""

    def mark(function: Callable[[Actor, Subject, date], Iterable[Sentence]]) -> Any:
        _registered.sentences.append((order, permission, function))
        _registered.sentences.sort(key=lambda entry: entry[0])
        return function

    return mark


def tab(
    code: str,
    title: Any,
    *,
    permission: str,
    order: int,
    template: str,
    subjects: tuple[str, ...] = ("household", "person"),
) -> Callable[[Any], Any]:
    """Register a tab of the household and person pages; the function gives its context."""

    def mark(function: Callable[[HttpRequest, Subject], dict[str, Any]]) -> Any:
        _registered.tabs[code] = Tab(code, title, permission, order, template, function, subjects)
        return function

    return mark


def work_for(actor: Actor) -> list[Work]:
    """Give what waits for this actor, the largest number first."""
    held = queries.held_permissions(actor=actor)
    found = [
        line
        for permission, function in _registered.work
        if permission in held
        for line in function(actor)
        if line.count
    ]
    return sorted(found, key=lambda line: -line.count)


def figures_for(actor: Actor, on: date) -> list[Figure]:
    """Give at most three figures of this actor's month."""
    held = queries.held_permissions(actor=actor)
    found: list[Figure] = []
    for permission, function in _registered.figures:
        if len(found) < 3 and permission in held:
            found.extend(function(actor, on))
    return found[:3]


def sentences_for(actor: Actor, subject: Subject, on: date) -> list[Sentence]:
    """Give what matters first about a household or person."""
    held = queries.held_permissions(actor=actor)
    return [
        sentence
        for _order, permission, function in _registered.sentences
        if permission in held
        for sentence in function(actor, subject, on)
    ]


def tabs_for(actor: Actor, kind: str) -> list[Tab]:
    """Give the tabs this actor may open on a page of a kind of subject, in order."""
    held = queries.held_permissions(actor=actor)
    found = [t for t in _registered.tabs.values() if kind in t.subjects]
    return [t for t in sorted(found, key=lambda t: t.order) if t.permission in held]
