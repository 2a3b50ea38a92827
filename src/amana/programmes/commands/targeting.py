"""The judgement of every unit of a snapshot by a programme's rules."""

from __future__ import annotations

import time
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa
from django.conf import settings

from amana import engine
from amana.access import runs, scope
from amana.access.models import Run
from amana.kernel.command import Actor, command, note
from amana.places.bulk import copy_arrow, cursor
from amana.programmes import queries
from amana.programmes.definition import Definition
from amana.programmes.errors import ProgrammeIsExternal
from amana.programmes.models import Programme, ProgrammeVersion, TargetingRun
from amana.programmes.queries import judging
from amana.registry.models import Snapshot

TARGET: Final = "programmes.target_programme"
RESULTS: Final = "results"

#: Units whose decision is kept as a row besides the selected: those who applied, and those
#: enrolled now (what was decided about them may have changed).
_LISTED: Final = """
SELECT {unit} FROM programmes_application
WHERE state = 'RECEIVED' AND (programmes = '{{}}' OR %(code)s = ANY(programmes))
  AND {unit} IS NOT NULL
UNION
SELECT {unit} FROM programmes_enrolment
WHERE programme_id = %(programme)s AND state <> 'EXITED' AND {unit} IS NOT NULL
"""

_RECORD: Final = """
INSERT INTO programmes_decision
       (programme_id, version_id, targeting_run_id, application_id, {unit}, area_id, outcome,
        selected, criteria, score, rank, rank_of, decided_at)
SELECT %(programme)s, %(version)s, %(run)s,
       (SELECT a.id FROM programmes_application a
        WHERE a.{unit} = s.unit_id AND a.state = 'RECEIVED'
          AND (a.programmes = '{{}}' OR %(code)s = ANY(a.programmes))
        ORDER BY a.received_on, a.id LIMIT 1),
       s.unit_id, s.area_id, s.outcome, s.selected, s.criteria::jsonb, s.score, s.rank, s.rank_of,
       %(at)s
FROM staged_decision s
"""


@command(TARGET)
def target_programme(
    *, actor: Actor, programme: str, snapshot: str | None = None, on: date, at: datetime
) -> TargetingRun:
    """Judge every unit of a snapshot by the version in force, rank them and fill the places.

    Nothing is enrolled: the list waits for a person to approve it. Ages and parameters are taken
    on the day the snapshot is about, and the lottery's seed comes from programme, version and
    snapshot alone, so that the same snapshot always gives the same list and nobody can draw again
    until they like it. A list of the programme that still waits is superseded.

    Args:
        snapshot: reference; the latest one when None.
        on: today, to find the version in force.

    Raises:
        ProgrammeNotFound, ProgrammeIsExternal, VersionNotFound, SnapshotMissing, RulesRefused,
        SnapshotDoesNotFit.
    """
    found = queries.get_programme(programme)
    scope.require(actor, TARGET, programme=found.code)
    if found.external:
        raise ProgrammeIsExternal(
            f"{found.code} is decided by another system.",
            mend="Only programmes of our own can be targeted.",
        )
    version = queries.get_version(found, on)
    taken = judging.get_snapshot(snapshot)
    run = runs.start_run(
        kind="target",
        actor=actor,
        subject=found.code,
        programme=found.code,
        params={"snapshot": str(taken.reference), "version": version.version},
    )
    try:
        targeting = _judge(run, actor, found, version, taken, at)
    except BaseException as error:
        runs.fail(run.pk, error)
        raise
    note(
        subject=str(run.reference),
        programme=found.code,
        digest=targeting.results_sha256,
        snapshot=str(taken.reference),
        version=version.version,
        assessed=targeting.assessed_count,
        eligible=targeting.eligible_count,
        undetermined=targeting.undetermined_count,
        selected=targeting.selected_count,
    )
    return targeting


def _judge(
    run: Run,
    actor: Actor,
    programme: Programme,
    version: ProgrammeVersion,
    snapshot: Snapshot,
    at: datetime,
) -> TargetingRun:
    definition = queries.definition_of(version)
    day = max(snapshot.as_of, definition.valid_from)
    compiled = judging.compiled_for(version, snapshot, day)
    seed = f"{programme.code}/{version.version}/{snapshot.sha256[:16]}"
    relative = f"{RESULTS}/{run.reference}.parquet"
    out = Path(settings.AMANA_HOME) / relative
    manifest = engine.run(
        compiled,
        judging.snapshot_folder(snapshot),
        out,
        seed=seed,
        places=_places(version, definition, day),
        progress=lambda done, total: runs.progress(run.pk, done=done, total=total),
    )
    started = time.perf_counter()
    TargetingRun.objects.filter(programme=programme, state=TargetingRun.State.ASSESSED).update(
        state=TargetingRun.State.SUPERSEDED
    )
    targeting = TargetingRun.objects.create(
        run=run,
        programme=programme,
        version=version,
        snapshot=snapshot,
        model_versions={model.code: model.version for model in compiled.ruleset.models},
        seed=seed,
        on=day,
        sql=compiled.sql(),
        results=relative,
        results_sha256=manifest.sha256,
        assessed_count=manifest.counts["assessed"],
        eligible_count=manifest.counts["eligible"],
        ineligible_count=manifest.counts["ineligible"],
        undetermined_count=manifest.counts["undetermined"],
        selected_count=manifest.counts["selected"],
        assessed_at=at,
        assessed_by=actor.username,
    )
    recorded = _record(targeting, definition, out, at)
    runs.finish(
        run.pk,
        result={
            "run": targeting.reference,
            **{name: manifest.counts[name] for name in _COUNTED},
            "recorded": recorded,
            "seed": seed,
            "engine_seconds": manifest.seconds,
            "record_seconds": round(time.perf_counter() - started, 3),
        },
    )
    return targeting


_COUNTED: Final = ("assessed", "eligible", "ineligible", "undetermined", "selected")


def _places(version: ProgrammeVersion, definition: Definition, day: date) -> engine.Places | None:
    if definition.places is None:
        return None
    rows = version.quotas.filter(year__in=(0, day.year)).order_by("year")
    found = {row.area_id: row.places for row in rows}
    if definition.places.by == "all":
        return engine.Places(by="all", count=found.get(None, 0))
    return engine.Places(
        by=definition.places.by,
        areas={area: places for area, places in found.items() if area is not None},
    )


def _record(run: TargetingRun, definition: Definition, results: Path, at: datetime) -> int:
    """Keep a decision row for the selected, the applicants and the enrolled; set-based."""
    unit = "person_id" if definition.is_person else "group_id"
    values: dict[str, Any] = {
        "programme": run.programme_id,
        "version": run.version_id,
        "run": run.pk,
        "code": run.programme.code,
        "at": at,
    }
    with cursor() as cur:
        cur.execute(_LISTED.format(unit=unit), values)
        listed = pa.table({"unit_id": pa.array([row[0] for row in cur.fetchall()], pa.int64())})
    structs = ", ".join(
        f"{{'id': '{c.id}', 'outcome': CASE WHEN \"c_{c.id}\" THEN 'met'"
        f" WHEN NOT \"c_{c.id}\" THEN 'failed' ELSE 'unknown' END}}"
        for c in definition.eligibility
    )
    path = str(results).replace("'", "''")
    with duckdb.connect() as duck:
        duck.register("listed", listed)
        rows = duck.sql(
            f"""
            SELECT unit_id, area_id, upper(outcome) AS outcome, selected,
                   CAST(to_json([{structs}]) AS VARCHAR) AS criteria, score, rank, rank_of
            FROM read_parquet('{path}')
            WHERE selected OR unit_id IN (SELECT unit_id FROM listed)
            ORDER BY unit_id
            """
        ).to_arrow_table()
    with cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS staged_decision")
        cur.execute(
            "CREATE TEMP TABLE staged_decision (unit_id bigint, area_id bigint, outcome text,"
            " selected boolean, criteria text, score numeric, rank bigint, rank_of bigint)"
            " ON COMMIT DROP"
        )
        copy_arrow("staged_decision", rows)
        cur.execute(_RECORD.format(unit=unit), values)
        recorded: int = cur.rowcount
        cur.execute("DROP TABLE staged_decision")
    return recorded
