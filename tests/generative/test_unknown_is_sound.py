"""What the engine knows stays true however the unknown is filled in, and it names all that matters.

Two properties of three-valued rules, tried on random rules with ages, counts and sums:
a criterion that is met or failed stays so whatever the missing values turn out to be; and one that
is unknown stays unknown as long as none of the variables it names is filled in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, given, settings

from amana import engine
from tests.engine.ground import ON, SCHEMA, ruleset, tables
from tests.generative.test_rules_and_oracle import (
    HOUSEHOLD,
    OF_HOUSEHOLD,
    OF_MEMBER,
    compared,
    conditions,
    maybe,
)

SETTINGS = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


@st.composite
def births(draw: st.DrawFn) -> dict[str, dt.date]:
    """Give a birth known exactly, or by its year, or by some years."""
    first = draw(st.dates(dt.date(1940, 1, 1), dt.date(2025, 1, 1)))
    span = draw(st.sampled_from([0, 0, 364, 1500]))
    last = min(first + dt.timedelta(days=span), ON)
    return {"birth_earliest": first, "birth_latest": last}


def with_births(household: Mapping[str, Any], given_births: Sequence[Any]) -> dict[str, Any]:
    """Put intervals of birth in place of the exact days."""
    members = []
    for one, birth in zip(household["members"], given_births, strict=False):
        rest = {name: value for name, value in one.items() if not name.startswith("birth_")}
        members.append({**rest, **(birth or {})})
    return {**household, "members": members}


HOUSEHOLDS = st.tuples(HOUSEHOLD, st.lists(maybe(births()), min_size=5, max_size=5)).map(
    lambda pair: with_births(*pair)
)
SMALL_NUMBERS = st.integers(0, 4).map(str)
COUNTS = conditions(OF_MEMBER).map(lambda test: f"members.count(m, {test})")
SUMS = st.sampled_from(
    [
        "members.sum(m, m.grade)",
        "members.max(m, m.grade)",
        "members.filter(m, m.age >= 18).sum(m, m.grade)",
        "members.filter(m, m.disabled).min(m, m.age)",
        "min(members.count(m, m.age < 18), 2)",
        "(household.urban ? members.count() : household.rooms)",
    ]
)
RULES = st.lists(
    conditions(
        st.one_of(OF_HOUSEHOLD, compared(COUNTS, SMALL_NUMBERS), compared(SUMS, SMALL_NUMBERS))
    ),
    min_size=1,
    max_size=10,
    # known(x) is the one question whose answer may change when more becomes known
).map(lambda rules: [rule for rule in rules if "known(" not in rule] or ["household.urban"])
FILLINGS: dict[str, st.SearchStrategy[Any]] = {
    "rooms": st.integers(-3, 12),
    "cattle": st.integers(-3, 12),
    "land": st.integers(-9, 9),
    "urban": st.booleans(),
    "roof": st.sampled_from(["thatch", "metal", "tile"]),
    "grade": st.integers(-3, 12),
    "disabled": st.booleans(),
    "work": st.sampled_from(["none", "farm", "wage"]),
}


def filled(
    household: Mapping[str, Any], data: st.DataObject, wanted: Callable[[str], bool]
) -> dict[str, Any]:
    """Fill in what is not known where `wanted` says so; a birth becomes one day."""
    found: dict[str, Any] = {}
    for name, value in household.items():
        if name == "members":
            found[name] = [_filled_member(one, data, wanted) for one in value]
        elif value is None and wanted(f"household.{name}"):
            found[name] = data.draw(FILLINGS[name])
        else:
            found[name] = value
    return found


def _filled_member(
    one: Mapping[str, Any], data: st.DataObject, wanted: Callable[[str], bool]
) -> dict[str, Any]:
    found = dict(one)
    for name in ("grade", "disabled", "work"):
        if found.get(name) is None and wanted(f"members.{name}"):
            found[name] = data.draw(FILLINGS[name])
    if wanted("members.age"):
        first = found.get("birth_earliest") or dt.date(1940, 1, 1)
        last = found.get("birth_latest") or ON
        day = data.draw(st.dates(first, last))
        found.update(birth_earliest=day, birth_latest=day)
    return found


def judged(compiled: engine.Compiled, household: Mapping[str, Any]) -> engine.Explanation:
    return engine.evaluate_one(compiled, tables([household]), unit_id=1)


@SETTINGS
@given(rules=RULES, household=HOUSEHOLDS, data=st.data())
def test_what_is_known_stays_so_and_what_is_named_is_all_that_matters(
    rules: list[str], household: dict[str, Any], data: st.DataObject
) -> None:
    compiled = engine.compile_rules(SCHEMA, ruleset(*rules), on=ON)
    before = judged(compiled, household)
    for _ in range(2):
        after = judged(compiled, filled(household, data, lambda name: True))
        for was, now in zip(before.criteria, after.criteria, strict=True):
            if was.outcome != "unknown":
                assert now.outcome == was.outcome, f"{was.says}\n{household}"
    for was in before.criteria:
        if was.outcome != "unknown":
            assert was.missing == ()
            continue
        assert was.missing, f"nothing is named: {was.says}\n{household}"
        others = filled(household, data, lambda name: name not in was.missing)  # noqa: B023
        now = next(c for c in judged(compiled, others).criteria if c.id == was.id)
        assert now.outcome == "unknown", f"{was.missing}: {was.says}\n{household}\n{others}"
