"""Scoring models in words, and the runs that scored everybody with them."""

from __future__ import annotations

from decimal import Decimal
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
from amana.engine import Model
from amana.kernel import clock
from amana.scoring import commands, queries
from amana.scoring.models import ScoringModel, ScoringRun
from amana.web import background
from amana.web.pages import page
from amana.web.tables import Column, Empty, Table
from amana.web.words import in_language

KINDS = {"linear": _l("weights that are added up"), "points": _l("points scorecard")}
DIRECTIONS = {
    "lower_is_poorer": _l("the lower the score, the poorer"),
    "higher_is_poorer": _l("the higher the score, the poorer"),
}
SCORE = "scoring.score_snapshot"


@page(queries.VIEW)
def models(request: HttpRequest) -> HttpResponse:
    """List the models in force."""
    actor = request.actor  # type: ignore[attr-defined]
    newest: dict[str, ScoringModel] = {}
    for row in queries.list_models(actor=actor):
        newest.setdefault(row.code, row)
    table = Table(
        request,
        rows=list(newest.values()),
        columns=(
            Column(
                "title",
                _l("Model"),
                value=lambda row: in_language(row.title),
                link=lambda row: reverse("scoring:model", args=[row.code]),
            ),
            Column("code", _l("Code")),
            Column("version", _l("Version in force")),
            Column("kind", _l("Kind"), value=lambda row: KINDS[row.kind]),
            Column("published_at", _l("Published"), kind="date"),
        ),
        count_words=lambda n, text: ngettext("%(n)s model", "%(n)s models", n) % {"n": text},
        empty=Empty(_("No scoring models yet"), _("Apply a blueprint that has one.")),
        filename="models",
    )
    return table.export() or render(request, "scoring/models.html", {"table": table})


@page(queries.VIEW)
def model(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a model asks, what each answer weighs, and its runs."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_model(code)
    built = queries.engine_model(found)
    runs = Table(
        request,
        rows=queries.list_runs(actor=actor).filter(model__code=code),
        columns=(
            Column(
                "run",
                _l("Run"),
                value=lambda row: row.run.reference,
                link=lambda row: reverse("scoring:run", args=[row.run.reference]),
            ),
            Column("version", _l("Version"), value=lambda row: row.model.version),
            Column("snapshot", _l("Snapshot"), value=lambda row: row.snapshot.reference),
            Column("scored_count", _l("Scored"), kind="number"),
            Column("unknown_count", _l("Not known yet"), kind="number"),
            Column("scored_at", _l("When"), kind="moment"),
            Column("scored_by", _l("By")),
        ),
        count_words=lambda n, text: ngettext("%(n)s run", "%(n)s runs", n) % {"n": text},
        empty=Empty(
            _("Nobody is scored with this model yet"),
            _("No snapshot has been scored with it."),
        ),
        filename=f"{code}-runs",
    )
    return runs.export() or render(
        request,
        "scoring/model.html",
        {
            "model": found,
            "title": in_language(found.title),
            "kind": KINDS[found.kind],
            "direction": DIRECTIONS[built.direction],
            "built": built,
            "parts": _parts(built),
            "note": found.definition.get("source", ""),
            "runs": runs,
            "may_score": scope.holds(actor, SCORE),
            "crumbs": [
                {"title": _("Scoring"), "url": reverse("scoring:models")},
                {"title": in_language(found.title)},
            ],
        },
    )


def _parts(built: Model) -> list[dict[str, Any]]:
    """Give each question of a model with what its answers weigh, in words and as written."""
    parts: list[dict[str, Any]] = []
    for term in built.terms:
        parts.append(
            {
                "says": term.says or term.id,
                "weights": [{"when": term.value, "weight": _plain(term.weight)}],
            }
        )
    for item in built.items:
        parts.append(
            {
                "says": item.says or item.id,
                "weights": [
                    {"when": rule, "weight": _plain(points)} for rule, points in item.points
                ],
            }
        )
    return parts


def _plain(number: Decimal | int) -> str:
    return f"{Decimal(number).normalize():f}"


@page(SCORE)
@require_POST
def score(request: HttpRequest, code: str) -> HttpResponse:
    """Score everybody over the latest snapshot."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_model(code)
    started = background.start(
        lambda: commands.score_snapshot(actor=actor, model=found.code, at=clock.now()),
        actor=actor,
        kind="score",
    )
    if ScoringRun.objects.filter(run=started).exists():
        messages.success(request, _("Everybody is scored."))
        return redirect("scoring:run", reference=started.reference)
    return redirect("access:run", reference=started.reference)


@page(queries.VIEW)
def run(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one scoring run: its counts, what it was made of, and its SQL."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_run(actor=actor, reference=reference)
    title = in_language(found.model.title)
    return render(
        request,
        "scoring/run.html",
        {
            "run": found,
            "title": title,
            "crumbs": [
                {"title": _("Scoring"), "url": reverse("scoring:models")},
                {"title": title, "url": reverse("scoring:model", args=[found.model.code])},
                {"title": found.run.reference},
            ],
            "pairs": [
                (_("Scored"), found.scored_count),
                (_("Not known yet: something the model asks is not recorded"), found.unknown_count),
                (_("Model"), f"{found.model.code}/{found.model.version}"),
                (_("Snapshot"), found.snapshot.reference),
                (_("Hash of the results"), found.results_sha256),
                (_("Made by"), found.scored_by),
            ],
        },
    )
