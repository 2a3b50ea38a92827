"""Scores: exact sums, the rounding named, unknown when an input is."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from amana import engine
from tests.engine.ground import ON, SCHEMA, born, person, write
from tests.engine.test_run import rows_of


def scored(
    folder: Path, model: engine.Model, *households: dict[str, Any]
) -> list[tuple[Decimal | None, list[str]]]:
    write(folder / "snapshot", [{"members": [], **household} for household in households])
    compiled = engine.compile_model(SCHEMA, model, on=ON)
    manifest = engine.run_model(compiled, folder / "snapshot", folder / "scores.parquet")
    rows = rows_of(folder / "scores.parquet")
    known = sum(row["score"] is not None for row in rows)
    assert manifest.counts == {
        "assessed": len(rows),
        "scored": known,
        "unscored": len(rows) - known,
    }
    return [(row["score"], row["missing"]) for row in rows]


def linear(*terms: tuple[str, str], **more: Any) -> engine.Model:
    listed = tuple(
        engine.Term(f"t{n}", value, Decimal(weight)) for n, (value, weight) in enumerate(terms)
    )
    return engine.Model("m", "1", "linear", terms=listed, **more)


def test_linear_model_adds_weighted_values(tmp_path: Path) -> None:
    model = linear(
        ("household.rooms", "0.25"),
        ("household.roof == 'tile'", "1.5"),
        ("household.land", "-0.1"),
        ("members.count(m, m.age < 5)", "-0.333333"),
        intercept=Decimal("7.000001"),
    )
    children = [person(**born("2024-01-01"))] * 2
    household = {"rooms": 3, "roof": "tile", "land": Decimal("2.5"), "members": children}
    # 7.000001 + 0.75 + 1.5 - 0.25 - 0.666666 = 8.333335
    unknown = {"rooms": 3, "roof": None, "land": None, "members": [person()]}
    assert scored(tmp_path, model, household, unknown) == [
        (Decimal("8.333335"), []),
        (None, ["household.land", "household.roof", "members.age"]),
    ]


ROUNDED = [
    # weight, land, digits, score: halves go up
    ("0.0000005", "1", 6, "0.000001"),
    ("-0.0000005", "1", 6, "0.000000"),
    ("0.000000499999", "1", 6, "0.000000"),
    ("1", "2.5", 0, "3"),
    ("-1", "2.5", 0, "-2"),
    ("1", "2.345", 2, "2.35"),
    ("0.123456789012", "1", 6, "0.123457"),
]


@pytest.mark.parametrize(("weight", "land", "digits", "score"), ROUNDED)
def test_score_is_rounded_once_at_the_end(
    tmp_path: Path, weight: str, land: str, digits: int, score: str
) -> None:
    model = linear(("household.land", weight), round=digits)
    assert scored(tmp_path, model, {"land": Decimal(land)}) == [(Decimal(score), [])]


def test_score_beyond_its_range_is_unknown(tmp_path: Path) -> None:
    model = linear(("household.rooms", "999999"), ("household.land", "999999"))
    assert scored(tmp_path, model, {"rooms": 2**62, "land": Decimal(1)}) == [
        (None, ["household.land", "household.rooms"])
    ]


def test_scorecard_gives_the_points_of_the_first_answer_that_holds(tmp_path: Path) -> None:
    model = engine.Model(
        "card",
        "1",
        "points",
        items=(
            engine.Item("rooms", (("household.rooms >= 4", 9), ("household.rooms >= 2", 5))),
            engine.Item("roof", (("household.roof == 'tile'", 3), ("true", 1))),
        ),
    )
    assert scored(
        tmp_path,
        model,
        {"rooms": 5, "roof": "tile"},
        {"rooms": 2, "roof": "thatch"},
        {"rooms": 1, "roof": "tile"},
        {"rooms": None, "roof": "tile"},
        {"rooms": 5, "roof": None},
    ) == [
        (Decimal(12), []),
        (Decimal(6), []),
        (Decimal(3), []),
        (None, ["household.rooms"]),
        (None, ["household.roof"]),
    ]


def test_answer_that_holds_asks_nothing_of_those_after_it(tmp_path: Path) -> None:
    item = engine.Item("a", (("household.urban", 4), ("household.rooms > 2", 2), ("true", 0)))
    model = engine.Model("card", "1", "points", items=(item,))
    assert scored(
        tmp_path, model, {"urban": True}, {"urban": False}, {"urban": None, "rooms": 1}
    ) == [(Decimal(4), []), (None, ["household.rooms"]), (None, ["household.urban"])]
