"""Reads of scoring: models in force, runs, and the score of one unit."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
from django.conf import settings
from django.db.models import QuerySet

from amana.access import scope
from amana.engine import Model
from amana.kernel.command import Actor
from amana.scoring.definition import parse_model
from amana.scoring.errors import ModelNotFound, ScoringRunNotFound
from amana.scoring.models import ScoringModel, ScoringRun

VIEW = "scoring.view"


def find_model(code: str, version: str | None = None) -> ScoringModel | None:
    """Find a published model: the version named, or the one published last."""
    rows = ScoringModel.objects.filter(code=code)
    if version is not None:
        rows = rows.filter(version=version)
    return rows.order_by("-id").first()


def get_model(code: str, version: str | None = None) -> ScoringModel:
    """Get a published model: the version named, or the one published last.

    Raises:
        ModelNotFound: there is none.
    """
    found = find_model(code, version)
    if found is None:
        which = f"{code} {version}" if version else code
        raise ModelNotFound(
            f"There is no scoring model {which}.",
            mend="Publish it with amana apply, or name one that `amana model list` shows.",
        )
    return found


def engine_model(row: ScoringModel) -> Model:
    """Give a published model as the engine takes it."""
    return parse_model(row.definition)


def models_in_force() -> dict[str, Model]:
    """Give the version published last of every model, by code, as the engine takes it."""
    rows = ScoringModel.objects.order_by("code", "-id").distinct("code")
    return {row.code: engine_model(row) for row in rows}


def list_models(*, actor: Actor) -> QuerySet[ScoringModel]:
    """List all published versions, the last first; none without the permission."""
    rows = ScoringModel.objects.order_by("code", "-id")
    return rows if scope.holds(actor, VIEW) else rows.none()


def list_runs(*, actor: Actor) -> QuerySet[ScoringRun]:
    """List the scoring runs, the last first; none without the permission."""
    rows = ScoringRun.objects.select_related("run", "model", "snapshot").order_by("-id")
    return rows if scope.holds(actor, VIEW) else rows.none()


def get_run(*, actor: Actor, reference: str) -> ScoringRun:
    """Get a scoring run by the reference of its run.

    Raises:
        ScoringRunNotFound: there is none, or the actor may not see it.
    """
    found = list_runs(actor=actor).filter(run__reference=reference.strip().upper()).first()
    if found is None:
        raise ScoringRunNotFound(
            f"There is no scoring run {reference}.", mend="Copy the reference from its page."
        )
    return found


def results_path(run: ScoringRun) -> Path:
    """Give the Parquet file of a run: unit_id, area_id, score, missing."""
    return Path(settings.AMANA_HOME) / run.results


def find_score(run: ScoringRun, *, unit_id: int) -> tuple[Decimal | None, tuple[str, ...]] | None:
    """Find one unit's score and what it lacks; None when the unit was not scored in this run.

    The caller has checked that its actor may see the unit.
    """
    with duckdb.connect() as duck:
        row = duck.execute(
            "SELECT score, missing FROM read_parquet(?) WHERE unit_id = ?",
            [str(results_path(run)), unit_id],
        ).fetchone()
    return None if row is None else (row[0], tuple(row[1]))
