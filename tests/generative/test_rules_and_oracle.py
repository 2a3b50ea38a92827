"""Rules made at random, judged by the engine and by an independent evaluator of CEL.

The oracle is Google's evaluator (``cel_expr_python``): a variable that is not recorded is left out
of its map, which makes every use of it an error there, and errors pass through ``&&``, ``||``,
``exists`` and ``all`` exactly as Kleene's unknown does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import hypothesis.strategies as st
from cel_expr_python import cel
from hypothesis import HealthCheck, given, settings

from amana import engine
from amana.engine.run import connect
from tests.engine.ground import ON, SCHEMA, ruleset, tables

GENEROUS = settings(
    max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), print_blob=True
)
SMALL = st.integers(-3, 12)
EXTREME = st.sampled_from([2**63 - 1, 2**62, -(2**62), -(2**63) + 1, 0])
ORDER = st.sampled_from(["<", "<=", ">", ">=", "==", "!="])


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Leave a value out one time in four."""
    return st.one_of(st.none(), strategy, strategy, strategy)


# -- households --------------------------------------------------------------------------------

QUARTERS = st.integers(-40, 40).map(lambda n: Decimal(n) / 4)
BIRTHS = st.one_of(
    st.dates(dt.date(1935, 1, 1), ON),
    st.sampled_from(
        [dt.date(2020, 2, 29), dt.date(2016, 2, 29), dt.date(2021, 3, 1), dt.date(2021, 2, 28)]
    ),
)
MEMBER = st.fixed_dictionaries(
    {
        "grade": maybe(SMALL),
        "disabled": maybe(st.booleans()),
        "work": maybe(st.sampled_from(["none", "farm", "wage"])),
        "birth_earliest": maybe(BIRTHS),
    }
).map(lambda one: {**one, "birth_latest": one["birth_earliest"]})
HOUSEHOLD = st.fixed_dictionaries(
    {
        "rooms": maybe(st.one_of(SMALL, SMALL, EXTREME)),
        "cattle": maybe(st.one_of(SMALL, SMALL, EXTREME)),
        "land": maybe(QUARTERS),
        "urban": maybe(st.booleans()),
        "roof": maybe(st.sampled_from(["thatch", "metal", "tile"])),
        "members": st.lists(MEMBER, max_size=5),
    }
)

# -- rules ---------------------------------------------------------------------------------------


def whole(names: Sequence[str]) -> st.SearchStrategy[str]:
    """Give expressions of whole numbers."""
    leaf = st.one_of(st.sampled_from(names), st.integers(0, 9).map(str))
    return st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["+", "-", "*", "%"]), inner).map(
                lambda t: f"({t[0]} {t[1]} {t[2]})"
            ),
            inner.map(lambda e: f"(-{e})"),
        ),
        max_leaves=4,
    )


def conditions(atoms: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Give conditions made of atoms."""
    return st.recursive(
        atoms,
        lambda inner: st.one_of(
            st.tuples(inner, st.sampled_from(["&&", "||"]), inner).map(
                lambda t: f"({t[0]} {t[1]} {t[2]})"
            ),
            inner.map(lambda e: f"!({e})"),
            st.tuples(inner, inner, inner).map(lambda t: f"({t[0]} ? {t[1]} : {t[2]})"),
        ),
        max_leaves=5,
    )


def compared(left: st.SearchStrategy[str], right: st.SearchStrategy[str]) -> Any:
    """Give comparisons."""
    return st.tuples(left, ORDER, right).map(lambda t: f"{t[0]} {t[1]} {t[2]}")


AGES = st.sampled_from(["0", "4", "5", "6", "18", "60", "65", "90"])
OF_MEMBER = st.one_of(
    compared(whole(["m.grade"]), whole(["m.grade", "household.rooms"])),
    compared(st.just("m.age"), AGES),
    compared(st.just("m.age"), st.just("m.grade")),
    st.just("m.disabled"),
    st.sampled_from(["m.work == 'farm'", "m.work in ['farm', 'wage']", "known(m.grade)"]),
)
MACROS = st.tuples(st.sampled_from(["exists", "all"]), conditions(OF_MEMBER)).map(
    lambda t: f"members.{t[0]}(m, {t[1]})"
)
DECIMALS = st.sampled_from(
    ["household.land", "(household.land + 0.25)", "(0.5 - household.land)", "1.75", "-2.0"]
)
OF_HOUSEHOLD = st.one_of(
    compared(
        whole(["household.rooms", "household.cattle"]),
        whole(["household.rooms", "household.cattle"]),
    ),
    compared(DECIMALS, DECIMALS),
    compared(DECIMALS, st.sampled_from(["household.rooms", "3"])),
    st.just("household.urban"),
    st.sampled_from(
        [
            *("household.roof == 'tile'", "household.roof in ['metal', 'tile']"),
            *("known(household.rooms)", "known(household.urban)", "members.size() > 2"),
        ]
    ),
    MACROS,
    MACROS,
)
RULES = st.lists(conditions(OF_HOUSEHOLD), min_size=1, max_size=25)


# -- the two judges ------------------------------------------------------------------------------


def by_engine(
    rules: Sequence[str], households: Sequence[Mapping[str, Any]]
) -> list[list[bool | None]]:
    """Judge by the compiled statement: one row per household, one value per rule."""
    compiled = engine.compile_rules(SCHEMA, ruleset(*rules), on=ON)
    with connect() as connection:
        for name, table in tables(households).items():
            connection.register(name, table)
        columns = ", ".join(f"c_r{n}" for n in range(1, len(rules) + 1))
        rows = connection.execute(
            f"SELECT {columns} FROM ({compiled.statement(seed='x')}) ORDER BY unit_id"
        ).fetchall()
    return [list(row) for row in rows]


ENV = cel.NewEnv(variables={"household": cel.Type.DYN, "members": cel.Type.DYN})


def by_oracle(
    rules: Sequence[str], households: Sequence[Mapping[str, Any]]
) -> list[list[bool | None]]:
    """Judge by the independent evaluator."""
    programs = [ENV.compile(rule.replace("known(", "has("), disable_check=True) for rule in rules]
    return [
        [_evaluated(program, _maps(household)) for program in programs] for household in households
    ]


def _evaluated(program: Any, data: dict[str, Any]) -> bool | None:
    value = program.eval(data=data)
    return bool(value.value()) if value.type() == cel.Type.BOOL else None


def _maps(household: Mapping[str, Any]) -> dict[str, Any]:
    facts = {
        name: float(value) if isinstance(value, Decimal) else value
        for name, value in household.items()
        if value is not None and name != "members"
    }
    members = []
    for one in household["members"]:
        known = {n: v for n, v in one.items() if v is not None and not n.startswith("birth_")}
        birth = one["birth_earliest"]
        if birth is not None:
            before = (ON.month, ON.day) < (birth.month, birth.day)
            known["age"] = ON.year - birth.year - (1 if before else 0)
        members.append(known)
    return {"household": facts, "members": members}


@GENEROUS
@given(rules=RULES, households=st.lists(HOUSEHOLD, min_size=1, max_size=25))
def test_engine_equals_oracle(rules: list[str], households: list[dict[str, Any]]) -> None:
    ours, theirs = by_engine(rules, households), by_oracle(rules, households)
    for household, one, other in zip(households, ours, theirs, strict=True):
        for rule, mine, its in zip(rules, one, other, strict=True):
            assert mine == its, f"{rule}\n{household}\nengine {mine}, oracle {its}"
