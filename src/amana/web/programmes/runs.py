"""Targeting runs: make one, review its list, approve it, enrol it, export its results."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from amana.access import scope
from amana.kernel import clock
from amana.places.country import find_country
from amana.programmes import commands, queries
from amana.programmes.models import TargetingRun
from amana.programmes.queries import enrolments as enrolled
from amana.programmes.queries import results
from amana.programmes.queries.explaining import title_of, variable_titles
from amana.web import background
from amana.web.forms import ConfirmForm
from amana.web.pages import page
from amana.web.programmes import telling
from amana.web.programmes.views import CRUMBS
from amana.web.words import in_language, say_number

ROWS = 50


@page("programmes.target_programme")
@require_POST
def target(request: HttpRequest, code: str) -> HttpResponse:
    """Judge everybody for a programme over the latest snapshot."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_programme_for(actor=actor, code=code)
    started = background.start(
        lambda: commands.target_programme(
            actor=actor, programme=found.code, on=clock.today(), at=clock.now()
        ),
        actor=actor,
        kind="target",
    )
    made = TargetingRun.objects.filter(run=started).select_related("version").first()
    if made is None:
        return redirect("access:run", reference=started.reference)
    unit = queries.definition_of(made.version).unit
    messages.success(
        request,
        _("%(count)s assessed. Review the list; nobody is enrolled until it is approved.")
        % {"count": telling.counted(unit, made.assessed_count)},
    )
    return redirect("programmes:run", reference=started.reference)


@page("programmes.view")
def run(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a run: its counts, its reasons, its areas, what is unknown, and the list itself."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_run_for(actor=actor, reference=reference)
    definition = queries.definition_of(found.version)
    country = find_country()
    level = country.levels[min(1, len(country.levels) - 1)] if country and country.levels else ""
    titles = variable_titles()
    may_view = scope.allows(actor, results.VIEW, programme=found.programme.code)
    where = _filter_of(request)
    offset = max(0, _whole(request.GET.get("from", "")))
    count, rows = (
        results.page(found, actor=actor, where=where, offset=offset, limit=ROWS)
        if may_view
        else (0, [])
    )
    for row in rows:
        row["url"] = reverse("programmes:decision", args=[found.programme.code, row["reference"]])
        row["outcome_words"], row["outcome_mark"] = telling.OUTCOMES[row["outcome"]]
        row["unknown"] = [title_of(name, titles) for name in row["missing"] or ()]
    return render(
        request,
        "programmes/run.html",
        {
            "run": found,
            "title": in_language(found.programme.title),
            "unit": definition.unit,
            "units": telling.counted(definition.unit, found.selected_count),
            "state": telling.RUN_STATES[found.state],
            "figures": _figures(found, may_view),
            "criteria": results.count_criteria(found),
            "missing": [
                {"code": code, "title": title_of(code, titles), "count": number}
                for code, number in results.count_missing(found)
            ],
            "areas": results.count_areas(found, level=level) if level else [],
            "may_view": may_view,
            "rows": rows,
            "count_words": telling.counted(definition.unit, count),
            "applied": _applied(request, titles),
            "next_url": _page_url(request, offset + ROWS) if offset + ROWS < count else "",
            "previous_url": _page_url(request, offset - ROWS) if offset else "",
            "has_score": bool(found.model_versions),
            "may_approve": found.state == TargetingRun.State.ASSESSED
            and scope.allows(actor, "programmes.approve_list", programme=found.programme.code),
            "may_enrol": found.state == TargetingRun.State.APPROVED
            and scope.allows(actor, "programmes.enrol_run", programme=found.programme.code),
            "may_export": scope.allows(
                actor, "programmes.export_results", programme=found.programme.code
            ),
            "crumbs": _crumbs(found),
        },
    )


def _crumbs(found: TargetingRun) -> list[dict[str, Any]]:
    return [
        CRUMBS,
        {
            "title": in_language(found.programme.title),
            "url": reverse("programmes:programme", args=[found.programme.code]),
        },
        {"title": found.reference},
    ]


def _figures(found: TargetingRun, linked: bool) -> list[dict[str, Any]]:
    figures = [
        (_("Assessed"), found.assessed_count, ""),
        (_("Eligible"), found.eligible_count, "outcome=eligible"),
        (_("Selected"), found.selected_count, "selected=yes"),
        (_("Not eligible"), found.ineligible_count, "outcome=ineligible"),
        (_("We do not know yet"), found.undetermined_count, "outcome=undetermined"),
    ]
    return [
        {
            "label": label,
            "value": say_number(value),
            "url": f"?{query}#list" if query and linked else "",
        }
        for label, value, query in figures
    ]


_KEYS = ("outcome", "selected", "failed", "unknown", "missing", "area")


def _filter_of(request: HttpRequest) -> results.Filter:
    given = {key: request.GET.get(key, "").strip() for key in _KEYS}
    selected = {"yes": True, "no": False}.get(given["selected"])
    return results.Filter(
        outcome=given["outcome"],
        selected=selected,
        failed=given["failed"],
        unknown=given["unknown"],
        missing=given["missing"],
        area=given["area"],
    )


def _applied(request: HttpRequest, titles: dict[str, str]) -> list[dict[str, str]]:
    labels = {
        "outcome": lambda v: str(telling.OUTCOMES.get(v, (v,))[0]),
        "selected": lambda v: _("selected") if v == "yes" else _("not selected"),
        "failed": lambda v: _("criterion not met: %(id)s") % {"id": v},
        "unknown": lambda v: _("criterion not known yet: %(id)s") % {"id": v},
        "missing": lambda v: _("would be settled by: %(name)s") % {"name": title_of(v, titles)},
        "area": lambda v: _("area %(code)s") % {"code": v},
    }
    return [
        {"label": labels[key](value), "url": _url_without(request, key)}
        for key in _KEYS
        if (value := request.GET.get(key, "").strip())
    ]


def _url_without(request: HttpRequest, key: str) -> str:
    kept = {k: v for k, v in request.GET.items() if k not in (key, "from")}
    return f"?{urlencode(kept)}#list"


def _page_url(request: HttpRequest, offset: int) -> str:
    kept = {k: v for k, v in request.GET.items() if k != "from"}
    if offset > 0:
        kept["from"] = str(offset)
    return f"?{urlencode(kept)}#list"


def _whole(text: str) -> int:
    return int(text) if text.isdigit() and len(text) < 10 else 0


@page("programmes.approve_list")
def approve(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask whether the list is approved, saying what that does; then approve it."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_run_for(actor=actor, reference=reference)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST":
        form = ConfirmForm(request.POST)
        if form.is_valid():
            with form.refusals():
                commands.approve_list(actor=actor, run=found.reference, at=clock.now())
        if not form.errors:
            messages.success(request, _("The list is approved. It can be enrolled now."))
            return redirect("programmes:run", reference=found.reference)
    return _confirm(request, found, form, "approve")


@page("programmes.enrol_run")
def enrol(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask whether the approved list is to be enrolled; then enrol it."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_run_for(actor=actor, reference=reference)
    form = ConfirmForm(request.POST or None)
    if request.method == "POST":
        form = ConfirmForm(request.POST)
        if form.is_valid():
            answer: dict[str, Any] = {}
            with form.refusals():
                answer = commands.enrol_run(
                    actor=actor, run=found.reference, on=clock.today(), at=clock.now()
                )
        if not form.errors:
            _tell_enrolled(request, queries.definition_of(found.version).unit, answer)
            return redirect("programmes:run", reference=found.reference)
    return _confirm(request, found, form, "enrol")


def _tell_enrolled(request: HttpRequest, unit: str, answer: dict[str, Any]) -> None:
    """Say how many were enrolled, and every reason why others were not."""
    if answer["enrolled"]:
        words = _("%(count)s enrolled.") % {"count": telling.counted(unit, answer["enrolled"])}
    else:
        words = _("Nobody new was enrolled.")
    if answer["existing"]:
        words += " " + _("Enrolled already: %(count)s.") % {
            "count": telling.counted(unit, answer["existing"])
        }
    messages.success(request, words)
    reasons = (
        ("held", _("Left out, since something changed after the snapshot: %(count)s.")),
        ("no_place", _("Without a place, since others hold them: %(count)s.")),
        ("without_recipient", _("Nobody can collect yet: %(count)s.")),
    )
    for key, text in reasons:
        if answer[key]:
            messages.warning(request, text % {"count": telling.counted(unit, answer[key])})


def _confirm(
    request: HttpRequest, found: TargetingRun, form: ConfirmForm, act: str
) -> HttpResponse:
    definition = queries.definition_of(found.version)
    units = telling.counted(definition.unit, found.selected_count)
    labels = {
        "approve": _("Approve the list of %(units)s"),
        "enrol": _("Enrol %(units)s"),
    }
    return render(
        request,
        f"programmes/{act}.html",
        {
            "run": found,
            "form": form,
            "title": in_language(found.programme.title),
            "units": units,
            "undetermined": telling.counted(definition.unit, found.undetermined_count),
            "label": labels[act] % {"units": units},
            "crumbs": _crumbs(found),
        },
        status=409 if form.errors else 200,
    )


@page("programmes.export_results")
def export(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the results of a run as CSV: one row per unit assessed."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_run_for(actor=actor, reference=reference)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"{found.reference}.csv"
        queries.export_results(actor=actor, run=found.reference, out=path)
        answer = HttpResponse(path.read_bytes(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{found.reference}.csv"'
    return answer
