"""Every write to scoring: publish a model, score a snapshot."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Final

from django.conf import settings

from amana import engine
from amana.access import runs
from amana.access.models import Run
from amana.kernel.changes import What
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import Where
from amana.registry.commands.snapshots import snapshot_folder
from amana.registry.models import Snapshot
from amana.registry.snapshots import get_snapshot
from amana.scoring import queries
from amana.scoring.definition import ModelFile
from amana.scoring.errors import ModelVersionAltered
from amana.scoring.models import ScoringModel, ScoringRun

RESULTS: Final = "results"


def plan_model(file: ModelFile) -> What:
    """Tell what publishing would do, without doing it.

    Raises:
        ModelVersionAltered: the version is published already, with other content.
    """
    code, version = file.model.code, file.model.version
    same = queries.find_model(code, version)
    if same is None:
        return "created" if queries.find_model(code) is None else "changed"
    if same.sha256 != file.sha256:
        raise ModelVersionAltered(
            f"Version {version} of the model {code} was published on "
            f"{same.published_at:%d %b %Y} and says something else.",
            mend="A published version is never altered: give the file a new “version:”.",
            where=Where(file=f"models/{code}.yaml", field="version"),
        )
    return "unchanged"


@command("scoring.publish_model")
def publish_model(*, actor: Actor, file: ModelFile, source: str, at: datetime) -> What:
    """Publish one version of a model: created, changed (a new version) or unchanged.

    The caller has read the file with `definition.read_model` and checked its rules with
    `definition.check_model`, so that all mistakes of a blueprint are told at once.

    Args:
        source: the text of the file, kept with the version.

    Raises:
        ModelVersionAltered: the version is published already, with other content.
    """
    model = file.model
    what = plan_model(file)
    note(subject=model.code, digest=file.sha256, version=model.version, what=what)
    if what == "unchanged":
        return what
    ScoringModel.objects.create(
        code=model.code,
        version=model.version,
        title=dict(file.title),
        kind=model.kind,
        unit=model.of,
        definition=file.definition,
        source=source,
        sha256=file.sha256,
        published_at=at,
        published_by=actor.username,
    )
    return what


@command("scoring.score_snapshot")
def score_snapshot(
    *, actor: Actor, model: str, snapshot: str | None = None, at: datetime
) -> ScoringRun:
    """Score every unit of a snapshot with the version of a model published last.

    Ages are taken on the day the snapshot is about, so that the same snapshot and model always
    give the same scores.

    Args:
        snapshot: reference; the latest one when None.

    Raises:
        ModelNotFound, SnapshotUnknown, SnapshotDoesNotFit, RulesRefused.
    """
    row = queries.get_model(model)
    taken = get_snapshot(snapshot or "")
    run = runs.start_run(
        kind="score",
        actor=actor,
        subject=row.code,
        params={"snapshot": str(taken.reference), "version": row.version},
    )
    try:
        scoring = _score(run, actor, row, taken, at)
    except BaseException as error:
        runs.fail(run.pk, error)
        raise
    note(
        subject=str(run.reference),
        digest=scoring.results_sha256,
        model=row.code,
        version=row.version,
        snapshot=str(taken.reference),
        scored=scoring.scored_count,
        unknown=scoring.unknown_count,
    )
    return scoring


def _score(
    run: Run, actor: Actor, row: ScoringModel, snapshot: Snapshot, at: datetime
) -> ScoringRun:
    folder = snapshot_folder(snapshot)
    schema = engine.open_snapshot(folder).schema
    compiled = engine.compile_model(schema, queries.engine_model(row), on=snapshot.as_of)
    relative = f"{RESULTS}/{run.reference}.parquet"
    manifest = engine.run_model(compiled, folder, Path(settings.AMANA_HOME) / relative)
    scoring = ScoringRun.objects.create(
        run=run,
        model=row,
        snapshot=snapshot,
        sql=compiled.model_statement(),
        results=relative,
        results_sha256=manifest.sha256,
        unit_count=manifest.rows,
        scored_count=manifest.counts["scored"],
        unknown_count=manifest.counts["unscored"],
        scored_at=at,
        scored_by=actor.username,
    )
    runs.finish(
        run.pk,
        result={
            "run": str(run.reference),
            "households": manifest.rows,
            "scored": manifest.counts["scored"],
            "unknown": manifest.counts["unscored"],
            "engine_seconds": manifest.seconds,
        },
    )
    return scoring
