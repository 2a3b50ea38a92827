"""A small world for tests of rules: one schema, households made of plain dictionaries."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from amana import engine
from amana.engine import Column, Kind

ON = dt.date(2026, 3, 1)
SCHEMA = engine.Schema.build(
    people={
        "income": Column(Kind.MONEY, title="monthly income"),
        "disabled": Column(Kind.BOOLEAN),
        "in_school": Column(Kind.BOOLEAN),
        "grade": Column(Kind.INTEGER),
        "weight": Column(Kind.DECIMAL),
        "work": Column(Kind.TEXT, ("none", "farm", "wage")),
        "since": Column(Kind.DATE),
    },
    groups={
        "rooms": Column(Kind.INTEGER),
        "cattle": Column(Kind.INTEGER),
        "land": Column(Kind.DECIMAL),
        "rent": Column(Kind.MONEY),
        "urban": Column(Kind.BOOLEAN),
        "roof": Column(Kind.TEXT, ("thatch", "metal", "tile")),
        "built": Column(Kind.DATE),
    },
    areas={"hazard": Column(Kind.INTEGER), "price": Column(Kind.DECIMAL)},
    levels=("province", "district"),
    programmes=("orphans", "pension"),
)
PARAMETERS = {
    "age_limit": engine.Parameter.of(5),
    "share": engine.Parameter.of(Decimal("0.30")),
    "base": engine.Parameter.of(20, unit="XTS/month", currency="XTS"),
}
_ARROW = {
    Kind.INTEGER: pa.int64(),
    Kind.MONEY: pa.int64(),
    Kind.DECIMAL: pa.decimal128(18, 6),
    Kind.BOOLEAN: pa.bool_(),
    Kind.TEXT: pa.string(),
    Kind.DATE: pa.date32(),
    Kind.LIST: pa.list_(pa.string()),
}
Row = Mapping[str, Any]


def born(*days: str) -> dict[str, dt.date]:
    """Give a birth: one day exactly, or the first and the last it may have been.

    >>> born("2020-02-29")["birth_latest"]
    datetime.date(2020, 2, 29)
    """
    first, last = days[0], days[-1]
    return {
        "birth_earliest": dt.date.fromisoformat(first),
        "birth_latest": dt.date.fromisoformat(last),
    }


def person(**facts: Any) -> Row:
    """Give a member; what is not named is not recorded."""
    return facts


def tables(
    households: Sequence[Mapping[str, Any]], *, area: Row | None = None
) -> dict[str, pa.Table]:
    """Give the three tables of a snapshot.

    Args:
        households: each with its group variables and ``members``; one with ``group_id`` None
            gives persons without a household.
    """
    people: list[dict[str, Any]] = []
    groups: list[dict[str, Any]] = []
    for number, household in enumerate(households, 1):
        facts = dict(household)
        members = facts.pop("members", ())
        key = facts.pop("group_id", number)
        place = {"area_id": 10, "area_district": 10, "area_province": 1}
        if key is not None:
            groups.append({"group_id": key, "kind": "HOUSEHOLD", "receives": [], **place, **facts})
        for one in members:
            people.append(
                {
                    "person_id": len(people) + 1,
                    "group_id": key,
                    "home": True,
                    "presence": "USUAL",
                    "receives": [],
                    "death_reported": False,
                    **place,
                    **one,
                }
            )
    areas = [
        {"area_id": 1, "level": "province", "code": "P"},
        {"area_id": 10, "level": "district", "code": "D", **(area or {})},
        {"area_id": 11, "level": "district", "code": "E", **(area or {})},
    ]
    return {
        "people": _table(people, SCHEMA.people),
        "groups": _table(groups, SCHEMA.groups),
        "areas": _table(areas, SCHEMA.areas),
    }


def _table(rows: Sequence[Row], columns: Mapping[str, Column]) -> pa.Table:
    unknown = {name for row in rows for name in row} - set(columns)
    assert not unknown, f"no such variables: {unknown}"
    schema = pa.schema([(name, _ARROW[column.kind]) for name, column in columns.items()])
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in columns} for row in rows], schema=schema
    )


def write(folder: Path, households: Sequence[Mapping[str, Any]], **more: Any) -> engine.Snapshot:
    """Write a snapshot of these households."""
    return engine.write_snapshot(
        folder,
        reference="SNP-TEST",
        taken_at=dt.datetime(2026, 3, 1, tzinfo=dt.UTC),
        as_of=ON,
        dictionary_version="test",
        schema=SCHEMA,
        tables=tables(households, **more),
    )


def ruleset(*rules: str, **more: Any) -> engine.RuleSet:
    """Give a rule set whose criteria are these rules, called r1, r2, …"""
    criteria = tuple(engine.Criterion(f"r{n}", rule, rule) for n, rule in enumerate(rules, 1))
    given: dict[str, Any] = {"unit": "household", "parameters": PARAMETERS, **more}
    return engine.RuleSet(code="test", version="1", criteria=criteria, **given)


def explained(
    *rules: str,
    members: Sequence[Row] = (),
    area: Row | None = None,
    on: dt.date = ON,
    unit: str = "household",
    birth: engine.Birth = engine.Birth.STRICT,
    household: Row | None = None,
    unit_id: int = 1,
    **facts: Any,
) -> engine.Explanation:
    """Judge one household (or its first person) by some rules, and say why."""
    compiled = engine.compile_rules(SCHEMA, ruleset(*rules, unit=unit, birth=birth), on=on)
    rows = tables([{**(household or {}), **facts, "members": members}], area=area)
    return engine.evaluate_one(compiled, rows, unit_id=unit_id)


def judged(table: Mapping[str, bool | None], **world: Any) -> dict[str, bool | None]:
    """Judge each rule of a table in one world: true, false, or None for unknown."""
    outcomes = {"met": True, "failed": False, "unknown": None}
    found = explained(*table, **world)
    return {rule.says: outcomes[rule.outcome] for rule in found.criteria}
