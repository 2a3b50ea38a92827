"""Deciding for every household: the engine against SQL written by hand, Parquet to Parquet.

An invented country is generated straight to a snapshot: N households, about four people each,
six per cent of births known by the year only and a few not at all, one value in twenty not
recorded. One programme judges it: seven criteria, a proxy means test of ten terms, the rank within
the district, places by district, two benefits. The floor is the query a careful analyst would
write for the same columns with the same three-valued result; that the two agree row by row is
checked before anything is measured.

Recording the decisions in PostgreSQL is no part of the ratio; it is told as ``record_seconds``, for
the demonstration's child grant over as many households.
"""

from __future__ import annotations

import datetime as dt
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from amana import engine
from amana.benchmarks import peak_mb, target_record
from amana.benchmarks.target_floor import FLOOR
from amana.engine.run import connect
from amana.kernel.errors import AmanaError

ON = dt.date(2026, 7, 1)
SEED = "bench/1"
DISTRICTS = 30
TIMES = 5


class BenchmarkDisagrees(AmanaError):
    """The engine and the hand-written query gave different results: one of them is wrong."""

    code = "BENCHMARK_DISAGREES"
    http_status = 500


SCHEMA = engine.Schema.build(
    people={
        "disability": engine.Column(engine.Kind.BOOLEAN),
        "in_school": engine.Column(engine.Kind.BOOLEAN),
        "income": engine.Column(engine.Kind.MONEY),
    },
    groups={
        "roof": engine.Column(engine.Kind.TEXT, ("thatch", "metal", "tile")),
        "floor": engine.Column(engine.Kind.TEXT, ("earth", "cement", "tile")),
        "rooms": engine.Column(engine.Kind.INTEGER),
        "livestock": engine.Column(engine.Kind.INTEGER),
        "has_radio": engine.Column(engine.Kind.BOOLEAN),
        "has_phone": engine.Column(engine.Kind.BOOLEAN),
        "electricity": engine.Column(engine.Kind.BOOLEAN),
    },
    areas={"hazard": engine.Column(engine.Kind.INTEGER)},
    levels=("province", "district"),
)

MODEL = engine.Model(
    code="pmt",
    version="1",
    kind="linear",
    terms=(
        engine.Term("rooms", "household.rooms", Decimal("0.083")),
        engine.Term("tile", "household.roof == 'tile'", Decimal("0.241")),
        engine.Term("metal", "household.roof == 'metal'", Decimal("0.112")),
        engine.Term("cement", "household.floor == 'cement'", Decimal("0.157")),
        engine.Term("power", "household.electricity", Decimal("0.334")),
        engine.Term("radio", "household.has_radio", Decimal("0.062")),
        engine.Term("phone", "household.has_phone", Decimal("0.148")),
        engine.Term("animals", "min(household.livestock, 10)", Decimal("0.021")),
        engine.Term("size", "members.count()", Decimal("-0.094")),
        engine.Term("young", "members.count(m, m.age < 15)", Decimal("-0.071")),
    ),
    intercept=Decimal("7.25"),
)


def _money(value: int) -> engine.Parameter:
    return engine.Parameter.of(value, unit="XTS/month", currency="XTS")


RULES = engine.RuleSet(
    code="bench",
    version="1",
    unit="household",
    parameters={
        "age_limit": engine.Parameter.of(5),
        "share": engine.Parameter.of(Decimal("0.30")),
        "base": _money(20),
        "child": _money(5),
    },
    models=(MODEL,),
    criteria=(
        engine.Criterion("child", "", "members.exists(m, m.age < param.age_limit)"),
        engine.Criterion("poor", "", "score.pmt.rank_share('district') <= param.share"),
        engine.Criterion("once", "", "!members.exists(m, m.receives('orphans-grant'))"),
        engine.Criterion("school", "", "members.all(m, m.age < 6 || m.age > 14 || m.in_school)"),
        engine.Criterion("care", "", "members.exists(m, m.disability || m.age >= 60 || m.age < 5)"),
        engine.Criterion("income", "", "members.sum(m, m.income) < money(400)"),
        engine.Criterion("hazard", "", "area.hazard >= 2 || household.roof != 'tile'"),
    ),
    priority=("score.pmt.value", "household.oldest_application"),
    benefits=(
        engine.Benefit("base", "param.base"),
        engine.Benefit("child", "param.child * min(members.count(m, m.age < param.age_limit), 3)"),
    ),
)

_GENERATE = {
    "areas": f"""
        SELECT i AS area_id, CASE WHEN i < 10 THEN 'province' ELSE 'district' END AS level,
               'A' || i AS code, hash(i) % 5 AS hazard
        FROM range(1, {10 + DISTRICTS}) t(i)
    """,
    "groups": f"""
        SELECT i AS group_id, 'HOUSEHOLD' AS kind, 10 + hash(i) % {DISTRICTS} AS area_id,
               1 + hash(i) % {DISTRICTS} % 9 AS area_province, 10 + hash(i) % {DISTRICTS}
               AS area_district,
               CASE WHEN hash(i, 1) % 3 > 0 THEN DATE '2025-01-01' + CAST(hash(i, 2) % 500 AS INT)
               END AS oldest_application,
               CAST([] AS VARCHAR[]) AS receives,
               CASE WHEN hash(i, 3) % 20 > 0
                    THEN list_extract(['thatch', 'metal', 'tile'], 1 + CAST(hash(i, 4) % 3 AS INT))
               END AS roof,
               CASE WHEN hash(i, 5) % 20 > 0
                    THEN list_extract(['earth', 'cement', 'tile'], 1 + CAST(hash(i, 6) % 3 AS INT))
               END AS floor,
               CASE WHEN hash(i, 7) % 20 > 0 THEN 1 + hash(i, 8) % 6 END AS rooms,
               CASE WHEN hash(i, 9) % 20 > 0 THEN hash(i, 10) % 30 END AS livestock,
               CASE WHEN hash(i, 11) % 20 > 0 THEN hash(i, 12) % 2 = 0 END AS has_radio,
               CASE WHEN hash(i, 13) % 20 > 0 THEN hash(i, 14) % 3 > 0 END AS has_phone,
               CASE WHEN hash(i, 15) % 20 > 0 THEN hash(i, 16) % 4 = 0 END AS electricity
        FROM range(1, {{households}} + 1) t(i)
    """,
    "people": f"""
        SELECT g * 16 + n AS person_id, g AS group_id, true AS home, 'USUAL' AS presence,
               CASE WHEN n = 0 THEN 'HEAD' ELSE 'OTHER' END AS role,
               CASE WHEN hash(g, n) % 2 = 0 THEN 'FEMALE' ELSE 'MALE' END AS sex,
               CASE WHEN k % 100 > 97 THEN NULL WHEN k % 100 > 91 THEN date_trunc('year', born)
                    ELSE born END AS birth_earliest,
               CASE WHEN k % 100 > 97 THEN NULL
                    WHEN k % 100 > 91 THEN date_trunc('year', born) + INTERVAL 1 YEAR
                                           - INTERVAL 1 DAY
                    ELSE born END AS birth_latest,
               10 + hash(g) % {DISTRICTS} AS area_id, 1 + hash(g) % {DISTRICTS} % 9
               AS area_province, 10 + hash(g) % {DISTRICTS} AS area_district,
               CASE WHEN hash(g, n, 3) % 50 = 0 THEN ['orphans-grant'] ELSE CAST([] AS VARCHAR[])
               END AS receives,
               false AS death_reported,
               CASE WHEN hash(g, n, 4) % 20 > 0 THEN hash(g, n, 5) % 15 = 0 END AS disability,
               CASE WHEN hash(g, n, 6) % 20 > 0 THEN hash(g, n, 7) % 10 > 0 END AS in_school,
               CASE WHEN hash(g, n, 8) % 20 > 0
                    THEN CASE WHEN n = 0 THEN hash(g, n, 9) % 60000 ELSE 0 END END AS income
        FROM (
            SELECT g, n, hash(g, n, 1) AS k,
                   DATE '2026-06-30' - CAST(CASE WHEN n < 2 THEN 7000 + hash(g, n, 2) % 20000
                                                 ELSE hash(g, n, 2) % 9000 END AS INT) AS born
            FROM range(1, {{households}} + 1) s(g), range(0, 8) t(n)
            WHERE n < 1 + hash(g, 20) % 7
        )
    """,
}


def generate(folder: Path, households: int) -> engine.Snapshot:
    """Write a snapshot of an invented country; the same for the same number of households."""
    with duckdb.connect() as connection:
        tables = {
            name: connection.sql(query.format(households=households))
            for name, query in _GENERATE.items()
        }
        return engine.write_snapshot(
            folder,
            reference="SNP-BENCH",
            taken_at=dt.datetime(2026, 7, 1, tzinfo=dt.UTC),
            as_of=ON,
            dictionary_version="bench",
            schema=SCHEMA,
            tables=tables,
        )


def places(households: int) -> engine.Places:
    """Give places for about one household in twenty, by district."""
    each = max(1, households // DISTRICTS // 20)
    areas = {10 + n: each for n in range(DISTRICTS)}
    return engine.Places(by="district", areas=areas)


def run(households: int) -> dict[str, Any]:
    """Measure a targeting run against the hand-written floor; best of five each."""
    with tempfile.TemporaryDirectory(prefix="amana-bench-") as folder:
        home = Path(folder)
        snapshot = generate(home / "snapshot", households)
        allowed = places(households)
        ours, floor = home / "ours.parquet", home / "floor.parquet"

        def product() -> None:
            compiled = engine.compile_rules(SCHEMA, RULES, on=ON)
            engine.run(compiled, snapshot.folder, ours, seed=SEED, places=allowed)

        def by_hand() -> None:
            run_floor(snapshot, floor, allowed)

        product()
        by_hand()
        differing = compare(ours, floor)
        if differing:
            raise BenchmarkDisagrees(
                f"The engine and the hand-written query differ in {differing} rows.",
                mend="Compare the two; the specification tests say which is right.",
            )
        seconds, floor_seconds = best_of_each(product, by_hand)
        people = snapshot.rows("people")
        peak = peak_mb()
    recorded = target_record.run(households)
    return {
        "name": "target",
        "households": households,
        "people": people,
        "seconds": round(seconds, 3),
        "rate_per_s": round(households / seconds),
        "floor_seconds": round(floor_seconds, 3),
        "ratio": round(seconds / floor_seconds, 2),
        "peak_mb": peak,
        **recorded,
    }


def best_of_each(*works: Callable[[], None], times: int = TIMES) -> list[float]:
    """Give the shortest of several measurements of each, in seconds.

    They take turns, so that whatever else the machine does falls on all of them alike.
    """
    found: list[list[float]] = [[] for _ in works]
    for _ in range(times):
        for work, measured in zip(works, found, strict=True):
            started = time.perf_counter()
            work()
            measured.append(time.perf_counter() - started)
    return [min(measured) for measured in found]


def run_floor(snapshot: engine.Snapshot, out: Path, allowed: engine.Places) -> None:
    """Run the hand-written query from the same Parquet to Parquet."""
    with connect() as connection:
        values = ", ".join(f"({area}, {count})" for area, count in allowed.areas.items())
        query = FLOOR.format(folder=snapshot.folder, places=values, seed=SEED)
        connection.execute(f"COPY ({query}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)")


def compare(first: Path, second: Path) -> int:
    """Give the number of rows that stand in one result and not in the other."""
    with duckdb.connect() as connection:
        row = connection.execute(
            f"SELECT count(*) FROM ((FROM '{first}' EXCEPT ALL FROM '{second}')"
            f" UNION ALL (FROM '{second}' EXCEPT ALL FROM '{first}'))"
        ).fetchone()
    assert row is not None
    return int(row[0])
