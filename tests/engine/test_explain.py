"""Explanations: one unit, the same answer as the run, every reason, in milliseconds."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from amana import engine
from amana.engine.errors import SnapshotDoesNotFit, UnitNotFound
from tests.engine.ground import ON, SCHEMA, born, explained, person, ruleset, tables, write
from tests.engine.test_run import HOUSEHOLDS, ROOMS, RULES, rows_of, run


def test_live_unit_gets_what_the_run_decided(tmp_path: Path) -> None:
    _, rows = run(tmp_path, HOUSEHOLDS, RULES)
    compiled = engine.compile_rules(SCHEMA, RULES, on=ON)
    outcomes = {True: "met", False: "failed", None: "unknown"}
    for row in rows:
        found = engine.explain(
            compiled, tmp_path / "snapshot", row["unit_id"], results=tmp_path / "out.parquet"
        )
        assert found.outcome == row["outcome"]
        assert found.missing == tuple(row["missing"])
        assert [c.outcome for c in found.criteria] == [outcomes[row[f"c_r{n}"]] for n in (1, 2, 3)]
        assert (found.score, found.rank, found.rank_of) == (
            row["score"],
            row["rank"],
            row["rank_of"],
        )
        assert found.benefits == {"base": row["b_base"]}


def test_snapshot_is_ranked_again_when_no_results_are_given(tmp_path: Path) -> None:
    _, rows = run(tmp_path, HOUSEHOLDS, RULES)
    compiled = engine.compile_rules(SCHEMA, RULES, on=ON)
    found = engine.explain(compiled, tmp_path / "snapshot", 9)
    assert found.rank_share == rows[8]["rank_share"]


def test_reasons_in_words_never_read_unknown_as_no() -> None:
    found = explained("household.urban", "household.rooms > 2", rooms=1)
    assert found.outcome == "ineligible"
    assert found.words == (
        "Not eligible. household.urban: not known yet, because household.urban is not recorded. "
        "household.rooms > 2: no."
    )


def test_each_unknown_criterion_names_what_could_settle_it() -> None:
    found = explained(
        "household.urban || (household.rooms > 2 && household.roof == 'tile')",
        "members.sum(m, m.income) > money(3)",
        "members.exists(m, m.disabled && m.age > 17)",
        rooms=1,
        members=[
            person(disabled=False),
            person(disabled=True),
            person(**born("1980-01-01"), income=400),
        ],
    )
    assert [(c.outcome, c.missing) for c in found.criteria] == [
        ("unknown", ("household.urban",)),  # rooms settle the other side: the roof is not asked
        ("unknown", ("members.income",)),
        ("unknown", ("members.age", "members.disabled")),
    ]
    assert found.criteria[1].values == {"members.income": [None, None, 400]}


def test_zero_divisor_names_what_it_was_computed_from() -> None:
    (criterion,) = explained(
        "decimal(household.cattle) / household.rooms > 1", rooms=0, cattle=4
    ).criteria
    assert (criterion.outcome, criterion.missing) == (
        "unknown",
        ("household.cattle", "household.rooms"),
    )


def test_least_of_no_members_names_the_members() -> None:
    (criterion,) = explained("members.min(m, m.grade) > 1").criteria
    assert criterion.missing == ("members",)


def test_ranks_at_the_counter_come_from_the_published_ranking() -> None:
    rules = ruleset("score.rooms.rank_share('district') <= 0.3", models=(ROOMS,))
    compiled = engine.compile_rules(SCHEMA, rules, on=ON)
    rows = tables([{"rooms": 2, "members": []}])
    shares = [Decimal("0.30"), Decimal("0.300001"), None]
    found = [
        engine.evaluate_one(compiled, rows, unit_id=1, ranks={("rooms", "district"): share})
        for share in shares
    ]
    assert [one.outcome for one in found] == ["eligible", "ineligible", "undetermined"]
    assert found[0].score == Decimal("3.000000")
    assert found[0].criteria[0].values == {"score.rooms.rank_share('district')": "0.300000"}


def test_score_that_is_unknown_says_what_its_model_lacks() -> None:
    rules = ruleset("score.rooms.value < 4.0", models=(ROOMS,))
    compiled = engine.compile_rules(SCHEMA, rules, on=ON)
    found = engine.evaluate_one(compiled, tables([{"members": []}]), unit_id=1)
    assert found.criteria[0].missing == ("household.rooms",)
    assert (found.score, found.score_missing) == (None, ("household.rooms",))


def test_unit_that_is_not_there_is_refused(tmp_path: Path) -> None:
    compiled = engine.compile_rules(SCHEMA, ruleset("true"), on=ON)
    with pytest.raises(UnitNotFound):
        engine.evaluate_one(compiled, tables([{"members": []}]), unit_id=5)
    write(tmp_path / "snapshot", [{"members": []}])
    with pytest.raises(UnitNotFound):
        engine.explain(compiled, tmp_path / "snapshot", 5)


def test_rows_without_a_column_the_rules_read_are_refused() -> None:
    compiled = engine.compile_rules(SCHEMA, ruleset("household.rooms > 1"), on=ON)
    rows = tables([{"members": []}])
    rows["groups"] = rows["groups"].drop_columns(["rooms"])
    with pytest.raises(SnapshotDoesNotFit, match="rooms"):
        engine.evaluate_one(compiled, rows, unit_id=1)


def test_sql_can_be_read_and_run(tmp_path: Path) -> None:
    from amana.engine.run import connect

    text = engine.compile_rules(SCHEMA, RULES, on=ON).sql()
    assert "household.rooms" in text
    write(tmp_path / "snapshot", HOUSEHOLDS)
    with connect() as connection:
        for table in ("people", "groups", "areas"):
            path = tmp_path / "snapshot" / f"{table}.parquet"
            connection.execute(f"CREATE VIEW {table} AS FROM '{path}'")
        connection.execute("SET VARIABLE seed = 's'")
        by_hand = connection.execute(text).fetchall()
    _, rows = run(tmp_path, HOUSEHOLDS, RULES)
    assert [tuple(row.values()) for row in rows] == by_hand
    assert rows_of(tmp_path / "out.parquet") == rows
