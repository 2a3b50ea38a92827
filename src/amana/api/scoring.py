"""Scoring models and their runs, over the API."""

from __future__ import annotations

from typing import Any

from ninja import Router, Schema

from amana.api.access import ApiRequest, allows
from amana.api.pages import Page, page_of
from amana.kernel import clock
from amana.scoring import commands as scoring
from amana.scoring import queries
from amana.scoring.models import ScoringModel, ScoringRun

router = Router(tags=["Scoring"])


def model_as_dict(row: ScoringModel) -> dict[str, Any]:
    """Give a published model as the API shows it."""
    return {
        "model": row.code,
        "version": row.version,
        "title": row.title,
        "kind": row.kind,
        "of": row.unit,
        "definition": row.definition,
        "sha256": row.sha256,
        "published_at": row.published_at.isoformat(),
        "published_by": row.published_by,
    }


def run_as_dict(row: ScoringRun) -> dict[str, Any]:
    """Give a scoring run as the API shows it."""
    return {
        "run": str(row),
        "model": row.model.code,
        "version": row.model.version,
        "snapshot": str(row.snapshot),
        "households": row.unit_count,
        "scored": row.scored_count,
        "unknown": row.unknown_count,
        "sha256": row.results_sha256,
        "scored_at": row.scored_at.isoformat(),
        "scored_by": row.scored_by,
    }


@router.get("/scoring/models", response=Page)
@allows("scoring.view")
def list_models(
    request: ApiRequest, code: str = "", cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """List the published versions of scoring models, perhaps of one model."""
    rows = queries.list_models(actor=request.actor)
    if code:
        rows = rows.filter(code=code)
    return page_of(rows, render=model_as_dict, cursor=cursor, limit=limit)


@router.get("/scoring/runs", response=Page)
@allows("scoring.view")
def list_runs(
    request: ApiRequest, model: str = "", cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """List the scoring runs, perhaps of one model."""
    rows = queries.list_runs(actor=request.actor)
    if model:
        rows = rows.filter(model__code=model)
    return page_of(rows, render=run_as_dict, cursor=cursor, limit=limit)


@router.get("/scoring/runs/{reference}")
@allows("scoring.view")
def get_run(request: ApiRequest, reference: str) -> dict[str, Any]:
    """Give one scoring run."""
    return run_as_dict(queries.get_run(actor=request.actor, reference=reference))


class ScoreAsked(Schema):
    """A snapshot to be scored: with which model; the latest snapshot when none is named."""

    model: str
    snapshot: str | None = None


@router.post("/scoring/runs")
@allows("scoring.score_snapshot")
def score_snapshot(request: ApiRequest, asked: ScoreAsked) -> dict[str, Any]:
    """Score every unit of a snapshot with a model."""
    found = scoring.score_snapshot(
        actor=request.actor, model=asked.model, snapshot=asked.snapshot, at=clock.now()
    )
    return run_as_dict(found)
