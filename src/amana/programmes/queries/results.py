"""The results of a targeting run, read from its Parquet file: counts, reasons, pages, one unit.

Grain: one row per unit assessed. Columns as the engine writes them: unit_id, area_id, outcome,
`c_<criterion>` (true, false or null for unknown), missing, score, rank, rank_of, rank_share,
selected, `b_<benefit>`. Reference and external id are joined from the registry when asked for.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.csv as pa_csv
from django.conf import settings

from amana.access import scope
from amana.kernel.command import Actor
from amana.places.bulk import cursor
from amana.places.models import Area
from amana.programmes.definition import Definition
from amana.programmes.errors import ResultsDamaged
from amana.programmes.models import TargetingRun
from amana.programmes.queries.catalogue import definition_of

VIEW = "programmes.view_decisions"
PAGE_ROWS_MAX = 500


@dataclass(frozen=True, slots=True)
class CriterionCount:
    """How one criterion came out over all units of a run."""

    id: str
    says: str
    met: int
    failed: int
    unknown: int


@dataclass(frozen=True, slots=True)
class AreaCount:
    """The outcomes of a run in one area."""

    area_id: int | None
    name: str
    code: str
    assessed: int
    eligible: int
    ineligible: int
    undetermined: int
    selected: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows of a run are wanted; empty fields do not narrow.

    Args:
        outcome: `eligible`, `ineligible` or `undetermined`.
        selected: True or False.
        failed, unknown: id of a criterion that failed, or is unknown.
        missing: code of a variable that would settle the unit.
        area: code of an area; units in it or below it.
    """

    outcome: str = ""
    selected: bool | None = None
    failed: str = ""
    unknown: str = ""
    missing: str = ""
    area: str = ""


def results_path(run: TargetingRun) -> Path:
    """Give the file of a run's results.

    Raises:
        ResultsDamaged: it is no longer there.
    """
    path = Path(settings.AMANA_HOME) / run.results
    if not path.is_file():
        raise ResultsDamaged(
            f"The results of {run.reference} are no longer at {run.results}.",
            mend="Bring the file back from a backup, or run the targeting again.",
        )
    return path


@contextmanager
def opened(run: TargetingRun) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a DuckDB connection with the view `results`."""
    path = str(results_path(run)).replace("'", "''")
    with duckdb.connect() as duck:
        duck.execute("SET threads = 2")
        duck.execute(f"CREATE VIEW results AS FROM read_parquet('{path}')")
        yield duck


def count_criteria(run: TargetingRun) -> list[CriterionCount]:
    """Count how each criterion came out, in the order of the programme."""
    definition = definition_of(run.version)
    if not definition.eligibility:
        return []
    columns = ", ".join(
        f'count(*) FILTER ("c_{c.id}"), count(*) FILTER (NOT "c_{c.id}"),'
        f' count(*) FILTER ("c_{c.id}" IS NULL)'
        for c in definition.eligibility
    )
    with opened(run) as duck:
        row = duck.execute(f"SELECT {columns} FROM results").fetchone()
    assert row is not None
    return [
        CriterionCount(c.id, c.says.words(), *row[3 * n : 3 * n + 3])
        for n, c in enumerate(definition.eligibility)
    ]


def count_missing(run: TargetingRun, *, limit: int = 20) -> list[tuple[str, int]]:
    """Count, for the undetermined units, what would settle them: (variable, units), most first."""
    with opened(run) as duck:
        return duck.execute(
            "SELECT name, count(*) AS n FROM (SELECT unnest(missing) AS name FROM results"
            " WHERE outcome = 'undetermined') GROUP BY name ORDER BY n DESC, name LIMIT ?",
            [limit],
        ).fetchall()


def count_areas(run: TargetingRun, *, level: str) -> list[AreaCount]:
    """Count outcomes by the areas of one level; units without an area come last."""
    above = _areas_above(level)
    with opened(run) as duck:
        duck.register("above", above)
        rows = duck.execute(
            """
            SELECT above.top_id, any_value(above.name), any_value(above.code), count(*),
                   count(*) FILTER (outcome = 'eligible'), count(*) FILTER (outcome = 'ineligible'),
                   count(*) FILTER (outcome = 'undetermined'), count(*) FILTER (selected)
            FROM results LEFT JOIN above ON above.area_id = results.area_id
            GROUP BY above.top_id ORDER BY any_value(above.name) NULLS LAST
            """
        ).fetchall()
    return [AreaCount(row[0], row[1] or "", row[2] or "", *row[3:]) for row in rows]


def page(
    run: TargetingRun, *, actor: Actor, where: Filter, offset: int = 0, limit: int = 50
) -> tuple[int, list[dict[str, Any]]]:
    """Give the number of rows that pass a filter, and one page of them with their references.

    Order: selected first, then by rank, then by unit; rows outside the actor's areas are left out.
    """
    condition, values = _condition(run, actor, where)
    with opened(run) as duck:
        counted = duck.execute(f"SELECT count(*) FROM results WHERE {condition}", values).fetchall()
        table = duck.sql(
            f"SELECT * FROM results WHERE {condition}"
            " ORDER BY selected DESC, rank NULLS LAST, unit_id LIMIT ? OFFSET ?",
            params=[*values, min(limit, PAGE_ROWS_MAX), offset],
        ).to_arrow_table()
    rows = table.to_pylist()
    named = _names_of([row["unit_id"] for row in rows], definition_of(run.version))
    for row in rows:
        row |= named.get(row["unit_id"], {"reference": "", "external_id": "", "name": ""})
    return int(counted[0][0]), rows


def find_rows(run: TargetingRun, unit_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
    """Find the rows of some units, by unit; those that were not in the snapshot are left out."""
    with opened(run) as duck:
        rows = (
            duck.sql("SELECT * FROM results WHERE unit_id = ANY(?)", params=[list(unit_ids)])
            .to_arrow_table()
            .to_pylist()
        )
    return {row["unit_id"]: row for row in rows}


def find_row(run: TargetingRun, unit_id: int) -> dict[str, Any] | None:
    """Find the row of one unit, or None when it was not in the snapshot."""
    with opened(run) as duck:
        rows = (
            duck.sql("SELECT * FROM results WHERE unit_id = ?", params=[unit_id])
            .to_arrow_table()
            .to_pylist()
        )
    return rows[0] if rows else None


def export_results(*, actor: Actor, run: str, out: Path) -> dict[str, Any]:
    """Write one row per unit assessed to a CSV or Parquet file.

    Columns: reference, external_id, outcome, one per criterion (met, failed, unknown), score,
    rank, selected, lottery (sha256 of the run's seed, a colon and the unit's key: between equals
    the smaller one comes first); in the order of the unit's key.

    Args:
        out: its ending says the format, `.csv` or `.parquet`; its folder is made.

    Raises:
        BadInput: another ending.
        NotPermitted: the actor's scope is not the whole programme.
    """
    from amana.kernel.errors import BadInput, Where
    from amana.programmes.queries.units import get_targeting_run

    found = get_targeting_run(run)
    scope.require(actor, "programmes.export_results", programme=found.programme.code)
    ending = out.suffix.lower()
    if ending not in (".csv", ".parquet"):
        raise BadInput(
            f"“{out.name}” is neither .csv nor .parquet.",
            mend="Name the file results.csv or results.parquet.",
            where=Where(field="--out"),
        )
    definition = definition_of(found.version)
    criteria = "".join(
        f", CASE WHEN \"c_{c.id}\" THEN 'met' WHEN NOT \"c_{c.id}\" THEN 'failed'"
        f" ELSE 'unknown' END AS \"{c.id}\""
        for c in definition.eligibility
    )
    condition, values = _condition(found, actor, Filter(), "programmes.export_results")
    out.parent.mkdir(parents=True, exist_ok=True)
    with opened(found) as duck:
        duck.register("names", _all_names(definition))
        select = (
            f"SELECT names.reference, names.external_id, outcome{criteria}, score, rank, selected,"
            " CASE WHEN outcome = 'eligible' THEN sha256(? || ':' || unit_id) END AS lottery"
            f" FROM results LEFT JOIN names USING (unit_id) WHERE {condition} ORDER BY unit_id"
        )
        table = duck.sql(select, params=[found.seed, *values]).to_arrow_table()
        duck.register("chosen", table)
        style = "FORMAT parquet" if ending == ".parquet" else "FORMAT csv, HEADER"
        target = str(out).replace("'", "''")
        duck.execute(f"COPY chosen TO '{target}' ({style})")
    return {"run": found.reference, "path": str(out), "rows": table.num_rows}


# -- inside ---------------------------------------------------------------------------------


def _condition(
    run: TargetingRun, actor: Actor, where: Filter, permission: str = VIEW
) -> tuple[str, list[Any]]:
    known = {c.id for c in definition_of(run.version).eligibility}
    parts = ["true"]
    values: list[Any] = []
    if where.outcome in ("eligible", "ineligible", "undetermined"):
        parts.append("outcome = ?")
        values.append(where.outcome)
    if where.selected is not None:
        parts.append("selected" if where.selected else "NOT selected")
    if where.failed in known:
        parts.append(f'NOT "c_{where.failed}"')
    if where.unknown in known:
        parts.append(f'"c_{where.unknown}" IS NULL')
    if where.missing:
        parts.append("list_contains(missing, ?)")
        values.append(where.missing)
    if where.area:
        area = Area.objects.filter(code=where.area, valid_to__isnull=True).first()
        parts.append("list_contains(?, area_id)")
        values.append(_below([area.pk]) if area else [])
    tops = _reach(actor, permission, run.programme.code)
    if tops is not None:
        parts.append("list_contains(?, area_id)")
        values.append(_below(tops))
    return " AND ".join(parts), values


def _reach(actor: Actor, permission: str, programme: str) -> list[int] | None:
    """Give the areas whose units the actor may see; None is the whole country."""
    pieces = [
        piece for piece in scope.reaches(actor, permission) if piece.programme in (None, programme)
    ]
    if any(piece.area_id is None for piece in pieces):
        return None
    return [piece.area_id for piece in pieces if piece.area_id is not None]


def _below(tops: Sequence[int]) -> list[int]:
    return list(Area.objects.filter(path__overlap=list(tops)).values_list("pk", flat=True))


def _areas_above(level: str) -> pa.Table:
    """Give for every area its ancestor (or itself) on a level."""
    with cursor() as cur:
        cur.execute(
            "SELECT a.id, t.id, t.name, t.code FROM places_area a"
            " JOIN places_area t ON t.id = ANY(a.path)"
            " JOIN places_level l ON l.id = t.level_id WHERE l.code = %s",
            [level],
        )
        rows = cur.fetchall()
    names = ("area_id", "top_id", "name", "code")
    types = (pa.int64(), pa.int64(), pa.string(), pa.string())
    return pa.table(
        {
            name: pa.array([row[n] for row in rows], kind)
            for n, (name, kind) in enumerate(zip(names, types, strict=True))
        }
    )


def _unit_select(definition: Definition) -> str:
    table, key = (
        ("registry_person", "person_id")
        if definition.is_person
        else (
            "registry_group",
            "group_id",
        )
    )
    return (
        f"SELECT u.id AS unit_id, u.reference, COALESCE(k.external_id, '') AS external_id,"
        f" u.display_name AS name FROM {table} u LEFT JOIN (SELECT DISTINCT ON ({key}) {key},"
        f" external_id FROM registry_sourcekey WHERE {key} IS NOT NULL ORDER BY {key}, id) k"
        f" ON k.{key} = u.id"
    )


def _names_of(ids: Sequence[int], definition: Definition) -> Mapping[int, dict[str, Any]]:
    with cursor() as cur:
        cur.execute(f"{_unit_select(definition)} WHERE u.id = ANY(%s)", [list(ids)])
        return {
            row[0]: {"reference": row[1], "external_id": row[2], "name": row[3]}
            for row in cur.fetchall()
        }


def _all_names(definition: Definition) -> pa.Table:
    """Give unit_id, reference and external id of every unit, streamed out of PostgreSQL."""
    buffer = io.BytesIO()
    select = f"SELECT unit_id, reference, external_id FROM ({_unit_select(definition)}) n"
    with cursor() as cur, cur.copy(f"COPY ({select}) TO STDOUT (FORMAT csv, HEADER)") as copy:
        for block in copy:
            buffer.write(block)
    buffer.seek(0)
    types = {"unit_id": pa.int64(), "reference": pa.string(), "external_id": pa.string()}
    return pa_csv.read_csv(
        buffer, convert_options=pa_csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    )
