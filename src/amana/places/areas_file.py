"""The areas of a blueprint: `areas.csv` and `areas.geojson`, read and checked. Pure.

Columns of areas.csv: `code,parent,level,name,valid_from,valid_to`, any number of `code_<scheme>`
(further codes: statistical office, P-code), and variables of areas under their own names. One code
may have several rows when it meant different things at different times; their intervals do not
overlap. Every mistake is told with its row.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Final

import shapely

from amana.kernel.csv_source import Table, read_csv
from amana.kernel.errors import Problems, Where
from amana.kernel.text_source import nearest, read_text, some

COLUMNS: Final = ("code", "parent", "level", "name", "valid_from", "valid_to")
SCHEME: Final = re.compile(r"^code_([a-z][a-z0-9-]{0,38})$")
GEOJSON_BYTES_MAX: Final = 500_000_000
#: Digits kept of a coordinate: 0.1 m.
DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class LevelRow:
    """A level of areas: 1 is the top."""

    code: str
    title: Mapping[str, str]
    depth: int


@dataclass(frozen=True, slots=True)
class Shape:
    """A polygon as GeoJSON text, and a point inside it."""

    geojson: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class AreaRow:
    """One area between two dates, as the file says."""

    row: int
    code: str
    parent: str
    level: str
    name: str
    valid_from: date
    valid_to: date | None
    codes: Mapping[str, str]
    variables: Mapping[str, Any]


@dataclass(frozen=True)
class AreaFile:
    """All areas of a blueprint, parents before children, with their shapes by code."""

    levels: Sequence[LevelRow]
    rows: Sequence[AreaRow]
    shapes: Mapping[str, Shape] = field(default_factory=dict)
    warnings: Sequence[str] = ()


def read_areas(
    path: Path,
    *,
    levels: Sequence[LevelRow],
    variables: Mapping[str, str],
    problems: Problems,
    polygons: Path | None = None,
    file: str | None = None,
) -> AreaFile:
    """Read the areas and their polygons; mistakes are noted in `problems`.

    Args:
        levels: from the top down.
        variables: code → type of the dictionary's variables of areas; columns may bear their names.
        polygons: the GeoJSON file, when the blueprint has one.
    """
    table = read_csv(
        path,
        problems=problems,
        required=COLUMNS[:4],
        optional=[*COLUMNS[4:], *variables],
        others=SCHEME,
        file=file,
    )
    if table is None:
        return AreaFile(levels=levels, rows=())
    rows = _read_rows(table, levels, variables, problems)
    _check_tree(table.file, rows, {level.code: level.depth for level in levels}, problems)
    depth_of = {level.code: level.depth for level in levels}
    rows.sort(key=lambda row: (depth_of.get(row.level, 0), row.row))
    shapes: dict[str, Shape] = {}
    warnings: list[str] = []
    if polygons is not None:
        shapes, warnings = read_polygons(
            polygons, codes={row.code for row in rows}, problems=problems
        )
    return AreaFile(levels=levels, rows=rows, shapes=shapes, warnings=warnings)


def _read_rows(
    table: Table, levels: Sequence[LevelRow], variables: Mapping[str, str], problems: Problems
) -> list[AreaRow]:
    columns = table.columns
    known_levels = [level.code for level in levels]
    schemes = [name for name in columns if SCHEME.match(name)]
    given = [name for name in variables if any(columns[name])]
    rows = []
    for number in range(len(table)):
        before = len(problems.found)
        code, name = columns["code"][number], columns["name"][number]
        level = columns["level"][number]
        if not code or len(code) > 40 or re.search(r"\s", code):
            problems.add(
                f"“{code}” cannot be the code of an area." if code else "The area has no code.",
                mend="Write 1 to 40 characters without spaces.",
                where=table.where(number, "code"),
                code="AREA_CODE",
            )
        if not name or len(name) > 200:
            problems.add(
                "The area has no name." if not name else "The name is too long.",
                mend="Write 1 to 200 characters.",
                where=table.where(number, "name"),
            )
        if level not in known_levels:
            problems.add(
                f"“{level}” is not a level of this blueprint.",
                mend=" ".join(
                    filter(None, [nearest(level, known_levels), f"Levels: {some(known_levels)}."])
                ),
                where=table.where(number, "level"),
                code="AREA_LEVEL_UNKNOWN",
            )
        valid_from = _date(table, number, "valid_from", problems) or date(1900, 1, 1)
        valid_to = _date(table, number, "valid_to", problems)
        if valid_to is not None and valid_to <= valid_from:
            problems.add(
                f"The area ends on {valid_to}, before it begins on {valid_from}.",
                mend="valid_to is the first day it is no more.",
                where=table.where(number, "valid_to"),
            )
        facts = {
            name: _value(table, number, name, variables[name], problems)
            for name in given
            if columns[name][number]
        }
        if len(problems.found) > before:
            continue
        codes = {scheme[5:]: columns[scheme][number] for scheme in schemes}
        rows.append(
            AreaRow(
                row=table.rows[number],
                code=code,
                parent=columns["parent"][number],
                level=level,
                name=name,
                valid_from=valid_from,
                valid_to=valid_to,
                codes={scheme: other for scheme, other in codes.items() if other},
                variables=facts,
            )
        )
    return rows


def _date(table: Table, number: int, column: str, problems: Problems) -> date | None:
    text = table.columns[column][number]
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        problems.add(
            f"“{text}” is not a date.",
            mend="Write it as 2026-01-31.",
            where=table.where(number, column),
        )
        return None


def _value(table: Table, number: int, column: str, kind: str, problems: Problems) -> Any:
    text = table.columns[column][number]
    try:
        if kind in ("integer", "money"):
            return int(text)
        if kind == "decimal":
            return float(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        return date.fromisoformat(text).isoformat() if kind == "date" else text
    except (ValueError, KeyError):
        problems.add(
            f"“{text}” does not fit the variable “{column}” of type {kind}.",
            mend="Mend the value, or leave it empty when it is not known.",
            where=table.where(number, column),
        )
        return None


def _check_tree(
    file: str, rows: Sequence[AreaRow], depth_of: Mapping[str, int], problems: Problems
) -> None:
    by_code: dict[str, list[AreaRow]] = defaultdict(list)
    for row in rows:
        for other in by_code[row.code]:
            ends = row.valid_to or date.max, other.valid_to or date.max
            if row.valid_from < ends[1] and other.valid_from < ends[0]:
                problems.add(
                    f"The code “{row.code}” is already the area of row {other.row} at that time.",
                    mend="Give each area a code of its own, or end one before the other begins.",
                    where=Where(file=file, row=row.row, field="code"),
                    code="AREA_TWICE",
                )
        by_code[row.code].append(row)
    for row in rows:
        where = Where(file=file, row=row.row, field="parent")
        if not row.parent:
            if depth_of[row.level] != 1:
                problems.add(
                    f"{row.name} is a {row.level} and has no parent.",
                    mend="Only areas of the first level have none.",
                    where=where,
                    code="AREA_PARENT_MISSING",
                )
            continue
        if row.parent == row.code:
            problems.add(
                f"The area “{row.code}” is its own parent.",
                mend="Name the area one level above.",
                where=where,
                code="AREA_OWN_PARENT",
            )
            continue
        parents = by_code.get(row.parent, [])
        if not parents:
            problems.add(
                f"There is no area “{row.parent}”.",
                mend=nearest(row.parent, by_code) or "Add its row, or mend the code.",
                where=where,
                code="AREA_PARENT_UNKNOWN",
            )
            continue
        if parent_of(row, by_code) is None:
            problems.add(
                f"The parent “{row.parent}” is not there on {row.valid_from}.",
                mend="Mend its valid_from, or name the parent of that time.",
                where=where,
                code="AREA_PARENT_UNKNOWN",
            )
            continue
        if depth_of[parents[0].level] >= depth_of[row.level] and not _cycle(row, by_code):
            problems.add(
                f"{row.name} is a {row.level}, its parent “{row.parent}” a {parents[0].level}.",
                mend="A parent is of a level above.",
                where=where,
                code="AREA_PARENT_LEVEL",
            )
    told: set[str] = set()
    for row in rows:
        circle = _cycle(row, by_code)
        if len(circle) > 1 and not told.intersection(circle):
            told.update(circle)
            problems.add(
                f"These areas are each other's parents: {' → '.join([*circle, circle[0]])}.",
                mend="Name a parent of the level above in one of them.",
                where=Where(file=file, row=row.row, field="parent"),
                code="AREA_CIRCLE",
            )


def parent_of(row: AreaRow, by_code: Mapping[str, Sequence[AreaRow]]) -> AreaRow | None:
    """Give the row of the parent that is valid on the day the area begins."""
    for parent in by_code.get(row.parent, ()):
        if parent.valid_from <= row.valid_from < (parent.valid_to or date.max):
            return parent
    return None


def _cycle(row: AreaRow, by_code: Mapping[str, Sequence[AreaRow]]) -> list[str]:
    """Give the circle of parents that `row` stands in, or nothing."""
    seen = [row.code]
    current: AreaRow | None = row
    while current is not None and current.parent:
        if current.parent == row.code:
            return seen
        if current.parent in seen:
            return []  # a circle further up, told at its own rows
        seen.append(current.parent)
        current = parent_of(current, by_code)
    return []


def read_polygons(
    path: Path, *, codes: set[str], problems: Problems
) -> tuple[dict[str, Shape], list[str]]:
    """Read the polygons of areas from GeoJSON, mending those that cross themselves.

    Returns:
        Shapes by area code, and a sentence for each polygon that was mended.
    """
    file = path.name
    text = read_text(path, problems=problems, bytes_max=GEOJSON_BYTES_MAX)
    if text is None:
        return {}, []
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        problems.add(
            f"This is not JSON: {error.msg}.",
            where=Where(file=file, row=error.lineno, column=error.colno),
            code="NOT_JSON",
        )
        return {}, []
    except RecursionError:
        problems.add("This is nested too deeply to be GeoJSON.", where=Where(file=file))
        return {}, []
    features = data.get("features") if isinstance(data, dict) else None
    if not isinstance(features, list):
        problems.add(
            "This is not a FeatureCollection.",
            mend="Write {“type”: “FeatureCollection”, “features”: […]}.",
            where=Where(file=file),
        )
        return {}, []
    shapes: dict[str, Shape] = {}
    warnings: list[str] = []
    for number, feature in enumerate(features, 1):
        properties = feature.get("properties") if isinstance(feature, dict) else None
        code = str(properties.get("code", "")) if isinstance(properties, dict) else ""
        where = Where(file=file, field=f"features[{number}]{f' ({code})' if code else ''}")
        if code not in codes:
            problems.add(
                f"The code “{code}” is not an area of areas.csv." if code else "It has no code.",
                mend=nearest(code, codes) or "Write properties.code.",
                where=where,
                code="POLYGON_UNKNOWN",
            )
            continue
        if code in shapes:
            problems.add("The area has two polygons.", mend="Join them.", where=where)
            continue
        shape = _shape(feature.get("geometry"), code, where, problems, warnings)
        if shape is not None:
            shapes[code] = shape
    return shapes, warnings


def _shape(
    geometry: Any, code: str, where: Where, problems: Problems, warnings: list[str]
) -> Shape | None:
    try:
        polygon = shapely.from_geojson(json.dumps(geometry))
    except shapely.errors.GEOSException as error:
        problems.add(f"The geometry cannot be read: {error}.", where=where, code="POLYGON_BAD")
        return None
    if polygon is None or polygon.is_empty or polygon.geom_type not in ("Polygon", "MultiPolygon"):
        kind = "nothing" if polygon is None or polygon.is_empty else polygon.geom_type
        problems.add(
            f"The geometry is {kind}.",
            mend="Expected a Polygon or a MultiPolygon.",
            where=where,
            code="POLYGON_BAD",
        )
        return None
    west, south, east, north = polygon.bounds
    if west < -180 or east > 180 or south < -90 or north > 90:
        problems.add(
            f"Its coordinates ({west}, {south}) to ({east}, {north}) are not on the globe.",
            mend="Expected longitude and latitude in degrees (WGS 84).",
            where=where,
            code="POLYGON_BAD",
        )
        return None
    if not polygon.is_valid:
        reason = shapely.is_valid_reason(polygon)
        mended = shapely.make_valid(polygon)
        parts = [p for p in shapely.get_parts(mended) if p.geom_type in ("Polygon", "MultiPolygon")]
        polygon = shapely.union_all(parts) if parts else None
        if polygon is None or polygon.is_empty:
            problems.add(
                f"The polygon is not valid and cannot be mended: {reason}.",
                mend="Draw it again.",
                where=where,
                code="POLYGON_BAD",
            )
            return None
        warnings.append(f"The polygon of {code} was not valid ({reason}) and was mended.")
    polygon = shapely.set_precision(polygon, 10**-DIGITS, mode="valid_output")
    if polygon.is_empty:
        problems.add("The polygon has no surface.", mend="Draw it again.", where=where)
        return None
    centre = polygon.representative_point()
    return Shape(shapely.to_geojson(polygon), round(centre.y, 5), round(centre.x, 5))
