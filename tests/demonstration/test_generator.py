"""The invented census: the same for the same seed, and plausible as a whole.

The bounds are wide: they say "this looks like a country", not "this is what one draw gave".
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from amana.demonstration import generator, population
from amana.demonstration.checks import is_bank_account, luhn_digit

CHECKOUT = Path(__file__).parents[2]

ON = date(2026, 9, 30)
COUNTRY = population.Country.read(CHECKOUT / "blueprints/demo/areas.csv")


@pytest.fixture(scope="module")
def census() -> generator.Census:
    return generator.generate(households=4000, on=ON, country=COUNTRY, seed=3)


@pytest.fixture(scope="module")
def households(census: generator.Census) -> pd.DataFrame:
    frame = census.households.to_pandas()
    return frame[frame.household_no.str.startswith("H0")].astype({"income": float})


@pytest.fixture(scope="module")
def people(census: generator.Census) -> pd.DataFrame:
    frame = census.people.to_pandas()
    frame = frame[frame.person_no.str.startswith("P0")].copy()
    year = frame.birth_date.where(frame.birth_date != "", frame.birth_year).str[:4]
    year = year.where(year != "", frame.birth_earliest.str[:4])
    frame["years"] = ON.year - year.astype(int)
    return frame


def test_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    def written(seed: int, name: str) -> list[bytes]:
        made = generator.generate(households=150, on=ON, country=COUNTRY, seed=seed)
        return [path.read_bytes() for path in made.write(tmp_path / name)]

    first = written(1, "a")
    assert first == written(1, "b")
    assert first[1] != written(2, "c")[1]


def test_ordinary_households_are_as_many_as_asked(households):
    assert len(households) == 4000
    assert households.household_no.is_unique


def test_every_row_is_about_a_household_of_the_file(census):
    people, households = census.people.to_pandas(), census.households.to_pandas()
    without = people[people.household_no == ""]
    assert set(people.household_no) - {""} <= set(households.household_no)
    assert list(without.person_no) == ["homeless-man"]
    assert set(households.area_code) <= {*COUNTRY.ward_codes, *COUNTRY.district_codes}


def test_household_sizes_are_spread_like_a_country_s(people):
    sizes = people.groupby("household_no").size()
    assert 3.6 < sizes.mean() < 5.0
    assert 0.05 < (sizes == 1).mean() < 0.15
    assert 0.05 < (sizes >= 8).mean() < 0.2
    assert sizes.max() <= 20


def test_one_head_in_each_ordinary_household(people):
    heads = people[people.relation == "head"].groupby("household_no").size()
    assert heads.eq(1).all()
    assert len(heads) == people.household_no.nunique()


def test_ages_are_those_of_a_young_country(people):
    assert 0.09 < (people.years < 5).mean() < 0.2
    assert 0.3 < (people.years < 15).mean() < 0.5
    assert 0.04 < (people.years >= 65).mean() < 0.12
    assert people.years.between(0, 101).all()
    assert 0.47 < (people.sex == "F").mean() < 0.56


def test_parents_are_older_than_their_children(people):
    head = people[people.relation == "head"].set_index("household_no").years
    children = people[people.relation == "child"]
    difference = children.household_no.map(head) - children.years
    # Births known as a year or guessed blur it by some years.
    assert (difference > 12).mean() > 0.985


def test_income_follows_belongings_and_housing(households):
    owners = households.television == "yes"
    assert households.income[owners].median() > 1.4 * households.income[~owners].median()
    thatch, concrete = (
        households.income[households.roof == r].median() for r in ("thatch", "concrete")
    )
    assert concrete > 1.6 * thatch
    belongings = (
        households[["radio", "television", "refrigerator", "motorcycle", "car"]]
        .eq("yes")
        .sum(axis=1)
    )
    correlation = np.corrcoef(belongings, np.log(households.income))[0, 1]
    assert 0.35 < correlation < 0.9


def test_towns_are_richer_than_the_country(households):
    by_place = households.groupby("settlement").income.median()
    assert by_place["urban"] > 1.2 * by_place["rural"]


def test_disability_grows_with_age_and_severe_disability_is_rare(people):
    answers = people[[column for column in people if column.startswith("wg_")]]
    severe = answers.eq("cannot").any(axis=1)
    assert 0.002 < severe.mean() < 0.02
    assert severe[people.years >= 65].mean() > 3 * severe[people.years.between(5, 40)].mean()


def test_some_have_no_number_no_account_and_no_known_birthday(people):
    adults = people[people.years >= 25]
    assert 0.02 < (adults.national_id == "").mean() < 0.15
    assert adults.no_national_id[adults.national_id == ""].isin(["never_issued", "lost"]).all()
    assert 0.03 < (adults[adults.years >= 66].account_number == "").mean() < 0.3
    assert 0.05 < (adults.birth_date == "").mean() < 0.4


def test_numbers_are_unique_and_their_check_digits_right_but_for_mistakes(people):
    once = people.drop_duplicates("person_no")
    numbers = once.national_id[once.national_id != ""]
    assert numbers.is_unique
    body = numbers.str[:9].astype(int).to_numpy()
    assert (luhn_digit(body) == numbers.str[9].astype(int).to_numpy()).all()
    accounts = once.account_number[once.account_channel == "bank"]
    wrong = 1 - accounts.map(is_bank_account).mean()
    assert 0.005 < wrong < 0.05


def test_a_man_with_wives_in_two_households_has_two_rows_and_one_is_usual(people):
    part = people[people.presence == "part"]
    assert len(part) > 10
    twice = people[people.person_no.isin(part.person_no)]
    assert twice.groupby("person_no").size().eq(2).all()
    assert (twice[twice.presence == "usual"].person_no).is_unique


def test_nobody_is_born_after_their_interview(census):
    people, households = census.people.to_pandas(), census.households.to_pandas()
    interview = people.household_no.map(households.set_index("household_no").interview_date)
    born = people[(people.birth_date != "") & (people.household_no != "")]
    assert (born.birth_date <= interview[born.index]).all()
    assert (people.birth_earliest <= people.birth_latest).all()
