"""A registration workbook as another system exports it: two sheets, cells typed as they come."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from tests.intake.making import check_files, refusals

ROLES = {
    "HEAD": "HEAD",
    "WIFE_HUSBAND": "SPOUSE",
    "FREE_UNION": "SPOUSE",
    "SON_DAUGHTER": "CHILD",
    "FOSTER_CHILD": "FOSTER_CHILD",
    "DAUGHTERINLAW_SONINLAW": "CHILD_IN_LAW",
    "GRANDDAUGHER_GRANDSON": "GRANDCHILD",
    "MOTHER_FATHER": "PARENT",
    "MOTHERINLAW_FATHERINLAW": "PARENT_IN_LAW",
    "GRANDMOTHER_GRANDFATHER": "GRANDPARENT",
    "BROTHER_SISTER": "SIBLING",
    "SISTERINLAW_BROTHERINLAW": "OTHER_RELATIVE",
    "AUNT_UNCLE": "OTHER_RELATIVE",
    "COUSIN": "OTHER_RELATIVE",
    "NEPHEW_NIECE": "OTHER_RELATIVE",
    "OTHER": "OTHER",
    "NON_BENEFICIARY": "OTHER",
}
MAPPING = {
    "layout": "two-files",
    "file": {"sheet": "Households"},
    "people_file": {"sheet": "Individuals", "key": ["household_id"]},
    "collected_on": "2026-03-01",
    "missing": ["UNKNOWN"],
    "household": {"key": ["household_id"], "area": {"column": "admin2_h_c"}},
    "person": {
        "key": ["household_id", {"line": "household_id"}],
        "role": {"column": "relationship_i_c", "codes": ROLES},
        "sex": "gender_i_c",
        "birth": {"date": "birth_date_i_c"},
        "name": "full_name_i_c",
        "phone": "phone_no_i_c",
        "identifiers": [{"scheme": "national-id", "column": "national_id_no_i_c"}],
        "vars": {"pregnant": "pregnant_i_c"},
    },
}


def test_two_sheets_of_one_workbook_are_read(shared_data: Path, tmp_path: Path) -> None:
    book = shared_data / "forms_imports" / "hope" / "rdi_import_50_hh_50_ind.xlsx"
    sheets = pd.read_excel(book, sheet_name=["Households", "Individuals"], engine="calamine")
    houses = sheets["Households"].dropna(subset="household_id")
    people = sheets["Individuals"].dropna(subset="household_id")
    areas = {code: n for n, code in enumerate(sorted(houses.admin2_h_c.unique()), 1)}
    duck, counts = check_files(tmp_path, MAPPING, book, areas=areas)
    assert refusals(duck) == []
    assert counts.households == houses.household_id.nunique()
    assert (counts.rows, counts.people) == (len(houses) + len(people), len(people))
    found = duck.execute(
        "SELECT name_full, birth_earliest::VARCHAR, number_0, facts FROM people "
        'ORDER BY "row" LIMIT 1'
    ).fetchall()
    first = people.iloc[0]
    assert found == [
        (
            first.full_name_i_c,
            str(first.birth_date_i_c)[:10],
            str(int(first.national_id_no_i_c)),
            '{"pregnant":false}',
        )
    ]
