"""Households and people: lists, and the page of one with its tabs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import territory
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import NotFound
from amana.registry import queries
from amana.registry.models import Group, Person
from amana.web import providers
from amana.web.pages import page
from amana.web.registry.facts import (
    GROUP_KINDS,
    SEXES,
    name_of_group,
    name_of_person,
    place_of,
)
from amana.web.tables import Column, Empty, Filter, Table
from amana.web.words import say_age, say_number


def _area_filter(request: HttpRequest, actor: Actor) -> Filter:
    choices = territory.list_filter_areas(
        actor=actor, permission=queries.VIEW, selected=request.GET.get("area", "")
    )

    def apply(rows: Any, code: str) -> Any:
        area = territory.list_areas(actor=actor, permission=queries.VIEW).filter(code=code).first()
        return rows.filter(area__path__contains=[area.pk]) if area else rows.none()

    return Filter("area", _l("Area"), apply, choices=choices)


def _stale_filter() -> Filter:
    return Filter(
        "facts",
        _l("Facts"),
        lambda rows, _value: queries.filter_stale(rows, on=clock.today()),
        choices=[("stale", _("some are stale"))],
    )


def _name_filter() -> Filter:
    return Filter("q", _l("Name"), queries.filter_by_name, kind="search")


NOBODY = Empty(
    _l("Nobody is registered in your areas yet"),
    _l("Households come in with files, forms and registers."),
)


@page(queries.VIEW)
def households(request: HttpRequest) -> HttpResponse:
    """List households and other groups."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=queries.list_groups(actor=actor).select_related("area__parent"),
        columns=(
            Column(
                "reference",
                _l("Household"),
                kind="reference",
                link=lambda row: reverse("registry:household", args=[row.reference]),
            ),
            Column(
                "display_name",
                _l("Name"),
                value=lambda row: row.display_name or getattr(row, "head_name", ""),
            ),
            Column("kind", _l("Kind"), value=lambda row: str(GROUP_KINDS[row.kind])),
            Column("usual_count", _l("People"), kind="number", sort="usual_count"),
            Column("area", _l("Area"), value=lambda row: place_of(row.area)),
            Column("facts_on", _l("Facts of"), kind="date", sort="facts_on"),
            Column("registered_at", _l("Registered"), kind="date", sort="registered_at"),
        ),
        filters=(
            _name_filter(),
            _area_filter(request, actor),
            Filter(
                "kind",
                _l("Kind"),
                lambda rows, v: rows.filter(kind=v),
                choices=list(GROUP_KINDS.items()),
            ),
            _stale_filter(),
        ),
        count_words=lambda n, text: (
            ngettext("%(n)s household", "%(n)s households", n) % {"n": text}
        ),
        empty=NOBODY,
        on_page=queries.name_heads,
        filename="households",
    )
    return table.export() or render(request, "registry/households.html", {"table": table})


@page(queries.VIEW)
def people(request: HttpRequest) -> HttpResponse:
    """List people."""
    actor = request.actor  # type: ignore[attr-defined]
    today = clock.today()
    table = Table(
        request,
        rows=queries.list_people(actor=actor).select_related("area__parent"),
        columns=(
            Column(
                "reference",
                _l("Person"),
                kind="reference",
                link=lambda row: reverse("registry:person", args=[row.reference]),
            ),
            Column("display_name", _l("Name"), value=name_of_person, sort="display_name"),
            Column("sex", _l("Sex"), value=lambda row: str(SEXES.get(row.sex, ""))),
            Column(
                "age",
                _l("Age"),
                value=lambda row: say_age(row.birth_earliest, row.birth_latest, today),
                sort="birth_latest",
            ),
            Column(
                "group",
                _l("Household"),
                kind="reference",
                value=lambda row: row.group.reference if row.group else "",
                link=lambda row: (
                    reverse("registry:household", args=[row.group.reference]) if row.group else None
                ),
            ),
            Column("area", _l("Area"), value=lambda row: place_of(row.area)),
            Column("registered_at", _l("Registered"), kind="date", sort="registered_at"),
        ),
        filters=(
            _name_filter(),
            _area_filter(request, actor),
            Filter(
                "sex",
                _l("Sex"),
                lambda rows, v: rows.filter(sex=v),
                choices=list(SEXES.items()),
            ),
            Filter(
                "death",
                _l("Death"),
                lambda rows, v: rows.filter(death_status=v),
                choices=[("REPORTED", _("reported")), ("VERIFIED", _("verified"))],
            ),
            Filter(
                "home",
                _l("Lives"),
                lambda rows, v: rows.filter(group__isnull=v == "alone"),
                choices=[("group", _("in a household")), ("alone", _("in no household"))],
            ),
            _stale_filter(),
        ),
        count_words=lambda n, text: ngettext("%(n)s person", "%(n)s people", n) % {"n": text},
        empty=NOBODY,
        filename="people",
    )
    return table.export() or render(request, "registry/people.html", {"table": table})


@page(queries.VIEW)
def household(request: HttpRequest, reference: str, tab: str = "") -> HttpResponse:
    """Show one household: what matters first, then the tab asked for."""
    actor = request.actor  # type: ignore[attr-defined]
    group = queries.get_group(actor=actor, reference=reference)
    queries.name_heads([group])
    size = ngettext("%(n)s person", "%(n)s people", group.usual_count) % {
        "n": say_number(group.usual_count)
    }
    under = [size, place_of(group.area)]
    if group.serving_office:
        under.append(_("served by %(office)s") % {"office": group.serving_office.name})
    return _subject_page(
        request,
        subject=group,
        kind="household",
        tab=tab,
        title=name_of_group(group),
        under=under,
        crumb={"title": _("Households"), "url": reverse("registry:households")},
    )


@page(queries.VIEW)
def person(request: HttpRequest, reference: str, tab: str = "") -> HttpResponse:
    """Show one person: what matters first, then the tab asked for."""
    actor = request.actor  # type: ignore[attr-defined]
    human = queries.get_person(actor=actor, reference=reference)
    age = say_age(human.birth_earliest, human.birth_latest, clock.today())
    under = [
        str(SEXES.get(human.sex, "")),
        _("age %(age)s") % {"age": age},
        place_of(human.area),
    ]
    return _subject_page(
        request,
        subject=human,
        kind="person",
        tab=tab,
        title=name_of_person(human),
        under=under,
        crumb={"title": _("People"), "url": reverse("registry:people")},
    )


def _subject_page(
    request: HttpRequest,
    *,
    subject: Group | Person,
    kind: str,
    tab: str,
    title: str,
    under: list[str],
    crumb: dict[str, str],
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    tabs = providers.tabs_for(actor, kind)
    shown = next((one for one in tabs if one.code == tab), None) if tab else tabs[0]
    if shown is None:
        raise NotFound(_("There is no such tab here, or it is not yours to see."))
    address = f"registry:{kind}"
    context = {
        "subject": subject,
        "kind": kind,
        "title": title,
        "under": [words for words in under if words],
        "sentences": providers.sentences_for(actor, subject, clock.today()),
        "tabs": [
            {
                "title": one.title,
                "url": reverse(address, args=[subject.reference])
                if one is tabs[0]
                else reverse(f"{address}-tab", args=[subject.reference, one.code]),
                "current": one is shown,
            }
            for one in tabs
        ],
        "tab": shown,
        "tab_template": shown.template,
        "crumbs": [crumb, {"title": str(subject.reference), "url": ""}],
        **shown.context(request, subject),
    }
    return render(request, "registry/subject.html", context)
