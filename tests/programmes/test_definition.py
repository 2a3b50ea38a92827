"""A programme's file becomes a definition, and every mistake in it is told with its place."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from amana.kernel.errors import BadInput, BadInputs
from amana.programmes.definition import ParameterNotSet, Places, Quota, from_json
from tests.programmes.making import CHILD_GRANT, read


def test_a_file_is_read_with_money_in_minor_units_and_values_by_date() -> None:
    definition = read(CHILD_GRANT).definition
    assert definition.code == "child-grant"
    assert definition.title.words("sw-KE") == "Ruzuku ya watoto"
    assert definition.parameters_on(date(2026, 6, 30)) == {"age_limit": 5, "base": 2000}
    assert definition.parameters_on(date(2026, 7, 1))["base"] == 2250
    assert definition.places == Places("all", (Quota("", 0, 2),))
    assert definition.recipient == "female caregiver, else head"


def test_a_parameter_before_its_first_value_is_refused_in_words() -> None:
    with pytest.raises(ParameterNotSet, match="has no value on 2025-12-31"):
        read(CHILD_GRANT).definition.parameters_on(date(2025, 12, 31))


def test_a_definition_survives_the_way_to_json_and_back() -> None:
    definition = read(
        CHILD_GRANT
        + "recertify_months: 24\nexits: [{id: aged, when: 'false', notice_days: 20}]\n"
        + "conditions: [{id: school, says: S, when: 'true', every: term, misses_allowed: 2}]\n"
        + "separations: [{act: a.b, not_with: c.d}]\npayment: {channels: [bank], day: 5}\n"
    ).definition
    again = from_json(json.loads(json.dumps(definition.to_json())))
    assert again == definition
    assert again.sha256 == definition.sha256


def test_the_hash_sees_content_and_not_layout() -> None:
    plain = read(CHILD_GRANT).definition
    laid_out = read(CHILD_GRANT.replace("{by: all, places: 2}", "\n  places: 2\n  by: all"))
    changed = read(CHILD_GRANT.replace("value: 5,", "value: 6,"))
    assert laid_out.definition.sha256 == plain.sha256
    assert changed.definition.sha256 != plain.sha256


def test_whole_and_broken_numbers_make_a_decimal_parameter() -> None:
    text = CHILD_GRANT.replace(
        "parameters:",
        "parameters:\n  share: [{from: 2026-01-01, value: 1}, {from: 2026-02-01, value: 0.30}]",
    )
    assert read(text).definition.parameters_on(date(2026, 3, 1))["share"] == Decimal("0.30")


@pytest.mark.parametrize(
    ("before", "after", "words", "row"),
    [
        ("assists: household", "assists: houshold", "houshold", 6),
        ("agency:", "agancy:", "agancy", 5),
        ("value: 22.50", "value: 22.505", "finer than the currency", 11),
        ("from: 2026-01-01\nparam", "from: 1 January\nparam", "1 January", 7),
        ("    when: members", "    whem: members", "“whem” is not known", 16),
        ("{by: all, places: 2}", "{by: district}", "need a file", 17),
    ],
)
def test_a_mistake_is_told_with_its_line(before: str, after: str, words: str, row: int) -> None:
    with pytest.raises(BadInput) as caught:
        read(CHILD_GRANT.replace(before, after))
    errors = caught.value.errors if isinstance(caught.value, BadInputs) else [caught.value]
    told = [error for error in errors if words in str(error)]
    assert told, str(caught.value)
    assert told[0].where.row == row
    assert told[0].where.file == "programmes/test.yaml"


def test_two_mistakes_are_told_at_once() -> None:
    text = CHILD_GRANT.replace("value: 22.50", "value: 22.505").replace("places: 2", "places: -2")
    with pytest.raises(BadInputs) as caught:
        read(text)
    assert len(caught.value.errors) == 2


def test_a_programme_without_criteria_must_be_external() -> None:
    text = "programme: pension\ntitle: Pension\nfrom: 2026-01-01\n"
    with pytest.raises(BadInput, match="no criterion"):
        read(text)
    assert read(text + "external: true\n").definition.external


def test_places_by_area_are_read_from_their_file(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("area_code,year,places\nN,2026,10\nS,,5\nS,2027,7\n")
    text = CHILD_GRANT.replace("{by: all, places: 2}", "{by: district, file: places.csv}")
    places = read(text, tmp_path).definition.places
    assert places is not None
    assert places.in_year(2026) == {"N": 10, "S": 5}
    assert places.in_year(2027) == {"S": 7}


def test_a_places_file_tells_its_bad_rows(tmp_path: Path) -> None:
    (tmp_path / "places.csv").write_text("area_code,year,places\nN,26,10\nS,,many\nS,,1\nS,,2\n")
    text = CHILD_GRANT.replace("{by: all, places: 2}", "{by: district, file: places.csv}")
    with pytest.raises(BadInputs) as caught:
        read(text, tmp_path)
    assert [error.where.row for error in caught.value.errors] == [2, 3, 5]
