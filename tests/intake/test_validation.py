"""What is refused in a file, where, and what goes on all the same."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from amana.intake import typed_tables
from amana.intake.files import FileBroken
from amana.intake.fitting import check_mapping
from amana.intake.mapping_file import parse_mapping
from amana.kernel.errors import BadInputs
from tests.intake.making import (
    CHILD,
    HEAD,
    changed,
    check_files,
    flat_mapping,
    known,
    refusals,
    write_rows,
)

PEOPLE = ["pid", "house", "presence", "reads"]
HOUSES = ["house", "ward", "roof", "seen"]


def two_mapping(**changes: Any) -> dict[str, Any]:
    tree: dict[str, Any] = {
        "layout": "two-files",
        "collected_on": {"column": "seen"},
        "household": {
            "key": ["house"],
            "area": "ward",
            "vars": {"roof_material": {"column": "roof", "codes": {"1": "metal"}}},
        },
        "person": {"key": ["pid"], "presence": "presence", "vars": {"literate": "reads"}},
    }
    return tree | changes


def check_two(folder: Path, houses: list[str], people: list[str], **changes: Any) -> Any:
    first = write_rows(folder / "h.csv", houses, HOUSES)
    write_rows(folder / "h.people.csv", people, PEOPLE)
    return check_files(folder, two_mapping(**changes), first)


def check_flat(folder: Path, *rows: str, **changes: Any) -> Any:
    return check_files(folder, flat_mapping(**changes), write_rows(folder / "f.csv", list(rows)))


def test_good_rows_give_typed_values(tmp_path: Path) -> None:
    duck, counts = check_flat(tmp_path, HEAD, CHILD)
    assert (counts.rows, counts.accepted, counts.households, counts.people) == (2, 2, 1, 2)
    assert duck.execute("SELECT hkey, area_id, facts FROM households").fetchall() == [
        ("h1", 1, '{"roof_material":"metal","room_count":3}')
    ]
    # 120.50 in a currency of two digits is 12050 of its smallest unit.
    assert duck.execute("SELECT pkey, sex, facts FROM people").fetchall() == [
        ("h1:1", "FEMALE", '{"literate":true,"income_monthly":12050}'),
        ("h1:2", "MALE", "{}"),
    ]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"relat": "7"}, "relat", "CODE_UNKNOWN"),
        ({"sex": "M"}, "sex", "CODE_UNKNOWN"),
        ({"dob": "2026-11-21"}, "dob", "BIRTH_IN_FUTURE"),
        ({"dob": "1790-01-01"}, "dob", "BIRTH_TOO_EARLY"),
        ({"dob": "31/12/1980"}, "dob", "DATE_UNREADABLE"),
        ({"dob": "2025-02-30"}, "dob", "DATE_UNREADABLE"),
        ({"reads": "perhaps"}, "reads", "BOOLEAN_UNREADABLE"),
        ({"income": "1,5"}, "income", "NUMBER_UNREADABLE"),
        ({"income": "-1"}, "income", "NUMBER_OUT_OF_RANGE"),
        ({"line": ""}, "hh, line", "KEY_MISSING"),
        ({"line": "1:2"}, "hh, line", "KEY_COLON"),
        ({"name": "x" * 201}, "name", "TEXT_TOO_LONG"),
        ({"roof": "2"}, "roof", "HOUSEHOLD_DIFFERS"),
    ],
)
def test_a_bad_person_row_refuses_that_row_only(
    tmp_path: Path, cells: dict[str, str], column: str, code: str
) -> None:
    row = changed(CHILD, **cells).replace("1,5", '"1,5"')
    duck, counts = check_flat(tmp_path, HEAD, row)
    assert refusals(duck) == [(3, column, code)]
    assert (counts.accepted, counts.rejected, counts.households, counts.people) == (1, 1, 1, 1)
    file, value, reason, mend = duck.execute(
        "SELECT file, value, reason, mend FROM errors"
    ).fetchall()[0]
    assert file == "f.csv"
    assert (value is None) == (code == "KEY_MISSING")
    assert reason.endswith(".")
    assert mend.endswith(".")


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"ward": "W9"}, "ward", "AREA_UNKNOWN"),
        ({"roof": "9"}, "roof", "CODE_UNKNOWN"),
        ({"rooms": "3.5"}, "rooms", "NUMBER_NOT_WHOLE"),
        ({"rooms": "51"}, "rooms", "NUMBER_OUT_OF_RANGE"),
        ({"rooms": "many"}, "rooms", "NUMBER_UNREADABLE"),
    ],
)
def test_a_bad_household_refuses_its_people_with_it(
    tmp_path: Path, cells: dict[str, str], column: str, code: str
) -> None:
    other = changed(HEAD, hh="h2")
    duck, counts = check_flat(tmp_path, changed(HEAD, **cells), changed(CHILD, **cells), other)
    assert refusals(duck) == [(2, column, code), (3, "", "HOUSEHOLD_REFUSED")]
    assert (counts.accepted, counts.households, counts.people) == (1, 1, 1)


def test_the_first_answer_of_a_household_counts_when_the_mapping_says_so(tmp_path: Path) -> None:
    mapping = flat_mapping()
    mapping["household"]["take"] = "first"
    first = write_rows(tmp_path / "f.csv", [HEAD, changed(CHILD, roof="2", rooms="")])
    duck, counts = check_files(tmp_path, mapping, first)
    assert counts.rejected == 0
    assert duck.execute("SELECT facts FROM households").fetchall() == [
        ('{"roof_material":"metal","room_count":3}',)
    ]


def test_a_key_that_stands_twice_refuses_the_second(tmp_path: Path) -> None:
    duck, counts = check_flat(tmp_path, HEAD, CHILD, CHILD)
    assert refusals(duck) == [(4, "hh, line", "KEY_TWICE")]
    assert counts.people == 2


def test_running_lines_stand_for_a_missing_person_key(tmp_path: Path) -> None:
    duck, _ = check_flat(
        tmp_path,
        HEAD,
        changed(HEAD, hh="h2"),
        CHILD,
        person__key=["hh", {"line": "hh"}],
    )
    keys = duck.execute('SELECT pkey FROM people ORDER BY "row"').fetchall()
    assert keys == [("h1:1",), ("h2:1",), ("h1:2",)]


def test_a_torn_row_refuses_the_file_when_rows_are_named_by_their_number(tmp_path: Path) -> None:
    with pytest.raises(FileBroken) as told:
        check_flat(tmp_path, HEAD, "h1,2", CHILD, person__key=["hh", {"line": "hh"}])
    assert told.value.where.row == 3
    duck, counts = check_flat(tmp_path, HEAD, "h1,2", CHILD)
    assert refusals(duck) == [(3, "", "ROW_RAGGED")]
    assert counts.accepted == 2


def test_a_person_without_household_name_number_or_birth_is_normal(tmp_path: Path) -> None:
    duck, counts = check_flat(tmp_path, ",77,,,,,,,,,", person__key=["line"])
    assert counts.rejected == 0
    assert duck.execute(
        "SELECT hkey, pkey, name_full, birth_earliest, birth_known FROM people"
    ).fetchall() == [(None, "77", None, None, "UNKNOWN")]


@pytest.mark.parametrize(
    ("birth", "dob", "expected"),
    [
        # 46 on 1 March 2026: from 2 March 1979 to 1 March 1980.
        ({"age": {"column": "dob", "on": "2026-03-01"}}, "46", ("1979-03-02", "1980-03-01", "AGE")),
        # On a leap day, 1 year old: born from 1 March 2022 to 28 February 2023.
        ({"age": {"column": "dob", "on": "2024-02-29"}}, "1", ("2022-03-01", "2023-02-28", "AGE")),
        # Without `on`, the day of the interview.
        ({"age": "dob"}, "0", ("2025-03-02", "2026-03-01", "AGE")),
        ({"year": "dob"}, "1950", ("1950-01-01", "1950-12-31", "YEAR")),
        # The year has not ended: nobody is born after today.
        ({"year": "dob"}, "2026", ("2026-01-01", "2026-11-20", "YEAR")),
        ({"year": "dob", "month": "line"}, "1950", ("1950-02-01", "1950-02-28", "MONTH")),
        (
            {"date": {"column": "dob", "format": "%d/%m/%Y"}, "documented": True},
            "31/12/1980",
            ("1980-12-31", "1980-12-31", "DOCUMENT"),
        ),
        (
            {"earliest": "dob", "latest": {"value": "1960-12-31"}},
            "1950-01-01",
            ("1950-01-01", "1960-12-31", "GUESS"),
        ),
    ],
)
def test_a_birth_is_an_interval(
    tmp_path: Path, birth: dict[str, Any], dob: str, expected: tuple[str, str, str]
) -> None:
    duck, counts = check_flat(tmp_path, changed(CHILD, dob=dob), person__birth=birth)
    assert counts.rejected == 0
    assert duck.execute(
        "SELECT birth_earliest::VARCHAR, birth_latest::VARCHAR, birth_known FROM people"
    ).fetchall() == [expected]


def test_an_age_beyond_human_is_refused(tmp_path: Path) -> None:
    duck, _ = check_flat(tmp_path, changed(CHILD, dob="126"), person__birth={"age": "dob"})
    assert refusals(duck) == [(2, "dob", "AGE_OUT_OF_RANGE")]


def test_a_person_usual_in_two_households_is_refused_the_second_time(tmp_path: Path) -> None:
    duck, counts = check_two(
        tmp_path,
        ["A,W1,1,2026-03-01", "B,W2,1,2026-03-02"],
        ["p1,A,USUAL,yes", "p1,B,USUAL,yes", "p2,A,USUAL,no", "p2,B,PART,no"],
    )
    assert refusals(duck) == [(3, "pid", "USUAL_TWICE")]
    assert (counts.people, counts.rejected) == (2, 1)
    reason = duck.execute("SELECT reason FROM errors").fetchall()[0][0]
    assert reason == "This person is already a usual member of household A (row 2)."


def test_two_files_tell_unknown_refused_and_doubled_households(tmp_path: Path) -> None:
    duck, counts = check_two(
        tmp_path,
        ["A,W1,1,2026-03-01", "B,W1,5,2026-03-01", "A,W2,1,2026-03-01", ",W2,1,2026-03-01"],
        ["p1,A,,yes", "p2,B,,yes", "p3,C,,yes", "p4,,,yes"],
    )
    assert duck.execute(
        'SELECT file, "row", "column", code FROM errors ORDER BY 1, 2'
    ).fetchall() == [
        ("h.csv", 3, "roof", "CODE_UNKNOWN"),
        ("h.csv", 4, "house", "KEY_TWICE"),
        ("h.csv", 5, "house", "KEY_MISSING"),
        ("h.people.csv", 3, "", "HOUSEHOLD_REFUSED"),
        ("h.people.csv", 4, "house", "HOUSEHOLD_UNKNOWN"),
    ]
    assert (counts.rows, counts.accepted, counts.households, counts.people) == (8, 3, 1, 2)
    # A person without a household is dated by the last interview of the file.
    assert duck.execute(
        "SELECT pkey, hkey, collected_on::VARCHAR FROM people ORDER BY 1"
    ).fetchall() == [("p1", "A", "2026-03-01"), ("p4", None, "2026-03-01")]


def test_an_interview_in_the_future_or_without_date_is_refused(tmp_path: Path) -> None:
    duck, _ = check_two(tmp_path, ["A,W1,1,2027-01-01", "B,W1,1,"], ["p9,,,"])
    assert [row[2] for row in refusals(duck)] == ["DATE_IN_FUTURE", "COLLECTED_MISSING"]


def test_several_mistakes_of_a_row_are_all_told(tmp_path: Path) -> None:
    duck, counts = check_flat(tmp_path, HEAD, changed(CHILD, sex="9", dob="soon", relat="0"))
    assert [code for _, _, code in refusals(duck)] == [
        "DATE_UNREADABLE",
        "CODE_UNKNOWN",
        "CODE_UNKNOWN",
    ]
    assert counts.rejected == 1


def test_values_of_periods_become_one_fact(tmp_path: Path) -> None:
    columns = [{"column": "rooms", "period": "2026-T1"}, {"column": "line", "period": "2026-T2"}]
    duck, _ = check_flat(
        tmp_path,
        changed(HEAD, rooms="0.5"),
        household__vars={},
        person__vars={"school_attendance": columns},
    )
    assert duck.execute("SELECT facts FROM people").fetchall() == [
        ('{"school_attendance":{"2026-T1":0.5,"2026-T2":1}}',)
    ]


def test_texts_are_quoted_whatever_they_hold(tmp_path: Path) -> None:
    row = changed(HEAD, name='"O\'Brien ""Bob"", née É"', reads="").replace("120.50", "")
    duck, counts = check_flat(tmp_path, row, person__vars={"occupation": "name"})
    assert counts.rejected == 0
    facts = duck.execute("SELECT facts::JSON ->> 'occupation' FROM people").fetchall()
    assert facts == [('O\'Brien "Bob", née É',)]


def test_the_errors_file_has_a_line_for_each_mistake(tmp_path: Path) -> None:
    duck, _ = check_flat(tmp_path, HEAD, changed(CHILD, sex="9"))
    typed_tables.write_errors(duck, str(tmp_path / "errors.csv"))
    told = "“9” is not among the codes of person.sex."
    assert (tmp_path / "errors.csv").read_text().splitlines() == [
        "file,row,column,value,code,reason,mend",
        f'f.csv,3,sex,9,CODE_UNKNOWN,{told},"Expected one of: 1, 2."',
    ]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"household__vars": {"roofing": "roof"}}, "household.vars.roofing"),
        ({"household__vars": {"literate": "reads"}}, "household.vars.literate"),
        ({"person__vars": {"school_attendance": "rooms"}}, "person.vars.school_attendance"),
        ({"person__sex": {"column": "sex", "codes": {"1": "MAN"}}}, "person.sex"),
        ({"person__role": {"value": "CHIEF"}}, "person.role"),
        (
            {"person__identifiers": [{"scheme": "passport", "column": "name"}]},
            "person.identifiers[0]",
        ),
    ],
)
def test_a_mapping_that_names_what_is_not_there_is_refused(
    changes: dict[str, Any], field: str
) -> None:
    mapping = parse_mapping(flat_mapping(**changes))
    with pytest.raises(BadInputs) as told:
        check_mapping(mapping, known(), file="census.yaml")
    assert told.value.where.field == field
    assert told.value.code == "MAPPING_DOES_NOT_FIT"
    assert told.value.mend


def test_a_range_is_said_without_the_noughts_that_the_database_keeps() -> None:
    from amana.intake.expressions import _bounds

    assert _bounds(Decimal("0.000000"), Decimal("120.000000")) == "0 to 120"
    assert _bounds(None, Decimal("0.500000")) == "at most 0.5"
    assert _bounds(Decimal("100.000000"), None) == "at least 100"
