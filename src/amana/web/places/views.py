"""The tree of areas, an area with its counts, organisations and offices."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import scope, territory
from amana.places import queries
from amana.registry import queries as registry
from amana.web.pages import page
from amana.web.tables import Column, Empty, Table
from amana.web.words import in_language


def _area_words(count: int, text: str) -> str:
    return ngettext("%(n)s area", "%(n)s areas", count) % {"n": text}


def _columns(*, with_counts: bool) -> tuple[Column, ...]:
    columns = [
        Column(
            "name",
            _l("Area"),
            link=lambda row: reverse("places:area", args=[row.code]),
            sort=True,
        ),
        Column("code", _l("Code"), kind="reference", sort=True),
        Column("level", _l("Level"), value=lambda row: in_language(row.level.title)),
        Column("child_count", _l("Areas below"), kind="number", sort=True),
    ]
    if with_counts:
        columns += [
            Column("household_count", _l("Households"), kind="number", sort=True),
            Column("person_count", _l("People"), kind="number", sort=True),
        ]
    return tuple(columns)


@page("places.view_areas")
def areas(request: HttpRequest) -> HttpResponse:
    """Show the top of the tree, or of the actor's part of it."""
    actor = request.actor  # type: ignore[attr-defined]
    with_counts = scope.holds(actor, registry.VIEW)
    rows = list(territory.list_top_areas(actor=actor))
    if with_counts:
        registry.count_people_of_areas(actor=actor, areas=rows)
    table = Table(
        request,
        rows=rows,
        columns=_columns(with_counts=with_counts),
        count_words=_area_words,
        empty=Empty(
            _("No areas yet"),
            _("A blueprint brings them: amana apply blueprints/demo."),
        ),
        filename="areas",
    )
    country = queries.find_country()
    return table.export() or render(
        request, "places/areas.html", {"table": table, "country": country}
    )


@page("places.view_areas")
def area(request: HttpRequest, code: str) -> HttpResponse:
    """Show one area: where it lies, who lives there, what lies below it."""
    actor = request.actor  # type: ignore[attr-defined]
    found = territory.get_area(actor=actor, code=code)
    with_counts = scope.holds(actor, registry.VIEW)
    rows = list(territory.list_children(actor=actor, area=found))
    if with_counts:
        registry.count_people_of_areas(actor=actor, areas=[found, *rows])
    below = in_language(rows[0].level.title) if rows else ""
    table = Table(
        request,
        rows=rows,
        columns=_columns(with_counts=with_counts),
        count_words=_area_words,
        empty=Empty(_("Nothing lies below this area"), _("It is on the lowest level.")),
        filename=f"areas-{found.code}",
    )
    crumbs = [{"title": _("Areas"), "url": reverse("places:areas")}]
    crumbs += [
        {"title": above.name, "url": reverse("places:area", args=[above.code])}
        for above in queries.list_ancestors(found)
    ]
    return table.export() or render(
        request,
        "places/area.html",
        {
            "area": found,
            "table": table,
            "below": below,
            "crumbs": [*crumbs, {"title": found.name, "url": ""}],
            "with_counts": with_counts,
            "offices": territory.list_offices(actor=actor).filter(area=found),
        },
    )


@page("places.view_areas")
def organisations(request: HttpRequest) -> HttpResponse:
    """List organisations and offices."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=territory.list_organisations(actor=actor),
        columns=(
            Column("name", _l("Organisation"), sort="name"),
            Column("code", _l("Code"), kind="reference", sort="code"),
            Column("kind", _l("Kind"), sort="kind"),
            Column("area", _l("Area"), value=lambda row: row.area.name if row.area else ""),
            Column("office_count", _l("Offices"), kind="number", sort="office_count"),
        ),
        order="name",
        count_words=lambda n, text: (
            ngettext("%(n)s organisation", "%(n)s organisations", n) % {"n": text}
        ),
        empty=Empty(_("No organisations yet"), _("A blueprint brings them, with their offices.")),
        filename="organisations",
    )
    offices = Table(
        request,
        rows=list(territory.list_offices(actor=actor).order_by("name")[:500]),
        columns=(
            Column("name", _l("Office")),
            Column("organisation", _l("Organisation"), value=lambda row: row.organisation.name),
            Column("area", _l("Serves"), value=lambda row: row.area.name),
            Column("address", _l("Address")),
        ),
        count_words=lambda n, text: ngettext("%(n)s office", "%(n)s offices", n) % {"n": text},
        empty=Empty(_("No offices serve your areas")),
        name="offices",
    )
    return table.export() or render(
        request, "places/organisations.html", {"table": table, "offices": offices}
    )
