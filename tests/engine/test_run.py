"""A run over a snapshot: outcomes, what is missing, ranks, places, amounts, and the same hash."""

from __future__ import annotations

import datetime as dt
import hashlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from amana import engine
from amana.engine.errors import RunCancelled, SnapshotDoesNotFit, SnapshotNotFound
from amana.kernel import money
from tests.engine.ground import ON, SCHEMA, born, person, ruleset, write

ROOMS = engine.Model(
    "rooms", "1", "linear", terms=(engine.Term("rooms", "household.rooms", Decimal("1.5")),)
)


def rows_of(path: Path) -> list[dict[str, Any]]:
    with duckdb.connect() as connection:
        found: list[dict[str, Any]] = (
            connection.sql(f"FROM '{path}' ORDER BY unit_id").to_arrow_table().to_pylist()
        )
    return found


def run(
    folder: Path, households: list[dict[str, Any]], rules: engine.RuleSet, **more: Any
) -> tuple[engine.Manifest, list[dict[str, Any]]]:
    snapshot = folder / "snapshot"
    if not snapshot.exists():
        write(snapshot, households)
    compiled = engine.compile_rules(SCHEMA, rules, on=ON)
    manifest = engine.run(compiled, snapshot, folder / "out.parquet", **{"seed": "s", **more})
    return manifest, rows_of(folder / "out.parquet")


def test_outcomes_and_what_is_missing(tmp_path: Path) -> None:
    households = [
        {"roof": "tile", "urban": True, "members": [person(**born("2024-01-01"))]},
        {"roof": "tile", "urban": False, "members": [person()]},
        {"roof": None, "urban": True, "members": [person(disabled=False)]},
        {"roof": None, "urban": None, "members": [person(), person(**born("2025-05-05"))]},
    ]
    rules = ruleset(
        "household.roof == 'tile'",
        "household.urban",
        "members.exists(m, m.age < 5 || m.disabled)",
    )
    manifest, rows = run(tmp_path, households, rules)
    assert [row["outcome"] for row in rows] == [
        "eligible",
        "ineligible",  # not urban: what is not known cannot change it
        "undetermined",
        "undetermined",
    ]
    assert [row["missing"] for row in rows] == [
        [],
        [],
        ["household.roof", "members.age"],  # not disabled is known, the age is not
        ["household.roof", "household.urban"],  # a child of one settles the third
    ]
    assert [(row["c_r1"], row["c_r2"], row["c_r3"]) for row in rows] == [
        (True, True, True),
        (True, False, None),
        (None, True, None),
        (None, None, True),
    ]
    assert manifest.counts == {
        "assessed": 4,
        "eligible": 1,
        "ineligible": 1,
        "undetermined": 2,
        "selected": 1,
        "scored": 0,
        "unscored": 0,
    }
    assert manifest.criteria["r3"] == {"met": 2, "failed": 0, "unknown": 2}


def test_rank_share_counts_those_with_a_score_only(tmp_path: Path) -> None:
    households = [{"rooms": rooms, "members": []} for rooms in (4, 1, None, 3, 2)]
    rules = ruleset("score.rooms.rank_share('district') <= 0.5", models=(ROOMS,))
    manifest, rows = run(tmp_path, households, rules)
    # four have a score: 1.5, 3.0, 4.5, 6.0, so ranks 1 to 4 of 4
    assert [row["rank_share"] for row in rows] == [
        Decimal("1.000000"),
        Decimal("0.250000"),
        None,
        Decimal("0.750000"),
        Decimal("0.500000"),
    ]
    assert [row["c_r1"] for row in rows] == [False, True, None, False, True]
    assert rows[2]["missing"] == ["household.rooms"]
    assert (manifest.counts["scored"], manifest.counts["unscored"]) == (4, 1)


def test_rank_share_compares_exactly_and_not_after_rounding(tmp_path: Path) -> None:
    households = [{"rooms": rooms, "members": []} for rooms in (1, 2, 3)]
    # 1/3 = 0.333333…, which is not at most 0.333333 although it prints so
    rules = ruleset("score.rooms.rank_share('all') <= 0.333333", models=(ROOMS,))
    _, rows = run(tmp_path, households, rules)
    assert [row["c_r1"] for row in rows] == [False, False, False]


def test_higher_is_poorer_ranks_from_the_other_end(tmp_path: Path) -> None:
    model = engine.Model(
        "need", "1", "points", items=(engine.Item("a", (("household.rooms < 2", 10),)),),
        direction="higher_is_poorer",
    )  # fmt: skip
    households = [{"rooms": 1, "members": []}, {"rooms": 5, "members": []}]
    rules = ruleset(
        "score.need.rank_share('all') <= 0.5", models=(model,), priority=("score.need.value",)
    )
    _, rows = run(tmp_path, households, rules)
    assert [(row["score"], row["c_r1"], row["rank"]) for row in rows] == [
        (Decimal("10.000000"), True, 1),
        (Decimal("0.000000"), False, None),
    ]


def test_ties_go_by_the_printed_lottery(tmp_path: Path) -> None:
    households = [{"rooms": 2, "members": []} for _ in range(12)]
    rules = ruleset("true", models=(ROOMS,), priority=("score.rooms.value",))
    _, rows = run(tmp_path, households, rules, seed="draw-7")
    drawn = sorted(range(1, 13), key=lambda n: hashlib.sha256(f"draw-7:{n}".encode()).hexdigest())
    assert sorted(rows, key=lambda row: row["rank"]) == sorted(
        rows, key=lambda row: drawn.index(row["unit_id"])
    )
    _, others = run(tmp_path, households, rules, seed="draw-8")
    assert [row["rank"] for row in rows] != [row["rank"] for row in others]


def test_priority_goes_key_by_key_and_unknown_comes_last(tmp_path: Path) -> None:
    households = [
        {"rooms": 2, "oldest_application": dt.date(2026, 1, 2), "members": []},
        {"rooms": 2, "oldest_application": dt.date(2026, 1, 1), "members": []},
        {"rooms": 1, "oldest_application": None, "members": []},
        {"rooms": None, "oldest_application": dt.date(2020, 1, 1), "members": []},
        {"rooms": 2, "oldest_application": None, "members": []},
    ]
    rules = ruleset(
        "true", models=(ROOMS,), priority=("score.rooms.value", "household.oldest_application")
    )
    _, rows = run(tmp_path, households, rules)
    assert [row["rank"] for row in rows] == [3, 2, 1, 5, 4]
    assert {row["rank_of"] for row in rows} == {5}


def test_places_by_district_select_the_first_of_each(tmp_path: Path) -> None:
    households = [
        {"rooms": rooms, "area_district": area, "area_id": area, "members": []}
        for rooms, area in [(1, 10), (2, 10), (3, 10), (1, 11), (2, 11), (1, None)]
    ]
    rules = ruleset("household.rooms < 3", priority=("household.rooms",))
    places = engine.Places(by="district", areas={10: 1})
    manifest, rows = run(tmp_path, households, rules, places=places)
    assert [(row["rank"], row["rank_of"], row["selected"]) for row in rows] == [
        (1, 2, True),
        (2, 2, False),
        (None, None, False),
        (1, 2, False),  # an area that is not named has no places
        (2, 2, False),
        (None, None, False),  # no district: no place can be given
    ]
    assert manifest.counts["selected"] == 1


def test_places_overall(tmp_path: Path) -> None:
    households = [{"rooms": rooms, "members": []} for rooms in (3, 1, 2)]
    rules = ruleset("true", priority=("-household.rooms",))
    _, rows = run(tmp_path, households, rules, places=engine.Places(count=2))
    assert [row["selected"] for row in rows] == [True, False, True]


AMOUNTS = [
    # (rounding, step, amount in minor units before rounding, after)
    ("half_up", 1, "household.land * money(0.01)", "2.5", 3),
    ("half_even", 1, "household.land * money(0.01)", "2.5", 2),
    ("half_even", 1, "household.land * money(0.01)", "3.5", 4),
    ("half_even", 1, "household.land * money(0.01)", "2.500001", 3),
    ("down", 1, "household.land * money(0.01)", "2.999999", 2),
    ("up", 1, "household.land * money(0.01)", "2.000001", 3),
    ("half_up", 100, "household.land * money(1)", "2.5", 300),
    ("half_up", 100, "household.land * money(1)", "2.499999", 200),
    ("up", 500, "household.land * money(1)", "5.000001", 1000),
    ("up", 500, "household.land * money(1)", "5", 500),
    ("down", 500, "household.land * money(1)", "9.99", 500),
]


@pytest.mark.parametrize(("rounding", "step", "amount", "land", "minor"), AMOUNTS)
def test_amounts_are_rounded_once_as_named(
    tmp_path: Path, rounding: str, step: int, amount: str, land: str, minor: int
) -> None:
    rules = ruleset(benefits=(engine.Benefit("b", amount, engine.Rounding(rounding), step),))
    _, rows = run(tmp_path, [{"land": Decimal(land), "members": []}], rules)
    assert rows[0]["b_b"] == minor


def test_amount_per_child_up_to_three_and_unknown_when_the_count_is(tmp_path: Path) -> None:
    child, other = born("2025-01-01"), born("1990-01-01")
    households = [{"members": [person(**child)] * n + [person(**other)]} for n in (0, 2, 5)] + [
        {"members": [person(**born("2020-01-01", "2022-12-31"))]}
    ]
    rules = ruleset(
        benefits=(
            engine.Benefit("base", "param.base"),
            engine.Benefit("child", "money(5) * min(members.count(m, m.age < 5), 3)"),
        )
    )
    _, rows = run(tmp_path, households, rules)
    assert [(row["b_base"], row["b_child"]) for row in rows] == [
        (2000, 0),
        (2000, 1000),
        (2000, 1500),
        (2000, None),
    ]


def test_other_kinds_of_group_and_unlisted_columns_stay_out(tmp_path: Path) -> None:
    households = [{"members": []}, {"kind": "INSTITUTION", "members": []}]
    manifest, rows = run(tmp_path, households, ruleset("true"))
    assert [row["unit_id"] for row in rows] == [1]
    assert list(rows[0]) == [
        *("unit_id", "area_id", "outcome", "c_r1", "missing", "score", "rank", "rank_of"),
        *("rank_share", "selected"),
    ]
    assert manifest.columns == tuple(rows[0])


def test_person_programme_reads_rank_of_the_household(tmp_path: Path) -> None:
    households = [
        {"rooms": 1, "members": [person(disabled=True), person(disabled=False)]},
        {"rooms": 4, "members": [person(disabled=True)]},
        {"rooms": None, "members": [person(disabled=True)]},
        {"group_id": None, "members": [person(disabled=True)]},
    ]
    rules = ruleset(
        "person.disabled",
        "score.rooms.rank_share('all') <= 0.5",
        unit="person",
        models=(ROOMS,),
        priority=("score.rooms.value",),
    )
    _, rows = run(tmp_path, households, rules)
    assert [(row["outcome"], row["score"], row["missing"]) for row in rows] == [
        ("eligible", Decimal("1.500000"), []),
        ("ineligible", Decimal("1.500000"), []),
        ("ineligible", Decimal("6.000000"), []),
        ("undetermined", None, ["household.rooms"]),
        ("undetermined", None, ["person.household"]),
    ]


def test_person_in_two_households_is_one_unit(tmp_path: Path) -> None:
    twice = {"person_id": 77, "sex": "MALE"}
    households = [
        {"rooms": 1, "members": [person(**twice), person(sex="FEMALE")]},
        {"rooms": 9, "members": [person(**twice, home=False, presence="PART"), person()]},
    ]
    _, rows = run(tmp_path, households, ruleset("household.rooms == 1", unit="person"))
    assert [row["unit_id"] for row in rows] == [2, 4, 77]
    assert [row["c_r1"] for row in rows] == [True, False, True]
    # and is counted as a member in both
    _, rows = run(tmp_path, households, ruleset("members.count() == 2"))
    assert [row["c_r1"] for row in rows] == [True, True]


HOUSEHOLDS: list[dict[str, Any]] = [
    {
        "rooms": n % 7 or None,
        "area_district": 10 + n % 2,
        "roof": ["tile", "metal", None][n % 3],
        "members": [person(**born(f"{1950 + (n * 7 + k * 11) % 75}-06-15")) for k in range(n % 4)],
    }
    for n in range(1, 60)
]
RULES = ruleset(
    "members.exists(m, m.age < 18)",
    "score.rooms.rank_share('district') <= 0.6",
    "household.roof != 'tile'",
    models=(ROOMS,),
    priority=("score.rooms.value",),
    benefits=(engine.Benefit("base", "param.base"),),
)


@pytest.mark.parametrize("slices", [2, 3, 7])
def test_slices_change_nothing(tmp_path: Path, slices: int) -> None:
    whole, _ = run(tmp_path, HOUSEHOLDS, RULES)
    parts, _ = run(tmp_path, HOUSEHOLDS, RULES, slices=slices)
    assert whole.sha256 == parts.sha256


def test_same_snapshot_rules_and_seed_give_the_same_hash(tmp_path: Path) -> None:
    first, _ = run(tmp_path, HOUSEHOLDS, RULES, seed="a")
    again, _ = run(tmp_path, HOUSEHOLDS, RULES, seed="a")
    other, _ = run(tmp_path, HOUSEHOLDS, RULES, seed="b")
    assert first.sha256 == again.sha256 != other.sha256


def test_cancelled_run_leaves_nothing(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []

    def progress(done: int, total: int) -> bool:
        seen.append((done, total))
        return done < 1

    with pytest.raises(RunCancelled):
        run(tmp_path, HOUSEHOLDS, RULES, slices=3, progress=progress)
    assert seen[-1] == (1, 3)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["snapshot"]


def test_query_and_manifest_are_stored_beside_the_result(tmp_path: Path) -> None:
    run(tmp_path, HOUSEHOLDS, RULES)
    text = (tmp_path / "out.sql").read_text()
    assert "AMANA_DIVIDE" in text.upper()
    assert (tmp_path / "out.manifest.json").is_file()


def test_snapshot_without_a_column_the_rules_read_is_refused(tmp_path: Path) -> None:
    write(tmp_path / "snapshot", HOUSEHOLDS)
    wider = engine.Schema.build(
        groups={**SCHEMA.groups, "wells": engine.Column(engine.Kind.INTEGER)}
    )
    compiled = engine.compile_rules(wider, ruleset("household.wells > 0"), on=ON)
    with pytest.raises(SnapshotDoesNotFit, match=r"groups\.wells"):
        engine.run(compiled, tmp_path / "snapshot", tmp_path / "out.parquet", seed="s")


def test_altered_snapshot_is_found_out(tmp_path: Path) -> None:
    snapshot = write(tmp_path / "snapshot", HOUSEHOLDS)
    snapshot.verify()
    path = snapshot.path("groups")
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(SnapshotNotFound, match="altered"):
        snapshot.verify()


def test_snapshot_is_written_once_and_sorted(tmp_path: Path) -> None:
    households = [{"group_id": 5, "members": [person(), person()]}, {"group_id": 2, "members": []}]
    snapshot = write(tmp_path / "snapshot", households)
    with duckdb.connect() as connection:
        found = connection.execute(f"SELECT group_id FROM '{snapshot.path('groups')}'").fetchall()
    assert found == [(2,), (5,)]
    assert snapshot.rows("people") == 2
    with pytest.raises(FileExistsError):
        write(tmp_path / "snapshot", households)


def test_snapshot_without_a_column_of_its_schema_is_refused(tmp_path: Path) -> None:
    from tests.engine.ground import tables

    given = tables([{"members": []}])
    given["groups"] = given["groups"].drop_columns(["rooms"])
    with pytest.raises(SnapshotDoesNotFit, match="lacks the column rooms"):
        engine.write_snapshot(
            tmp_path / "snapshot",
            reference="SNP-X",
            taken_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
            as_of=ON,
            dictionary_version="1",
            schema=SCHEMA,
            tables=given,
        )
    assert list(tmp_path.iterdir()) == []


def test_persons_are_scored_and_ranked_by_a_model_of_persons(tmp_path: Path) -> None:
    model = engine.Model(
        "need", "1", "linear", of="person", direction="higher_is_poorer",
        terms=(
            engine.Term("grade", "person.grade", Decimal(1)),
            engine.Term("rooms", "household.rooms", Decimal("-0.5")),
        ),
    )  # fmt: skip
    households = [
        {"rooms": 2, "members": [person(grade=3), person(grade=9)]},
        {"rooms": 4, "members": [person(grade=9), person()]},
        {"group_id": None, "members": [person(grade=9)]},
    ]
    rules = ruleset(
        "score.need.rank_share('all') <= 0.5",
        unit="person",
        models=(model,),
        priority=("score.need.value",),
    )
    _, rows = run(tmp_path, households, rules)
    assert [(row["score"], row["c_r1"], row["rank"], row["missing"]) for row in rows] == [
        (Decimal("2.000000"), False, None, []),
        (Decimal("8.000000"), True, 1, []),
        (Decimal("7.000000"), False, None, []),  # second of three: 0.67
        (None, None, None, ["person.grade"]),
        (None, None, None, ["household.rooms"]),
    ]


def test_two_rank_shares_are_both_kept(tmp_path: Path) -> None:
    households = [
        {"rooms": rooms, "area_district": area, "members": []}
        for rooms, area in [(1, 10), (2, 10), (3, 11), (4, 11)]
    ]
    rules = ruleset(
        "score.rooms.rank_share('district') <= 0.5 || score.rooms.rank_share('all') <= 0.5",
        models=(ROOMS,),
    )
    _, rows = run(tmp_path, households, rules)
    assert [row["c_r1"] for row in rows] == [True, True, True, False]
    assert [row["rank_share_rooms_all"] for row in rows] == [
        Decimal("0.25"),
        Decimal("0.5"),
        Decimal("0.75"),
        Decimal(1),
    ]
    assert [row["rank_share_rooms_district"] for row in rows] == [Decimal("0.5"), Decimal(1)] * 2


def test_family_is_a_unit_of_its_own_kind(tmp_path: Path) -> None:
    households = [
        {"kind": "FAMILY", "rooms": 1, "members": [person(sex="FEMALE")]},
        {"kind": "HOUSEHOLD", "rooms": 1, "members": []},
    ]
    rules = ruleset("group.rooms == 1 && members.exists(m, m.sex == 'FEMALE')", unit="family")
    _, rows = run(tmp_path, households, rules)
    assert [(row["unit_id"], row["outcome"]) for row in rows] == [(1, "eligible")]


def test_macro_may_read_the_household_and_the_area(tmp_path: Path) -> None:
    households = [
        {"rooms": 3, "members": [person(grade=3), person(grade=None)]},
        {"rooms": None, "members": [person(grade=3)]},
        {"rooms": 5, "members": [person(grade=3)]},
    ]
    rules = ruleset(
        "members.exists(m, m.grade == household.rooms && area.hazard > 1)",
        "members.sum(m, m.grade * household.rooms) == 15",
    )
    write(tmp_path / "snapshot", households, area={"hazard": 2})
    _, rows = run(tmp_path, households, rules)
    assert [(row["c_r1"], row["c_r2"], row["missing"]) for row in rows] == [
        (True, None, ["members.grade"]),
        (None, None, ["household.rooms"]),
        (False, True, []),
    ]


@pytest.mark.parametrize("rounding", list(engine.Rounding))
def test_amounts_are_rounded_as_money_is_everywhere(
    tmp_path: Path, rounding: engine.Rounding
) -> None:
    exact = [Decimal(n) / 8 for n in range(-40, 41)] + [Decimal("1.000001"), Decimal("-0.499999")]
    households = [{"land": amount, "members": []} for amount in exact]
    rules = ruleset(
        benefits=tuple(
            engine.Benefit(f"b{step}", "household.land * money(0.01)", rounding, step)
            for step in (1, 2, 5)
        )
    )
    _, rows = run(tmp_path, households, rules)
    for amount, row in zip(exact, rows, strict=True):
        for step in (1, 2, 5):
            whole = (amount / step).to_integral_value(money.Rounding[rounding.name].value) * step
            assert row[f"b_b{step}"] == int(whole), f"{amount} to {step}, {rounding}"
