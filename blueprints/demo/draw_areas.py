"""Draw the invented country: writes areas.csv and areas.geojson beside this script.

    python blueprints/demo/draw_areas.py

The country is a lattice of about 500 bent cells. Provinces, districts and wards are sets of cells,
and every border runs along edges that both neighbours share, so that no two polygons overlap and no
gap lies between them. Nothing here is a real place; the position is in the open ocean.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
from shapely.geometry import MultiPolygon, Polygon, mapping
from shapely.ops import unary_union

HERE = Path(__file__).parent
SEED = 20260101
COLUMNS, ROWS = 28, 24
# South Atlantic, far from any land.
WEST, SOUTH, STEP_DEGREES = -22.0, -9.0, 0.18

PROVINCES = {"Aruna": 4, "Besimo": 5, "Doralu": 3, "Tembasi": 4}
WARDS_PER_DISTRICT = 5
FIRST = [
    "Ka",
    "Lo",
    "Mi",
    "Sa",
    "Te",
    "Vu",
    "Ny",
    "Ro",
    "Ba",
    "Zi",
    "Hu",
    "Pe",
    "Fa",
    "Ji",
    "Wa",
    "Go",
]
MIDDLE = [
    "ra",
    "me",
    "lin",
    "do",
    "su",
    "ti",
    "ba",
    "ne",
    "ko",
    "sha",
    "ve",
    "lu",
    "mbo",
    "ndi",
    "",
]
LAST = ["ri", "nga", "le", "to", "va", "mu", "sa", "bi", "no", "ra", "lo", "ne", "shi", "ka"]


def lattice(rng: np.random.Generator) -> np.ndarray:
    """Bent lattice points, shape (ROWS + 1, COLUMNS + 1, 2), as longitude and latitude."""
    ys, xs = np.mgrid[0 : ROWS + 1, 0 : COLUMNS + 1].astype(float)
    bend = 0.35 * np.sin(ys / 3.1) + 0.25 * np.cos(xs / 2.3)
    points = np.stack([xs + bend, ys + 0.4 * np.sin(xs / 2.7)], axis=-1)
    points += rng.uniform(-0.22, 0.22, points.shape)
    return np.round(points * STEP_DEGREES + [WEST, SOUTH], 3)


def land(centres: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Which cells are land: a rounded outline with bays."""
    middle = centres.mean(axis=0)
    offset = (centres - middle) / (np.ptp(centres, axis=0) / 2)
    angle = np.arctan2(offset[:, 1], offset[:, 0])
    coast = (
        0.9 + 0.10 * np.sin(3 * angle + 0.8) + 0.06 * np.sin(7 * angle) + 0.03 * np.cos(11 * angle)
    )
    return np.hypot(offset[:, 0], offset[:, 1]) < coast


def split(
    cells: np.ndarray, centres: np.ndarray, parts: int, polygons: list[Polygon], rng
) -> list[np.ndarray]:
    """Split cells into that many connected parts of about the same size (Lloyd's relaxation)."""
    for _ in range(500):
        seeds = centres[rng.choice(cells, parts, replace=False)]
        for _ in range(25):
            nearest = np.linalg.norm(centres[cells][:, None] - seeds[None], axis=2).argmin(axis=1)
            if len(np.unique(nearest)) < parts:
                break
            seeds = np.array(
                [centres[cells[nearest == part]].mean(axis=0) for part in range(parts)]
            )
        groups = [cells[nearest == part] for part in range(parts)]
        smallest = len(cells) // parts // 2
        if all(len(g) >= max(3, smallest) and whole(g, polygons) for g in groups):
            return sorted(
                groups, key=lambda g: (-centres[g].mean(axis=0)[1], centres[g].mean(axis=0)[0])
            )
    raise RuntimeError("no split into connected parts was found: change SEED")


def whole(cells: np.ndarray, polygons: list[Polygon]) -> bool:
    """Say whether the cells make one polygon without holes."""
    union = unary_union([polygons[cell] for cell in cells])
    return isinstance(union, Polygon) and not union.interiors


def names(count: int, rng: np.random.Generator, taken: set[str]) -> list[str]:
    """Invented place names, none twice in the country."""
    found: list[str] = []
    while len(found) < count:
        name = str(rng.choice(FIRST)) + str(rng.choice(MIDDLE)) + str(rng.choice(LAST))
        if name not in taken:
            taken.add(name)
            found.append(name)
    return found


def main() -> None:
    """Write both files beside this script."""
    rng = np.random.default_rng(SEED)
    points = lattice(rng)
    corners = [
        [points[r, c], points[r, c + 1], points[r + 1, c + 1], points[r + 1, c]]
        for r in range(ROWS)
        for c in range(COLUMNS)
    ]
    polygons = [Polygon(corner) for corner in corners]
    centres = np.array([[p.centroid.x, p.centroid.y] for p in polygons])
    cells = np.flatnonzero(land(centres, rng))
    taken = set(PROVINCES)
    rows: list[dict[str, str]] = []
    features: list[dict[str, object]] = []

    def add(code: str, parent: str, level: str, name: str, of: np.ndarray) -> None:
        union = unary_union([polygons[cell] for cell in of])
        if not isinstance(union, Polygon | MultiPolygon) or not union.is_valid:
            raise RuntimeError(f"{code} has no valid polygon: change SEED")
        rows.append(
            {"code": code, "parent": parent, "level": level, "name": name,
             "valid_from": "2000-01-01", "valid_to": ""}
        )  # fmt: skip
        features.append(
            {"type": "Feature", "properties": {"code": code}, "geometry": mapping(union)}
        )

    # Provinces have different numbers of districts, so their cells are dealt by district first.
    for province, (title, part) in enumerate(
        zip(PROVINCES, split(cells, centres, len(PROVINCES), polygons, rng), strict=True), start=1
    ):
        province_code = f"K{province}"
        add(province_code, "", "province", title, part)
        count = PROVINCES[title]
        for district, (district_name, inside) in enumerate(
            zip(names(count, rng, taken), split(part, centres, count, polygons, rng), strict=True),
            start=1,
        ):
            district_code = f"{province_code}{district:02d}"
            add(district_code, province_code, "district", district_name, inside)
            for ward, (ward_name, cell_set) in enumerate(
                zip(
                    names(WARDS_PER_DISTRICT, rng, taken),
                    split(inside, centres, WARDS_PER_DISTRICT, polygons, rng),
                    strict=True,
                ),
                start=1,
            ):
                add(f"{district_code}{ward:02d}", district_code, "ward", ward_name, cell_set)

    order = {"province": 0, "district": 1, "ward": 2}
    rows.sort(key=lambda row: (order[row["level"]], row["code"]))
    # What the wards offer and fear; a draw of its own, so that it can change alone.
    draw = np.random.default_rng(SEED + 1)
    for row in rows:
        ward = row["level"] == "ward"
        row["minutes_to_pay_point"] = str(int(draw.gamma(2.2, 30))) if ward else ""
        row["hazard_level"] = str(int(min(5, draw.poisson(1.3)))) if ward else ""
    with (HERE / "areas.csv").open("w", newline="", encoding="utf-8") as out:
        writer = csv.DictWriter(out, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    lines = ",\n".join(json.dumps(feature, separators=(",", ":")) for feature in features)
    (HERE / "areas.geojson").write_text(
        '{"type":"FeatureCollection","features":[\n' + lines + "\n]}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
