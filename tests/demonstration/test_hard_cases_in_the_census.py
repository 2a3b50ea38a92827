"""Every hard case is in the census of every invented country, whatever its size or seed."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from amana.demonstration import generator, hard_cases, population

CHECKOUT = Path(__file__).parents[2]

ON = date(2026, 2, 28)
COUNTRY = population.Country.read(CHECKOUT / "blueprints/demo/areas.csv")


@pytest.fixture(scope="module", params=[1, 40])
def people(request: pytest.FixtureRequest) -> pd.DataFrame:
    census = generator.generate(
        households=request.param, on=ON, country=COUNTRY, seed=request.param
    )
    frame = census.people.to_pandas()
    homes = census.households.to_pandas()[["household_no", "kind", "area_code", "residence"]]
    return frame.merge(homes, on="household_no", how="left", suffixes=("", "_of_home")).set_index(
        "person_no"
    )


def test_the_twelve_of_the_design_are_there():
    cases = hard_cases.all_cases(on=ON, country=COUNTRY)
    assert [case.name for case in cases] == [
        "homeless-man", "care-home", "girl-head", "two-wives", "unnamed-newborn", "woman-about-70",
        "refugee", "nomads", "absent-migrant", "movers", "reported-death", "grandmother",
    ]  # fmt: skip
    assert all(case.people and case.says for case in cases)


def test_homeless_man_has_no_household_and_no_address(people):
    man = people.loc["homeless-man"]
    assert (man.household_no, man.residence) == ("", "none")
    assert man.area_code in COUNTRY.ward_codes


def test_care_home_is_an_institution_with_twelve_children(people):
    home = people[people.household_no == "care-home"]
    assert set(home.kind) == {"institution"}
    assert (home.relation == "resident").sum() == 12


def test_girl_of_15_heads_a_household_without_adults(people):
    home = people[people.household_no == "girl-head-home"]
    assert home.loc["girl-head", "relation"] == "head"
    assert sorted(ON.year - home.birth_date.str[:4].astype(int)) == [
        5,
        11,
        16,
    ]  # born last year's end


def test_man_with_two_wives_is_usual_in_one_household_and_part_in_the_other(people):
    rows = people.loc["two-wives-man"]
    assert sorted(rows.presence) == ["part", "usual"]
    assert rows.household_no.nunique() == 2


def test_newborn_has_no_name_and_is_days_old(people):
    baby = people.loc["unnamed-newborn"]
    assert (baby.given_name, baby.family_name) == ("", "")
    assert (ON - date.fromisoformat(baby.birth_date)).days == 9


def test_woman_about_70_has_an_interval_that_straddles_65(people):
    woman = people.loc["woman-about-70"]
    assert woman.birth_date == woman.birth_year == ""
    assert int(woman.birth_earliest[:4]) < ON.year - 66 < int(woman.birth_latest[:4])


def test_refugee_has_a_card_and_the_reason_why_no_number(people):
    man = people.loc["refugee"]
    assert (man.national_id, man.no_national_id) == ("", "never_issued")
    assert man.other_id


def test_nomads_are_known_by_district_only(people):
    home = people[people.household_no == "nomads-home"]
    assert set(home.area_code_of_home) <= set(COUNTRY.district_codes)
    assert set(home.residence_of_home) == {"moving"}


def test_absent_migrant_belongs_to_a_household_where_he_does_not_live(people):
    assert people.loc["absent-migrant", "presence"] == "absent"
    assert people.loc["absent-migrant", "household_no"] == "absent-migrant-home"


def test_grandmother_lives_with_two_children_under_6_and_a_disabled_child(people):
    home = people[people.household_no == "grandmother-home"]
    assert (home.filter(like="wg_") == "cannot").any(axis=1).sum() == 1
    assert (home.birth_date > "2021-03-01").sum() == 2
