"""Areas of a blueprint: each mistake told with its row, areas through time, applied twice."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from amana.kernel.changes import Changes
from amana.kernel.errors import AmanaError, BadInputs, Problems
from amana.places import commands as places
from amana.places.areas_file import AreaFile, LevelRow, read_areas, read_polygons
from amana.places.models import Area, AreaCode, AreaLineage, Level
from tests.making import make_actor

LEVELS = [
    LevelRow("province", {"": "Province"}, 1),
    LevelRow("district", {"": "District"}, 2),
    LevelRow("ward", {"": "Ward"}, 3),
]
HEADING = "code,parent,level,name,valid_from,valid_to\n"
GOOD = HEADING + (
    "K,,province,Aruna,2000-01-01,\n"
    "K1,K,district,North,2000-01-01,\n"
    "K2,K,district,South,2000-01-01,\n"
    "K11,K1,ward,Mill,2000-01-01,\n"
)
SQUARE = [[[0, 0], [0, 1], [1, 1], [1, 0], [0, 0]]]
POINT = """{"features": [{"properties": {"code": "K"},
                      "geometry": {"type": "Point", "coordinates": [1, 1]}}]}"""
BOW_TIE = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]


def read(
    folder: Path, text: str, shapes: dict[str, object] | None = None
) -> tuple[AreaFile, Problems]:
    (folder / "areas.csv").write_text(text)
    polygons = None
    if shapes is not None:
        polygons = folder / "areas.geojson"
        features = [
            {
                "type": "Feature",
                "properties": {"code": code},
                "geometry": {"type": "Polygon", "coordinates": rings},
            }
            for code, rings in shapes.items()
        ]
        polygons.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    problems = Problems("The areas have mistakes.")
    areas = read_areas(
        folder / "areas.csv",
        levels=LEVELS,
        variables={"minutes_to_school": "integer"},
        problems=problems,
        polygons=polygons,
    )
    return areas, problems


def apply(folder: Path, text: str, shapes: dict[str, object] | None = None) -> Changes:
    areas, problems = read(folder, text, shapes)
    problems.raise_if_any()
    return places.apply_areas(actor=make_actor("geographer"), areas=areas)


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("K1,K,", "K1,K1,", "areas.csv, row 3, parent: The area “K1” is its own parent."),
        ("K,,province", "K,K11,province", "parents: K → K11 → K1 → K."),
        ("K11,K1,", "K11,K7,", "row 5, parent: There is no area “K7”. Did you mean “K"),
        ("K1,K,district", "K1,K,distrct", "row 3, level: “distrct” is not a level of this"),
        ("K2,K,", "K1,K,", "row 4, code: The code “K1” is already the area of row 3"),
        ("K11,K1,ward", "K11,K1,province", "row 5, parent: Mill is a province, its parent"),
        ("K1,K,district", "K1,,district", "North is a district and has no parent."),
        ("Mill,2000-01-01", "Mill,1 May", "row 5, valid_from: “1 May” is not a date."),
        ("Mill,2000-01-01,", "Mill,2000-01-01,1999-01-01", "before it begins"),
        ("Mill,2000-01-01", "Mill,1980-01-01", "The parent “K1” is not there on 1980-01-01."),
        ("K11,K1,ward,Mill", "K11,K1,ward,", "row 5, name: The area has no name."),
        ("K11,K1", "K 11,K1", "“K 11” cannot be the code of an area."),
    ],
)
def test_area_is_refused_with_its_row(tmp_path: Path, was: str, now: str, words: str) -> None:
    assert was in GOOD
    _, problems = read(tmp_path, GOOD.replace(was, now, 1))
    told = [str(error) for error in problems.found]
    assert any(words in error for error in told), told


def test_all_mistakes_are_told_when_several_rows_are_wrong(tmp_path: Path) -> None:
    text = GOOD.replace("K1,K,", "K1,K1,").replace("K2,K,", "K2,Z,")
    _, problems = read(tmp_path, text)
    with pytest.raises(BadInputs) as caught:
        problems.raise_if_any()
    codes = [error["code"] for error in caught.value.as_dict()["errors"]]
    assert codes == ["AREA_OWN_PARENT", "AREA_PARENT_UNKNOWN"]


@pytest.mark.django_db
def test_second_time_changes_nothing(tmp_path: Path) -> None:
    first = apply(tmp_path, GOOD, {"K": SQUARE})
    second = apply(tmp_path, GOOD, {"K": SQUARE})
    assert first.counts() == {"created": 7, "changed": 0, "unchanged": 0}  # 3 levels, 4 areas
    assert second.counts() == {"created": 0, "changed": 0, "unchanged": 7}
    mill = Area.objects.get(code="K11")
    chain = [Area.objects.get(code=code).pk for code in ("K", "K1", "K11")]
    assert mill.path == chain
    assert [level.code for level in Level.objects.all()] == ["province", "district", "ward"]


@pytest.mark.django_db
def test_only_what_differs_is_changed(tmp_path: Path) -> None:
    apply(tmp_path, GOOD)
    text = GOOD.replace("South", "Far South").replace("K11,K1,", "K11,K2,")
    changes = apply(tmp_path, text + "K21,K2,ward,Ford,2000-01-01,\n")
    assert changes.counts() == {"created": 1, "changed": 2, "unchanged": 5}
    assert [(item.code, item.what) for item in changes.items] == [
        ("K2", "changed"),
        ("K11", "changed"),
        ("K21", "created"),
    ]
    south = Area.objects.get(code="K2")
    assert Area.objects.get(code="K11").path == [south.parent_id, south.pk, Area.objects.get(
        code="K11").pk]  # fmt: skip


@pytest.mark.django_db
def test_renamed_area_has_two_rows_and_a_lineage(tmp_path: Path) -> None:
    apply(tmp_path, GOOD)
    text = GOOD.replace(
        "K2,K,district,South,2000-01-01,\n",
        "K2,K,district,South,2000-01-01,2026-07-01\nK2,K,district,Coast,2026-07-01,\n",
    )
    assert apply(tmp_path, text).counts() == {"created": 1, "changed": 1, "unchanged": 6}
    assert apply(tmp_path, text).counts() == {"created": 0, "changed": 0, "unchanged": 8}
    lineage = AreaLineage.objects.get()
    assert (lineage.before.name, lineage.after.name, lineage.kind) == ("South", "Coast", "RENAMED")


@pytest.mark.django_db
def test_area_that_disappears_is_refused_and_nothing_is_half_done(tmp_path: Path) -> None:
    apply(tmp_path, GOOD)
    text = GOOD.replace("K11,K1,ward,Mill,2000-01-01,\n", "").replace("South", "Far South")
    with pytest.raises(AmanaError, match=r"K11 \(Mill, from 2000-01-01\) is known but not in"):
        apply(tmp_path, text)
    assert Area.objects.get(code="K2").name == "South"


@pytest.mark.django_db
def test_start_of_an_area_may_be_mended(tmp_path: Path) -> None:
    apply(tmp_path, GOOD)
    before = Area.objects.get(code="K11").pk
    changes = apply(tmp_path, GOOD.replace("Mill,2000-01-01", "Mill,2010-01-01"))
    assert changes.counts() == {"created": 0, "changed": 1, "unchanged": 6}
    assert Area.objects.get(code="K11").pk == before


@pytest.mark.django_db
def test_further_codes_and_variables_are_kept(tmp_path: Path) -> None:
    text = (
        "code,parent,level,name,code_pcode,minutes_to_school\n"
        "K,,province,Aruna,XA01,\nK1,K,district,North,XA0101,35\n"
    )
    apply(tmp_path, text)
    assert Area.objects.get(code="K1").variables == {"minutes_to_school": 35}
    assert AreaCode.objects.get(scheme="pcode", code="XA0101").area.name == "North"
    assert apply(tmp_path, text).changed == 0
    assert apply(tmp_path, text.replace("XA0101", "XA0102")).changed == 1


@pytest.mark.django_db
def test_polygon_that_crosses_itself_is_mended_and_told(tmp_path: Path) -> None:
    changes = apply(tmp_path, GOOD, {"K1": BOW_TIE, "K2": SQUARE})
    assert changes.warnings == [
        "The polygon of K1 was not valid (Self-intersection[0.5 0.5]) and was mended."
    ]
    mended = Area.objects.get(code="K1")
    assert mended.polygon["type"] == "MultiPolygon"
    assert len(mended.polygon["coordinates"]) == 2
    assert 0 <= float(mended.centre_lat or -1) <= 1


@pytest.mark.parametrize(
    ("shapes", "words"),
    [
        ({"K9": SQUARE}, "features[1] (K9): The code “K9” is not an area of areas.csv."),
        ({"K": [[[0, 0], [0, 1], [0, 0], [0, 0]]]}, "cannot be mended"),
        ({"K": [[[200, 0], [200, 1], [201, 1], [200, 0]]]}, "are not on the globe"),
    ],
)
def test_polygon_is_refused_by_name(tmp_path: Path, shapes: dict[str, object], words: str) -> None:
    _, problems = read(tmp_path, GOOD, shapes)
    assert words in str(problems.found[0])


def test_real_polygons_are_mended_by_name(shared_data: Path, tmp_path: Path) -> None:
    """Of the municipalities of Pará, some cross themselves, 1500909 among them; all are mended."""
    packed = shared_data / "geo" / "brazil" / "geojs-15-mun.json.gz"
    data = json.loads(gzip.decompress(packed.read_bytes()))
    for feature in data["features"]:
        feature["properties"] = {"code": str(feature["properties"]["id"])}
    (tmp_path / "areas.geojson").write_text(json.dumps(data))
    problems = Problems("polygons")
    codes = {feature["properties"]["code"] for feature in data["features"]}
    shapes, warnings = read_polygons(tmp_path / "areas.geojson", codes=codes, problems=problems)
    assert problems.found == []
    assert shapes.keys() == codes
    assert any(warning.startswith("The polygon of 1500909 was not valid") for warning in warnings)
    assert len(warnings) < len(shapes) / 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "areas.geojson, row 1, column 2: This is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ("[]", "This is not a FeatureCollection."),
        ('{"features": [3]}', "features[1]: It has no code."),
        ('{"features": [{"properties": ["K"]}]}', "features[1]: It has no code."),
        ('{"features": [{"properties": {"code": "K"}}]}', "features[1] (K): The geometry"),
        (POINT, "The geometry is Point."),
    ],
)
def test_file_of_polygons_is_refused(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "areas.geojson").write_text(text)
    problems = Problems("polygons")
    read_polygons(tmp_path / "areas.geojson", codes={"K"}, problems=problems)
    assert words in str(problems.found[0])


@pytest.mark.django_db
def test_a_country_of_ninety_thousand_areas_is_applied_and_repeated(
    shared_data: Path, tmp_path: Path
) -> None:
    """Indonesia: 38 provinces, 514 regencies, 7,285 districts, 83,762 villages."""
    folder = shared_data / "geo" / "indonesia"
    rows = [["code", "parent", "level", "name"]]
    for level, name in (
        ("province", "provinces.csv"),
        ("regency", "regencies.csv"),
        ("district", "districts.csv.gz"),
        ("village", "villages.csv.gz"),
    ):
        data = (folder / name).read_bytes()
        text = (gzip.decompress(data) if name.endswith(".gz") else data).decode()
        for row in csv.DictReader(text.splitlines()):
            values = list(row.values())
            parent = values[1] if len(values) > 2 else ""
            rows.append([row["code"], parent, level, row["name"]])
    with (tmp_path / "areas.csv").open("w", newline="") as target:
        csv.writer(target).writerows(rows)
    problems = Problems("areas")
    levels = [
        LevelRow(code, {"": code}, depth)
        for depth, code in enumerate(("province", "regency", "district", "village"), 1)
    ]
    areas = read_areas(tmp_path / "areas.csv", levels=levels, variables={}, problems=problems)
    problems.raise_if_any()
    actor = make_actor("geographer")
    total = 38 + 514 + 7_285 + 83_762
    assert places.apply_areas(actor=actor, areas=areas).created == total + 4
    assert places.apply_areas(actor=actor, areas=areas).unchanged == total + 4
    village = Area.objects.get(code="11.01.01.2001")
    codes = [Area.objects.get(pk=key).code for key in village.path]
    assert codes == ["11", "11.01", "11.01.01", "11.01.01.2001"]
