"""A rule with a mistake is refused when it is applied: line, column, caret and mend."""

from __future__ import annotations

from decimal import Decimal

import pytest

from amana import engine
from amana.engine.errors import RuleError
from tests.engine.ground import ON, PARAMETERS, SCHEMA, judged, person, ruleset, tables

#: rule, code, column, words of the message, words of the mend
MISTAKES = [
    ("household.rof == 'metal'", "RULE_UNKNOWN_NAME", 11, "household.rof", "roof"),
    ("household.roof == 'mettal'", "RULE_UNKNOWN_CODE", 19, "mettal", "metal"),
    ("household.roof in ['tile', 'thach']", "RULE_UNKNOWN_CODE", 28, "thach", "thatch"),
    ("members.exists(m, m.agee < 5)", "RULE_UNKNOWN_NAME", 21, "m.agee", "age"),
    ("member.exists(m, m.age < 5)", "RULE_UNKNOWN_NAME", 1, "member", "members"),
    ("members.exist(m, m.age < 5)", "RULE_UNKNOWN_NAME", 9, "exist", "exists"),
    ("param.age_limt > 3", "RULE_UNKNOWN_NAME", 7, "age_limt", "age_limit"),
    ("receives('orphan')", "RULE_UNKNOWN_NAME", 10, "orphan", "orphans"),
    ("rooms > 3", "RULE_UNKNOWN_NAME", 1, "rooms", "household.rooms"),
    ("score.pmt.value > 3", "RULE_UNKNOWN_NAME", 7, "score.pmt", ""),
    ("household.rooms / 2 > 1", "RULE_INTEGER_DIVISION", 11, "whole number", "decimal(a) / b"),
    ("household.rent < 500", "RULE_TYPE", 11, "one type", "money(100)"),
    ("household.roof < 'tile'", "RULE_TYPE", 11, "no order", "=="),
    ("household.rooms", "RULE_TYPE", 11, "true or false", ""),
    ("household.rooms && true", "RULE_TYPE", 11, "Each side of &&", ""),
    ("!household.rooms", "RULE_TYPE", 12, "must be true or false", ""),
    ("household.urban ? 1 : 'x'", "RULE_TYPE", 1, "one type", ""),
    ("household.built < '2020-01-01'", "RULE_TYPE", 11, "one type", "date("),
    ("household.built < date('2020-02-30')", "RULE_TYPE", 24, "not a date", ""),
    ("person.age > 60", "RULE_UNKNOWN_NAME", 1, "no person", "members.exists"),
    ("members.exists(m, members.exists(k, k.disabled))", "RULE_TYPE", 19, "inside", "two"),
    ("members.map(m, m.age)", "RULE_TYPE", 9, "list, not a value", ".size()"),
    ("household.roof in []", "RULE_TYPE", 19, "empty", ""),
    ("household.rooms = 3", "RULE_REFUSED", 17, "=", "=="),
    ("household.urban and true", "RULE_REFUSED", 17, "and", "&&"),
    ("members.exists(m, m.age <", "RULE_REFUSED", 25, "", ""),
    ("household.roof == 'tile", "RULE_REFUSED", 19, "", "quotation"),
    ("members[0].age > 3", "RULE_REFUSED", 1, "not in Amana's language", "indexed"),
    ("household.rooms == null", "RULE_REFUSED", 20, "null", "known(x)"),
    ("household.rooms > 99999999999999999999", "RULE_REFUSED", 19, "too large", ""),
    ("household.land > 0.1234567", "RULE_REFUSED", 18, "too many digits", "6"),
    ("   ", "RULE_REFUSED", 1, "empty", ""),
    ("true || " * 600 + "true", "RULE_TOO_LARGE", 1, "characters", "several criteria"),
    ("!" * 80 + "true", "RULE_TOO_LARGE", 62, "deep", "several criteria"),
]


@pytest.mark.parametrize(("rule", "code", "column", "message", "mend"), MISTAKES)
def test_rule_is_refused_at_its_mistake(
    rule: str, code: str, column: int, message: str, mend: str
) -> None:
    (error,) = engine.check(SCHEMA, ruleset(rule))
    assert (error.code, error.line, error.column) == (code, 1, column), str(error)
    assert message in error.message
    assert mend in error.mend
    assert error.where.field == "eligibility.r1.when"


def test_mistake_is_shown_under_its_line() -> None:
    (error,) = engine.check(SCHEMA, ruleset("household.urban\n&& household.rof == 'tile'"))
    assert (error.line, error.column) == (2, 14)
    assert error.excerpt == "    && household.rof == 'tile'\n                 ^"
    assert error.as_dict()["excerpt"] == error.excerpt


def test_every_mistake_is_told_at_once() -> None:
    rules = ruleset("household.rof == 'x'", "household.urban", "household.rooms / 2 > 1")
    with pytest.raises(engine.RulesRefused) as refused:
        engine.compile_rules(SCHEMA, rules, on=PARAMETERS["age_limit"].values[0][0])
    fields = [error.where.field for error in refused.value.errors]
    assert fields == ["eligibility.r1.when", "eligibility.r3.when"]


def test_parameter_without_value_on_the_day_is_refused() -> None:
    import datetime as dt

    late = engine.Parameter.of([(dt.date(2026, 7, 1), 5)])
    rules = ruleset("household.rooms > param.late", parameters={"late": late})
    with pytest.raises(engine.RulesRefused, match="no value on 2026-03-01"):
        engine.compile_rules(SCHEMA, rules, on=dt.date(2026, 3, 1))


def test_model_of_another_unit_is_refused() -> None:
    model = engine.Model("grades", "1", "points", of="person")
    (error,) = engine.check(SCHEMA, ruleset("score.grades.value > 3.0", models=(model,)))
    assert "scores a person" in error.message


def test_benefit_must_be_money() -> None:
    rules = engine.RuleSet("x", "1", "household", benefits=(engine.Benefit("base", "2000"),))
    (error,) = engine.check(SCHEMA, rules)
    assert error.where.field == "benefits.base.amount"
    assert "money(100)" in error.mend


@pytest.mark.parametrize("unit", ["XTS", "XTS/month"])
def test_parameter_in_currency_becomes_minor_units(unit: str) -> None:
    found = engine.Parameter.of(12.5, unit=unit, currency="XTS")
    assert (found.kind, found.values[0][1]) == (engine.Kind.MONEY, 1250)


def test_parameter_finer_than_the_minor_unit_is_refused() -> None:
    with pytest.raises(RuleError, match="finer"):
        engine.Parameter.of(1.005, unit="XTS", currency="XTS")


def test_texts_of_a_rule_stay_texts_in_the_query() -> None:
    hostile = {
        "members.exists(m, m.role == \"x' OR '1'='1\")": False,
        'members.exists(m, m.role == "x\'; DROP TABLE people; --")': False,
        "members.exists(m, m.role == 'a\\\\b\"c')": True,
        "members.exists(m, m.role.contains('\\\\'))": True,
        "members.exists(m, m.role == 'ünï')": False,
    }
    assert judged(hostile, members=[person(role='a\\b"c')]) == hostile


def test_seventy_conditions_on_members_fill_several_words() -> None:
    table: dict[str, bool | None] = {
        f"members.exists(m, m.grade == {n} || m.disabled)": n == 4 or None for n in range(70)
    }
    assert judged(table, members=[person(grade=4)]) == table


def test_long_conjunction_is_not_deep() -> None:
    rule = " && ".join(["household.rooms > 1"] * 150)
    assert judged({rule: True}, rooms=2) == {rule: True}


def test_ids_with_hyphens_make_columns() -> None:
    rules = engine.RuleSet(
        "x", "1", "household", criteria=(engine.Criterion("no-double", "", "true"),)
    )
    compiled = engine.compile_rules(SCHEMA, rules, on=ON)
    found = engine.evaluate_one(compiled, tables([{"members": []}]), unit_id=1)
    assert (found.outcome, found.criteria[0].id) == ("eligible", "no-double")


def test_a_model_reads_no_parameters() -> None:
    term = engine.Term("a", "household.rooms * param.age_limit", Decimal(1))
    model = engine.Model("m", "1", "linear", terms=(term,))
    (error,) = engine.check(SCHEMA, ruleset("score.m.value > 1.0", models=(model,)))
    assert (error.code, error.where.field) == ("RULE_UNKNOWN_NAME", "models.m.terms.a.value")
