"""Programmes, one programme, and the decision about one household or person."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from amana.access import scope
from amana.kernel import clock
from amana.places.country import find_country
from amana.programmes import commands, queries
from amana.programmes.definition import Definition
from amana.programmes.models import Programme, ProgrammeVersion
from amana.programmes.queries import enrolments as enrolled
from amana.programmes.queries.explaining import title_of, variable_titles
from amana.registry import queries as registry
from amana.registry.models import Group
from amana.web.pages import page
from amana.web.programmes import telling
from amana.web.tables import Column, Empty, Table
from amana.web.words import in_language, say_amount

CRUMBS = {"title": _l("Programmes"), "url": "/programmes/"}


@page("programmes.view")
def programmes(request: HttpRequest) -> HttpResponse:
    """List programmes with what they assist and how many are enrolled."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=enrolled.list_with_counts(actor=actor),
        columns=(
            Column(
                "title",
                _l("Programme"),
                value=lambda row: in_language(row.title),
                link=lambda row: reverse("programmes:programme", args=[row.code]),
                sort="code",
            ),
            Column("unit", _l("Assists"), value=lambda row: telling.UNITS[row.unit_kind.lower()]),
            Column("agency", _l("Agency"), sort="agency"),
            Column(
                "decided",
                _l("Decided"),
                value=lambda row: _("elsewhere") if row.external else _("here"),
            ),
            Column("active_count", _l("Enrolled"), kind="number", sort="active_count"),
        ),
        order="title",
        count_words=lambda n, text: (
            ngettext("%(n)s programme", "%(n)s programmes", n) % {"n": text}
        ),
        empty=Empty(
            _("No programmes yet"), _("A blueprint brings them: amana apply blueprints/demo.")
        ),
        filename="programmes",
    )
    return table.export() or render(request, "programmes/programmes.html", {"table": table})


@page("programmes.view")
def programme(request: HttpRequest, code: str) -> HttpResponse:
    """Show a programme: who can get it, how much, its versions, its last run, who is enrolled."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_programme_for(actor=actor, code=code)
    today = clock.today()
    version = queries.find_version(found, today)
    country = find_country()
    digits = country.minor_digits if country else 2
    definition = queries.definition_of(version) if version else None
    level = country.levels[min(1, len(country.levels) - 1)] if country and country.levels else ""
    places = definition.places if definition else None
    if places is not None and places.by != "all":
        level = places.by
    areas = (
        enrolled.count_by_area(found, actor=actor, level=level, version=version, year=today.year)
        if level
        else []
    )
    runs = list(enrolled.list_runs(actor=actor).filter(programme=found)[:5])
    return render(
        request,
        "programmes/programme.html",
        {
            "programme": found,
            "version": version,
            "definition": definition,
            "title": in_language(found.title),
            "summary": _summary(found, definition, version),
            "criteria": _rules(definition) if definition else [],
            "parameters": telling.parameter_rows(definition, digits) if definition else [],
            "benefits": _benefits(definition) if definition else [],
            "versions": found.versions.order_by("-id"),
            "runs": [{"row": row, "state": telling.RUN_STATES[row.state]} for row in runs],
            "areas": areas,
            "has_places": any(row.places is not None for row in areas),
            "may_target": not found.external
            and version is not None
            and scope.allows(actor, "programmes.target_programme", programme=found.code),
            "may_view_decisions": scope.holds(actor, "programmes.view_decisions"),
            "crumbs": [CRUMBS, {"title": in_language(found.title)}],
        },
    )


def _summary(
    found: Programme, definition: Definition | None, version: ProgrammeVersion | None
) -> list[tuple[Any, Any]]:
    pairs: list[tuple[Any, Any]] = [(_("Agency"), found.agency)]
    if definition is None or version is None:
        return pairs
    pairs += [
        (_("Assists"), telling.UNITS[definition.unit]),
        (_("Who collects"), telling.RECIPIENTS[definition.recipient]),
    ]
    places = definition.places
    if places is not None:
        total = sum(places.in_year(clock.today().year).values())
        words = telling.counted(definition.unit, total)
        pairs.append(
            (
                _("Places this year"),
                words if places.by == "all" else _("%(n)s, by area") % {"n": words},
            )
        )
    if definition.priority:
        titles = variable_titles()
        keys = ", ".join(title_of(rule, titles) for rule in definition.priority)
        pairs.append((_("Who comes first"), _("%(keys)s; then a lottery") % {"keys": keys}))
    if any(s.act == "programmes.approve_list" for s in definition.separations):
        pairs.append((_("Approval"), _("by another person than who made the list")))
    pairs += [(_("Legal basis"), definition.legal_basis), (_("Version"), version.version)]
    return pairs


def _rules(definition: Definition) -> list[dict[str, Any]]:
    return [
        {"id": c.id, "says": telling.text(c.says), "rule": c.when} for c in definition.eligibility
    ]


def _benefits(definition: Definition) -> list[dict[str, Any]]:
    return [
        {
            "id": benefit.id,
            "says": telling.text(benefit.says) or benefit.id,
            "every": telling.EVERY[benefit.every],
            "rule": benefit.amount,
        }
        for benefit in definition.benefits
    ]


@page("programmes.view_decisions", purpose="eligibility")
def decision(request: HttpRequest, code: str, reference: str) -> HttpResponse:
    """Show what was decided about one household or person: the sentence, then every reason."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_programme_for(actor=actor, code=code)
    unit = enrolled.get_unit_for(actor=actor, programme=found, reference=reference)
    today = clock.today()
    live = request.GET.get("now") == "1"
    explained = (
        queries.evaluate_live(found, unit, on=today)
        if live
        else queries.explain_unit(found, unit, on=today)
    )
    facts = {fact.code: fact for fact in registry.list_facts(subject=unit, on=today)}
    country = find_country()
    digits = country.minor_digits if country else 2
    definition = queries.definition_of(explained.version)
    benefits = [
        {
            "says": telling.text(benefit.says) or benefit.id,
            "every": telling.EVERY[benefit.every],
            "amount": say_amount(amount, digits, exact=False) if amount is not None else "",
        }
        for benefit in definition.benefits
        if benefit.id in explained.benefits
        for amount in (explained.benefits[benefit.id],)
    ]
    name = telling.name_of(unit)
    return render(
        request,
        "programmes/decision.html",
        {
            "programme": found,
            "unit": unit,
            "is_household": isinstance(unit, Group),
            "name": name,
            "title": in_language(found.title),
            "explained": explained,
            "mark": telling.VERDICT_MARKS[explained.outcome],
            "criteria": telling.criterion_items(explained, facts),
            "benefits": benefits if explained.outcome == "eligible" else [],
            "currency": definition.currency,
            "live": explained.run is None,
            "applications": enrolled.list_applications(unit, found),
            "may_record": not found.external
            and scope.allows(actor, "programmes.record_application", area_id=unit.area_id),
            "enrolments": [
                {"row": row, "sentence": telling.enrolled_sentence(row)}
                for row in enrolled.list_open_of(unit)
                if row.programme_id == found.pk
            ],
            "unit_url": telling.page_of(unit),
            "crumbs": [
                CRUMBS,
                {
                    "title": in_language(found.title),
                    "url": reverse("programmes:programme", args=[found.code]),
                },
                {"title": name},
            ],
        },
    )


@page("programmes.record_application", purpose="eligibility")
@require_POST
def apply(request: HttpRequest, code: str, reference: str) -> HttpResponse:
    """Record that they apply for the programme today."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_programme_for(actor=actor, code=code)
    unit = enrolled.get_unit_for(actor=actor, programme=found, reference=reference)
    recorded = commands.record_application(
        actor=actor,
        reference=str(unit.reference),
        programmes=[found.code],
        received_on=clock.today(),
        at=clock.now(),
    )
    messages.success(
        request,
        _("The application %(reference)s is recorded with the day of today.")
        % {"reference": recorded.reference},
    )
    return redirect("programmes:decision", code=found.code, reference=unit.reference)
