"""The dictionary: what the core covers, and each mistake of a blueprint's dictionary in words."""

from __future__ import annotations

import pytest

from amana.kernel.errors import Problems
from amana.kernel.yaml_source import parse_yaml
from amana.registry.dictionary import (
    Dictionary,
    check_code_meanings,
    core_attributes,
    core_dictionary,
    missing_languages,
    read_dictionary,
    untranslated,
)


def read(text: str) -> tuple[Dictionary, list[str]]:
    problems = Problems("The dictionary has mistakes.")
    source = parse_yaml(text, file="dictionary.yaml", problems=problems)
    dictionary = read_dictionary(source)
    check_code_meanings(dictionary, source)
    return dictionary, [str(error) for error in problems.found]


GOOD = """\
code_lists:
  roof:
    title: {en: Roof, sw: Paa}
    codes:
      iron: {title: Iron sheets, means: metal}
      grass: Grass
variables:
  - {code: roof, of: household, type: code, codes: roof, title: Roof, purpose: [scoring],
     validity_months: 42, means: roof_material}
"""
DOUBLE = "{code: roof, of: person, type: text, purpose: [scoring], title: R}"


def test_core_covers_what_registries_hold() -> None:
    """Seed 001, Box 9 and Table 13: each item is an attribute or a variable."""
    known = set(core_dictionary().variables) | {str(a["code"]) for a in core_attributes()}
    box_9 = {"name", "birth", "sex", "role", "marital_status", "identifiers", "income_monthly"}
    box_9 |= {"education_level", "employment_status", "wg_seeing", "wall_material", "water_source"}
    box_9 |= {"electricity", "has_radio", "residence", "phones", "accounts", "receipts"}
    box_9 |= {"food_security_level", "seeks_work", "socially_insured", "minutes_to_health_post"}
    table_13 = {"has_birth_certificate", "orphanhood", "attends_school", "school_grade"}
    table_13 |= {"chronic_illness", "occupation", "other_assistance", "owns_real_estate"}
    table_13 |= {"employment_terms", "owns_business", "household_expenditure_monthly"}
    table_13 |= {"meals_per_day", "household_income_monthly"}
    assert box_9 | table_13 <= known
    for variable in core_dictionary().variables.values():
        assert variable.purposes, variable.code
        assert variable.title, variable.code


def test_blueprint_adds_to_the_core() -> None:
    dictionary, mistakes = read(GOOD)
    assert mistakes == []
    assert dictionary.variables["roof"].means == "roof_material"
    assert dictionary.codes_of("roof") == ["iron", "grass"]
    assert "roof_material" in dictionary.variables
    assert dictionary.sha256 != core_dictionary().sha256


def test_hash_ignores_titles_but_not_codes() -> None:
    same, _ = read(GOOD.replace("title: Roof,", "title: Cover,"))
    other, _ = read(GOOD.replace("grass: Grass", "straw: Grass"))
    dictionary, _ = read(GOOD)
    assert same.sha256 == dictionary.sha256 != other.sha256


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("type: code", "type: colour", "“colour” is not a value of “type”. Expected integer,"),
        ("codes: roof", "codes: rof", "There is no code list “rof”. Did you mean “roof”?"),
        ("codes: roof", "unit: m", "“roof” is of type code but names no list."),
        ("code: roof,", "code: age,", "“age” is a word of the rule language."),
        ("code: roof,", "code: roof-kind,", "does not fit “code”"),
        ("means: roof_material", "means: roof_matter", "Did you mean “roof_material”?"),
        ("means: roof_material", "means: education_level", "“education_level” is of person"),
        ("means: roof_material", "means: electricity", "is of type boolean, “roof” of code"),
        ("means: metal", "means: mettle", "“mettle” is not a code of the core list"),
        ("purpose: [scoring]", "purpose: [curiosity]", "“curiosity” is not a value of “purpose”"),
        ("purpose: [scoring],", "", "“roof” does not say what it is asked for."),
        ("validity_months: 42", "validity_month: 42", "Did you mean “validity_months”?"),
        ("validity_months: 42", "range: [0, 5]", "A code has no range."),
        ("code: roof,", "code: roof_material,", "is a core variable of another shape"),
        ("  roof:\n    title", "  roof_material:\n    title", "belongs to the core dictionary"),
        ("variables:\n", f"variables:\n  - {DOUBLE}\n", "stands twice; first on line 8"),
    ],
)
def test_mistake_is_told_when_made(was: str, now: str, words: str) -> None:
    assert was in GOOD
    _, mistakes = read(GOOD.replace(was, now, 1))
    assert any(words in mistake for mistake in mistakes), mistakes
    assert all(mistake.startswith("dictionary.yaml, row ") for mistake in mistakes)


def test_core_variable_may_be_given_other_validity_when_its_shape_stays() -> None:
    dictionary, mistakes = read(
        "variables:\n  - {code: meals_per_day, of: household, type: integer, range: [0, 6],"
        " title: {en: Meals, sw: Milo}, purpose: [eligibility], validity_months: 6}\n"
    )
    assert mistakes == []
    assert dictionary.variables["meals_per_day"].validity_months == 6
    assert dictionary.variables["meals_per_day"].core


def test_untranslated_titles_are_listed_when_a_language_is_missing() -> None:
    dictionary, _ = read(GOOD)
    assert untranslated(dictionary, ["en", "sw"]) == [
        "variable roof: sw",
        "code list roof, iron: sw",
        "code list roof, grass: sw",
    ]
    assert missing_languages("x", {"": "plain"}, ["en"]) == []
