"""Writes of the places room: levels, areas through time, and the blueprint's word on the country.

All of it comes from a blueprint and is written set-based: 80,000 areas are one COPY and a handful
of statements.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pyarrow as pa
from django.db.models import F

from amana.kernel.changes import Changes
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import BadInputs, Conflict, Problems, Where
from amana.kernel.text_source import some
from amana.places import bulk
from amana.places.areas_file import AreaFile, AreaRow, LevelRow, parent_of
from amana.places.models import Area, Country, Level


class AreasWithdrawn(Conflict):
    """Areas that are known have disappeared from the file."""

    code = "AREAS_WITHDRAWN"


class OtherBlueprint(Conflict):
    """This installation holds another blueprint."""

    code = "OTHER_BLUEPRINT"


@dataclass(frozen=True, slots=True)
class CountryDefinition:
    """What `blueprint.yaml` says, with the hash of every file of the folder."""

    blueprint: str
    version: str
    title: Mapping[str, str]
    country: str
    currency: str
    currency_title: Mapping[str, str]
    minor_digits: int
    languages: Sequence[str]
    unit_kind: str
    calendar: str
    files: Mapping[str, str]
    untranslated: Sequence[str]
    sha256: str


@command("places.apply_areas")
def apply_country(*, actor: Actor, country: CountryDefinition, at: datetime) -> Changes:
    """Write what the blueprint says of the country as a whole.

    Raises:
        OtherBlueprint: another blueprint, or another currency, is in use here.
    """
    changes = Changes()
    row = Country.objects.select_for_update().first()
    if row is not None and row.blueprint != country.blueprint:
        raise OtherBlueprint(
            f"This installation holds the blueprint “{row.blueprint}”.",
            mend=f"Set AMANA_HOME to another folder for “{country.blueprint}”.",
            where=Where(file="blueprint.yaml", field="blueprint"),
        )
    money = (country.currency, country.minor_digits)
    if row is not None and (row.currency, row.minor_digits) != money:
        raise OtherBlueprint(
            f"The currency of this installation is {row.currency} with {row.minor_digits} digits;"
            " amounts that are written down cannot change theirs.",
            mend="Leave the currency as it is.",
            where=Where(file="blueprint.yaml", field="currency"),
        )
    values = {
        "version": country.version,
        "title": dict(country.title),
        "country": country.country,
        "currency_title": dict(country.currency_title),
        "languages": list(country.languages),
        "unit_kind": country.unit_kind,
        "calendar": country.calendar,
    }
    kept = {
        **values,
        "files": dict(country.files),
        "untranslated": list(country.untranslated),
        "sha256": country.sha256,
        "applied_at": at,
        "applied_by": actor.username,
    }
    note(subject=country.blueprint, digest=country.sha256)
    if row is None:
        Country.objects.create(
            id=1,
            blueprint=country.blueprint,
            currency=country.currency,
            minor_digits=country.minor_digits,
            **kept,
        )
        changes.add("blueprint", country.blueprint, "created")
        return changes
    changed = any(getattr(row, name) != value for name, value in values.items())
    if changed or row.sha256 != country.sha256:
        Country.objects.filter(pk=1).update(**kept)
    changes.add("blueprint", country.blueprint, "changed" if changed else "unchanged")
    return changes


@command("places.apply_areas")
def apply_areas(*, actor: Actor, areas: AreaFile) -> Changes:
    """Bring levels and areas to what a blueprint says.

    An area is known by its code and the day it begins. It is never removed: one that is no more
    gets a `valid_to`. When one code passes from one row to the next (renamed, or moved under
    another parent), the lineage is kept.

    Returns:
        Counts over levels and areas; changed means name, parent, level, dates, variables, further
        codes or polygon.

    Raises:
        AreasWithdrawn: an area that is known is not in the file.
    """
    changes = Changes(warnings=list(areas.warnings))
    levels = _apply_levels(areas.levels, changes)
    _stage(areas, levels)
    _refuse_withdrawn()
    with bulk.cursor() as cursor:
        cursor.execute(_STATES.format(shapes="true" if areas.shapes else "false"))
        # The planner must know the states and the areas just written, or it joins them row by row.
        cursor.execute("ANALYZE new_area")
        cursor.execute(_UPDATE.format(shapes="true" if areas.shapes else "false"))
        cursor.execute(_INSERT)
        bulk.refresh_statistics("places_area")
        cursor.execute(_FIND_NEW)
        cursor.execute("ANALYZE new_area")
        for statement in (_PARENTS, _PATHS, *_CODES, _LINEAGE):
            cursor.execute(statement)
        cursor.execute("SELECT state, code FROM new_area ORDER BY row")
        for state, code in cursor.fetchall():
            changes.add("area", code, state)
        cursor.execute("DROP TABLE new_area, new_area_code")
    note(created=changes.created, changed=changes.changed, unchanged=changes.unchanged)
    return changes


def _apply_levels(levels: Sequence[LevelRow], changes: Changes) -> dict[str, int]:
    known = {level.code: level for level in Level.objects.all()}
    given = {level.code: level for level in levels}
    gone = [code for code in known if code not in given]
    used = set(Area.objects.values_list("level__code", flat=True).distinct())
    moved = [
        code for code, row in known.items() if code in given and row.depth != given[code].depth
    ]
    if blocked := sorted(used & {*gone, *moved}):
        raise Conflict(
            f"Areas stand on the level {some(blocked)}, which the blueprint takes away or moves.",
            mend="Keep the level at its place.",
            where=Where(file="blueprint.yaml", field="levels"),
            code="LEVEL_IN_USE",
        )
    Level.objects.filter(code__in=gone).delete()
    if moved:
        Level.objects.filter(code__in=moved).update(depth=F("depth") + 1000)
    found: dict[str, int] = {}
    for code, level in given.items():
        row = known.get(code)
        title = dict(level.title)
        if row is None:
            row = Level.objects.create(code=code, title=title, depth=level.depth)
            changes.add("level", code, "created")
        elif row.title != title or row.depth != level.depth:
            Level.objects.filter(pk=row.pk).update(title=title, depth=level.depth)
            changes.add("level", code, "changed")
        else:
            changes.add("level", code, "unchanged")
        found[code] = row.pk
    return found


def _stage(areas: AreaFile, levels: Mapping[str, int]) -> None:
    rows = areas.rows
    by_code: dict[str, list[AreaRow]] = defaultdict(list)
    for row in rows:
        by_code[row.code].append(row)
    parents = [parent_of(row, by_code) if row.parent else None for row in rows]
    shapes = [areas.shapes.get(row.code) for row in rows]
    table = pa.table(
        {
            "row": pa.array([row.row for row in rows], pa.int64()),
            "parent_row": pa.array([p.row if p else None for p in parents], pa.int64()),
            "code": [row.code for row in rows],
            "level_id": pa.array([levels[row.level] for row in rows], pa.int64()),
            "name": [row.name for row in rows],
            "valid_from": pa.array([row.valid_from for row in rows], pa.date32()),
            "valid_to": pa.array([row.valid_to for row in rows], pa.date32()),
            "variables": [json.dumps(dict(row.variables), sort_keys=True) for row in rows],
            "polygon": pa.array([s.geojson if s else None for s in shapes], pa.string()),
            "lat": pa.array([s.lat if s else None for s in shapes], pa.float64()),
            "lon": pa.array([s.lon if s else None for s in shapes], pa.float64()),
        }
    )
    codes = [
        (row.row, scheme, code)
        for row in rows
        if row.valid_to is None
        for scheme, code in row.codes.items()
    ]
    with bulk.cursor() as cursor:
        for statement in _STAGE:
            cursor.execute(statement)
    bulk.copy_arrow("new_area", table)
    if codes:
        columns = list(zip(*codes, strict=True))
        bulk.copy_arrow(
            "new_area_code",
            pa.table(dict(zip(("row", "scheme", "code"), map(list, columns), strict=True))),
        )
    with bulk.cursor() as cursor:
        cursor.execute("ANALYZE new_area")
        cursor.execute(_MATCH)
        cursor.execute(_MATCH_MOVED_START)


def _refuse_withdrawn() -> None:
    with bulk.cursor() as cursor:
        cursor.execute(
            "SELECT a.code, a.name, a.valid_from FROM places_area a WHERE NOT EXISTS"
            " (SELECT FROM new_area n WHERE n.area_id = a.id) ORDER BY a.code LIMIT 20"
        )
        gone = cursor.fetchall()
        cursor.execute(
            "SELECT scheme, code, count(*) FROM new_area_code GROUP BY 1, 2 HAVING count(*) > 1"
            " ORDER BY 1, 2 LIMIT 20"
        )
        doubled = cursor.fetchall()
    problems = Problems("The areas cannot be applied.")
    for scheme, code, count in doubled:
        problems.add(
            f"The code “{code}” stands for {count} areas.",
            mend="Give each area its own.",
            where=Where(file="areas.csv", field=f"code_{scheme}"),
            code="AREA_TWICE",
        )
    for code, name, valid_from in gone:
        problems.found.append(
            AreasWithdrawn(
                f"The area {code} ({name}, from {valid_from}) is known but not in the file.",
                mend="Keep its row; when it is no more, give it a valid_to.",
                where=Where(file="areas.csv", field=code),
            )
        )
    if gone and not doubled:
        raise problems.found[0] if len(gone) == 1 else BadInputs(problems.title, problems.found)
    problems.raise_if_any()


_STAGE = (
    "DROP TABLE IF EXISTS pg_temp.new_area, pg_temp.new_area_code",
    """
    CREATE TEMP TABLE new_area (
        row bigint PRIMARY KEY, parent_row bigint, area_id bigint, code text, level_id bigint,
        name text, valid_from date, valid_to date, variables jsonb, polygon jsonb,
        lat numeric(8, 5), lon numeric(8, 5), state text
    )
    """,
    "CREATE TEMP TABLE new_area_code (row bigint, scheme text, code text)",
)
_MATCH = """
UPDATE new_area n SET area_id = a.id FROM places_area a
WHERE a.code = n.code AND a.valid_from = n.valid_from
"""
# The day an area begins was mended: one row of the code is left on either side.
_MATCH_MOVED_START = """
UPDATE new_area n SET area_id = a.id
FROM (SELECT code, min(id) AS id FROM places_area
      WHERE id NOT IN (SELECT area_id FROM new_area WHERE area_id IS NOT NULL)
      GROUP BY code HAVING count(*) = 1) a,
     (SELECT code FROM new_area WHERE area_id IS NULL GROUP BY code HAVING count(*) = 1) m
WHERE n.area_id IS NULL AND n.code = a.code AND n.code = m.code
"""
_STATES = """
UPDATE new_area n SET state = CASE
    WHEN n.area_id IS NULL THEN 'created'
    WHEN (a.name, a.level_id, a.valid_from, a.valid_to, a.variables)
         IS DISTINCT FROM (n.name, n.level_id, n.valid_from, n.valid_to, n.variables)
      OR ({shapes} AND a.polygon IS DISTINCT FROM n.polygon)
      OR (n.parent_row IS NOT NULL AND p.area_id IS NULL)
      OR a.parent_id IS DISTINCT FROM p.area_id
      OR (SELECT array_agg((c.scheme, c.code)::text ORDER BY c.scheme) FROM places_areacode c
          WHERE c.area_id = a.id)
         IS DISTINCT FROM
         (SELECT array_agg((c.scheme, c.code)::text ORDER BY c.scheme) FROM new_area_code c
          WHERE c.row = n.row)
    THEN 'changed' ELSE 'unchanged' END
FROM new_area m
LEFT JOIN places_area a ON a.id = m.area_id
LEFT JOIN new_area p ON p.row = m.parent_row
WHERE m.row = n.row
"""
# Rows that end come first in effect: the code of an ended area is free for its successor.
_UPDATE = """
UPDATE places_area a SET
    name = n.name, level_id = n.level_id, valid_from = n.valid_from, valid_to = n.valid_to,
    variables = n.variables,
    polygon = CASE WHEN {shapes} THEN n.polygon ELSE a.polygon END,
    centre_lat = CASE WHEN {shapes} THEN n.lat ELSE a.centre_lat END,
    centre_lon = CASE WHEN {shapes} THEN n.lon ELSE a.centre_lon END
FROM new_area n WHERE n.area_id = a.id AND n.state = 'changed'
"""
_INSERT = """
INSERT INTO places_area (level_id, code, name, path, valid_from, valid_to, variables, polygon,
                         centre_lat, centre_lon)
SELECT level_id, code, name, '{}', valid_from, valid_to, variables, polygon, lat, lon
FROM new_area WHERE state = 'created' ORDER BY row
"""
_FIND_NEW = """
UPDATE new_area n SET area_id = a.id FROM places_area a
WHERE n.state = 'created' AND a.code = n.code AND a.valid_from = n.valid_from
"""
_PARENTS = """
UPDATE places_area a SET parent_id = p.area_id
FROM new_area n LEFT JOIN new_area p ON p.row = n.parent_row
WHERE n.area_id = a.id AND n.state <> 'unchanged' AND a.parent_id IS DISTINCT FROM p.area_id
"""
_PATHS = """
WITH RECURSIVE tree AS (
    SELECT id, ARRAY[id] AS path FROM places_area WHERE parent_id IS NULL
    UNION ALL
    SELECT c.id, t.path || c.id FROM places_area c JOIN tree t ON c.parent_id = t.id
)
UPDATE places_area a SET path = t.path FROM tree t WHERE t.id = a.id AND a.path <> t.path
"""
_CODES = (
    """
    DELETE FROM places_areacode c USING new_area n WHERE n.area_id = c.area_id AND NOT EXISTS
        (SELECT FROM new_area_code g
         WHERE g.row = n.row AND g.scheme = c.scheme AND g.code = c.code)
    """,
    """
    INSERT INTO places_areacode (area_id, scheme, code)
    SELECT n.area_id, g.scheme, g.code FROM new_area_code g JOIN new_area n USING (row)
    ON CONFLICT (scheme, code) DO NOTHING
    """,
)
_LINEAGE = """
INSERT INTO places_arealineage (before_id, after_id, kind, "on")
SELECT b.area_id, a.area_id, CASE WHEN b.name <> a.name THEN 'RENAMED' ELSE 'MOVED' END,
       a.valid_from
FROM new_area b JOIN new_area a ON a.code = b.code AND a.valid_from = b.valid_to
ON CONFLICT DO NOTHING
"""
