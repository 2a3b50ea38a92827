"""Invent the households and people of a country, as a census would have written them down.

Everything is drawn from one seed by numpy over whole columns: the same seed, size and date give the
same bytes, and 100,000 households (about 440,000 people) take seconds.

How it hangs together: each household has a latent *wealth* (normal, higher in towns and with the
head's schooling, lower with every child). Income, housing, belongings, schooling, phones and accounts
all follow from it with noise, so that a proxy means test has something to find and still makes
mistakes. Every share below is an invention that looks plausible; none is an estimate of any country.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from amana.demonstration import names
from amana.demonstration.checks import bank_account_check
from amana.demonstration.columns import (
    amounts,
    blank,
    logistic,
    national_ids,
    normal_quantile,
    numbered,
    padded,
    phone_numbers,
    where,
    years_around,
    yes_no,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Roles, in the order in which a household is written down.
HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD, SIBLING, NOT_RELATED = range(7)
ROLE_WORDS = ("head", "spouse", "child", "parent", "grandchild", "sibling", "not_related")

# Shapes of households and their shares.
NUCLEAR, LONE_PARENT, EXTENDED, COUPLE, SINGLE, ELDERLY, SKIPPED, CO_WIFE = range(8)
SHAPE_SHARES = (0.415, 0.125, 0.215, 0.06, 0.075, 0.055, 0.03, 0.025)

WG_DOMAINS = ("seeing", "hearing", "walking", "remembering", "self_care", "communicating")
WG_ANSWERS = ("none", "some", "a_lot", "cannot")

#: Share of each poorest-to-richest housing answer at average wealth; see `_ordered`.
HOUSING: dict[str, tuple[tuple[str, float], ...]] = {
    "roof": (("thatch", 0.28), ("metal", 0.52), ("tile", 0.12), ("concrete", 0.08)),
    "walls": (("mud", 0.34), ("wood", 0.14), ("mud_brick", 0.22), ("brick", 0.20), ("block", 0.10)),
    "floor": (("earth", 0.42), ("wood", 0.08), ("cement", 0.38), ("tile", 0.12)),
    "water": (
        ("river", 0.16),
        ("open_well", 0.18),
        ("covered_well", 0.28),
        ("standpipe", 0.24),
        ("piped", 0.14),
    ),
    "toilet": (("none", 0.18), ("open_pit", 0.34), ("covered_pit", 0.32), ("flush", 0.16)),
    "cooking_fuel": (
        ("dung", 0.06),
        ("wood", 0.58),
        ("charcoal", 0.24),
        ("gas", 0.09),
        ("electricity", 0.03),
    ),
    "lighting": (
        ("none", 0.06),
        ("kerosene", 0.28),
        ("battery", 0.22),
        ("solar", 0.20),
        ("grid", 0.24),
    ),
}
#: Belongings: (intercept, slope on wealth) of a logistic curve.
BELONGINGS = {
    "radio": (0.3, 0.7),
    "television": (-1.1, 1.5),
    "refrigerator": (-2.3, 1.6),
    "bicycle": (-0.5, 0.3),
    "motorcycle": (-2.0, 0.9),
    "car": (-4.2, 1.6),
    "mattress": (0.9, 1.1),
}


@dataclass(frozen=True, slots=True)
class Census:
    """What the enumerators brought back.

    Attributes:
        households: one row per group (`household_no` unique); texts are codes of the form.
        people: one row per person and group; a person in two households has two rows with the same
            `person_no`; a person without a household has an empty `household_no`.
    """

    households: pa.Table
    people: pa.Table

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write households.csv and households.people.csv, the names that the importer pairs."""
        folder.mkdir(parents=True, exist_ok=True)
        written = folder / "households.csv", folder / "households.people.csv"
        options = pacsv.WriteOptions(quoting_style="needed")
        for table, path in zip((self.households, self.people), written, strict=True):
            part = path.with_suffix(".part")
            pacsv.write_csv(table, part, write_options=options)
            part.replace(path)
        return written


@dataclass(frozen=True, slots=True)
class Country:
    """The wards people can live in: codes and the district of each."""

    ward_codes: tuple[str, ...]
    district_codes: tuple[str, ...]

    @classmethod
    def read(cls, areas_csv: Path) -> Country:
        """Read the lowest level of a blueprint's areas.csv."""
        with areas_csv.open(encoding="utf-8", newline="") as source:
            rows = list(csv.DictReader(source))
        parents = {row["parent"] for row in rows}
        lowest = [row for row in rows if row["code"] not in parents]
        return cls(tuple(r["code"] for r in lowest), tuple(r["parent"] for r in lowest))


def generate(*, households: int, on: date, country: Country, seed: int = 1) -> Census:
    """Invent a country's census, the hard cases included.

    Args:
        households: how many ordinary households; those of the hard cases come on top.
        on: the last day of the census; interviews lie in the 60 days before it.
        country: where people can live.
        seed: same seed, size and date: same census.
    """
    from amana.demonstration import hard_cases

    if households < 1:
        raise ValueError("a country needs at least one household")
    ordinary = _Builder(households, on, country, np.random.default_rng(seed), seed).build()
    special = hard_cases.census(on=on, country=country)
    return Census(
        pa.concat_tables(
            [ordinary.households, special.households.cast(ordinary.households.schema)]
        ),
        pa.concat_tables([ordinary.people, special.people.cast(ordinary.people.schema)]),
    )


class _Builder:
    """One census in the making: household columns first, then the people in them."""

    def __init__(
        self, size: int, on: date, country: Country, rng: np.random.Generator, seed: int
    ) -> None:
        self.size = size
        self.on = np.datetime64(on, "D")
        self.country = country
        self.rng = rng
        self.seed = seed

    def build(self) -> Census:
        self._place()
        self._shape()
        self._people()
        self._incomes()
        return Census(self._households_table(), self._people_table())

    # Households

    def _place(self) -> None:
        """Deal households to wards; the first ward of a district is its town."""
        wards = len(self.country.ward_codes)
        districts = {
            code: number for number, code in enumerate(dict.fromkeys(self.country.district_codes))
        }
        district = np.array([districts[code] for code in self.country.district_codes])
        town = np.r_[True, district[1:] != district[:-1]]
        # Sizes and wealth of places belong to the country, not to the draw of its people.
        places = np.random.default_rng(7)
        weight = places.lognormal(0, 0.35, wards) * np.where(town, 1.9, 1.0)
        district_wealth = places.normal(0, 0.35, len(districts))
        ward_wealth = (
            district_wealth[district] + places.normal(0, 0.15, wards) + np.where(town, 0.75, -0.2)
        )
        self.ward = np.sort(self.rng.choice(wards, self.size, p=weight / weight.sum()))
        self.town = town[self.ward]
        self.schooling = self.rng.normal(0, 1, self.size) + 0.5 * self.town
        self.wealth = (
            ward_wealth[self.ward] + 0.35 * self.schooling + self.rng.normal(0, 0.75, self.size)
        )

    def _shape(self) -> None:
        self.shape = self.rng.choice(len(SHAPE_SHARES), self.size, p=SHAPE_SHARES)
        low = np.array([22, 20, 30, 20, 18, 62, 55, 22])[self.shape]
        high = np.array([55, 52, 68, 50, 75, 92, 80, 50])[self.shape]
        # The mean of two draws: few very young and very old heads.
        self.head_age = (
            low + (high - low) * (self.rng.random(self.size) + self.rng.random(self.size)) / 2
        ).astype(int)
        female = np.array([0.07, 0.84, 0.22, 0.08, 0.42, 0.58, 0.80, 1.0])[self.shape]
        self.head_female = self.rng.random(self.size) < female
        poorer = np.clip(-self.wealth, -1.5, 2)
        births = self.rng.poisson(np.clip(2.5 + 0.55 * poorer, 0.3, None))
        fertile = np.clip((self.head_age - 17) / 12, 0, 1)
        births = np.minimum(np.round(births * fertile).astype(int), 9)
        with_children = np.isin(self.shape, (NUCLEAR, LONE_PARENT, EXTENDED, CO_WIFE))
        self.children = np.where(with_children, births, 0)
        # A lone parent has at least one child in the house, or the shape would be another.
        self.children = np.where(
            self.shape == LONE_PARENT, np.maximum(self.children, 1), self.children
        )
        elderly_couple = (self.shape == ELDERLY) & (self.rng.random(self.size) < 0.45)
        extended_couple = (self.shape == EXTENDED) & (self.rng.random(self.size) < 0.8)
        self.spouse = np.isin(self.shape, (NUCLEAR, COUPLE)) | elderly_couple | extended_couple
        extended = self.shape == EXTENDED
        self.parents = np.where(
            extended & (self.head_age < 60), self.rng.binomial(2, 0.42, self.size), 0
        )
        self.grandchildren = np.where(
            self.shape == SKIPPED,
            1 + self.rng.poisson(1.2, self.size),
            np.where(extended & (self.head_age >= 46), self.rng.poisson(1.3, self.size), 0),
        )
        self.siblings = np.where(extended, self.rng.binomial(2, 0.28, self.size), 0)
        self.unrelated = (self.rng.random(self.size) < 0.025).astype(int)

    # People

    def _people(self) -> None:
        rng, size = self.rng, self.size
        counts = [
            (HEAD, np.ones(size, int)),
            (SPOUSE, self.spouse.astype(int)),
            (CHILD, self.children),
            (PARENT, self.parents),
            (GRANDCHILD, self.grandchildren),
            (SIBLING, self.siblings),
            (NOT_RELATED, self.unrelated),
        ]
        index = np.arange(size)
        house = np.concatenate([np.repeat(index, count) for _, count in counts])
        role = np.concatenate([np.full(int(count.sum()), code) for code, count in counts])
        order = np.lexsort((role, house))
        self.house, self.role = house[order], role[order]
        people = self.people = len(self.house)
        head_age, head_female = self.head_age[self.house], self.head_female[self.house]

        spouse_age = (
            self.head_age
            + np.where(self.head_female, 4, -4)
            + np.round(rng.normal(0, 3.5, size)).astype(int)
        )
        spouse_age = np.clip(spouse_age, 17, 95)
        mother_age = np.where(self.head_female | ~self.spouse, self.head_age, spouse_age)[
            self.house
        ]
        oldest = np.clip(mother_age - 17, 0, 24)
        youngest = np.clip(mother_age - 43, 0, oldest)
        draw = rng.random(people)
        child_age = np.floor(youngest + (oldest - youngest + 1) * draw).astype(int)
        age = np.select(
            [self.role == code for code in (HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD, SIBLING)],
            [
                head_age,
                spouse_age[self.house],
                child_age,
                np.clip(head_age + 17 + np.floor(draw * 18).astype(int), 0, 97),
                np.minimum(np.floor(draw * 17).astype(int), np.maximum(head_age - 38, 0)),
                np.clip(head_age - 9 + np.floor(draw * 18).astype(int), 12, 90),
            ],
            default=18 + np.floor(draw * 40).astype(int),
        )
        self.age = np.clip(age, 0, 99)
        # Women live longer: the oldest of either sex are kept with different shares.
        coin = rng.random(people)
        female_share = np.where(self.role == PARENT, 0.64, 0.5)
        self.female = np.where(
            self.role == HEAD,
            head_female,
            np.where(self.role == SPOUSE, ~head_female, coin < female_share),
        )
        # The day of birth, uniform within the year that gives this age on the day of the census.
        days = np.floor(rng.random(people) * 365).astype(int)
        self.born = (
            self.on.astype("datetime64[M]").astype("datetime64[D]")
            - (self.age * 365.25).astype(int).astype("timedelta64[D]")
            - days.astype("timedelta64[D]")
        )
        away = np.isin(self.role, (CHILD, SIBLING, SPOUSE)) & (self.age >= 17) & (self.age <= 55)
        chance = rng.random(people)
        self.absent = away & (chance < 0.06)
        self.visitor = (self.role == NOT_RELATED) & (chance < 0.15)
        self._husbands()

    def _husbands(self) -> None:
        """Find for each co-wife's household a man of the same ward, the husband in two households."""
        men = (
            (self.role == HEAD)
            & ~self.female
            & (self.shape[self.house] == NUCLEAR)
            & (self.age >= 30)
        )
        candidates = np.flatnonzero(men)
        wives = np.flatnonzero(self.shape == CO_WIFE)
        # Households are sorted by ward, so the next candidate lives near.
        found = np.searchsorted(self.house[candidates], wives)
        near = found < len(candidates)
        wives, husbands = wives[near], candidates[found[near]]
        same_ward = self.ward[wives] == self.ward[self.house[husbands]]
        _, first = np.unique(husbands, return_index=True)
        once = np.zeros(len(husbands), bool)
        once[first] = True
        self.second_home = wives[same_ward & once]
        self.second_husband = husbands[same_ward & once]

    def _incomes(self) -> None:
        """Income of each household in minor units a month, from its wealth and working members."""
        workers = np.bincount(
            self.house,
            weights=(self.age >= 16) & (self.age < 68) & ~self.visitor,
            minlength=self.size,
        )
        noise = self.rng.normal(0, 0.42, self.size)
        self.income = np.round(
            np.exp(9.05 + 0.62 * self.wealth + noise) * np.maximum(workers, 0.6) ** 0.7
        )

    # Tables

    def _interviews(self) -> npt.NDArray[np.datetime64]:
        """Days of interview: within the last 60 days, and not before the youngest was born."""
        days = self.on - self.rng.integers(0, 60, self.size).astype("timedelta64[D]")
        np.maximum.at(days, self.house, self.born)
        return days

    def _households_table(self) -> pa.Table:
        rng, size = self.rng, self.size
        columns: dict[str, pa.Array] = {
            "household_no": numbered("H", np.arange(1, size + 1), 7),
            "kind": pa.array(["household"]).take(pa.array(np.zeros(size, int))),
            "area_code": pa.array(self.country.ward_codes).take(pa.array(self.ward)),
            "residence": pa.array(["home"]).take(pa.array(np.zeros(size, int))),
            "settlement": pa.array(["rural", "urban"]).take(pa.array(self.town.astype(int))),
            "interview_date": pa.array(self._interviews()),
        }
        for variable, answers in HOUSING.items():
            columns[variable] = self._ordered(answers)
        columns["rooms"] = pa.array(
            np.clip(rng.poisson(np.clip(1.6 + 0.6 * self.wealth, 0.2, 6)) + 1, 1, 12)
        )
        columns["tenure"] = self._choice(
            ("owned", "rented", "lent", "occupied"), (0.66, 0.2, 0.1, 0.04), size
        )
        for variable, (intercept, slope) in BELONGINGS.items():
            columns[variable] = yes_no(rng.random(size) < logistic(intercept + slope * self.wealth))
        rural = ~self.town
        columns["land_ha"] = pa.array(
            np.round(np.where(rural, rng.gamma(1.2, 0.9, size), rng.gamma(0.2, 0.4, size)), 2)
        )
        herds = np.where(rural, 1.0, 0.15)
        columns["cattle"] = pa.array(
            rng.poisson(herds * np.clip(1.2 + 0.9 * self.wealth, 0.1, None))
        )
        columns["goats"] = pa.array(
            rng.poisson(herds * np.clip(2.4 + 0.5 * self.wealth, 0.2, None))
        )
        columns["income"] = amounts(self.income.astype(np.int64))
        columns["meals_a_day"] = pa.array(
            np.clip(np.round(2.4 + 0.35 * self.wealth + rng.normal(0, 0.4, size)), 1, 4).astype(int)
        )
        columns["minutes_to_school"] = pa.array(
            np.where(self.town, rng.gamma(2, 8, size), rng.gamma(2.5, 16, size)).astype(int)
        )
        columns["minutes_to_clinic"] = pa.array(
            np.where(self.town, rng.gamma(2, 11, size), rng.gamma(2.6, 28, size)).astype(int)
        )
        columns["drought_loss"] = yes_no(rng.random(size) < np.where(rural, 0.22, 0.04))
        return pa.table({name: pc.cast(column, pa.string()) for name, column in columns.items()})

    def _people_table(self) -> pa.Table:
        rng, people = self.rng, self.people
        house, role, age = self.house, self.role, self.age
        wealth = self.wealth[house]
        adult = age >= 18
        surname = self._family_names()
        given = self._given_names()
        newborn = self.born > self.on - np.timedelta64(60, "D")
        unnamed = newborn & (rng.random(people) < 0.35)
        known = rng.random(people)
        # 84 in 100 know the day, the rest the year only, or an age that somebody guessed; old people least.
        by_day = known < np.where(age >= 60, 0.62, 0.88)
        guessed = ~by_day & (known > 0.972)
        by_year = ~by_day & ~guessed
        spread = np.where(age >= 60, 5, 2)
        has_id = rng.random(people) < np.where(adult, 0.93, np.where(age >= 6, 0.45, 0.25))
        reason = np.where(has_id, 0, np.where(~adult, 1, np.where(rng.random(people) < 0.6, 2, 3)))
        has_phone = (age >= 16) & (rng.random(people) < logistic(0.6 + 0.8 * wealth))
        phone = phone_numbers(rng, people)
        banked = (age >= 18) & (rng.random(people) < logistic(-0.9 + 0.9 * wealth))
        mobile = ~banked & has_phone & (rng.random(people) < 0.85)
        # People over 65 and the heads who will be paid are told to open an account; most have.
        invited = (
            ~banked
            & ~mobile
            & (age >= 18)
            & ((age >= 65) | (role <= SPOUSE))
            & (rng.random(people) < 0.88)
        )
        account = self._account_numbers(banked | invited)
        school = (age >= 5) & (age <= 18)
        attends = school & (
            rng.random(people) < logistic(1.7 + 0.6 * wealth - 0.25 * np.maximum(age - 12, 0))
        )
        columns: dict[str, pa.Array] = {
            "person_no": numbered("P", np.arange(1, people + 1), 8),
            "household_no": numbered("H", house + 1, 7),
            "area_code": blank(people),
            "residence": blank(people),
            "relation": pa.array(ROLE_WORDS).take(pa.array(role)),
            "presence": pa.array(["usual", "absent", "visitor"]).take(
                pa.array(np.where(self.absent, 1, np.where(self.visitor, 2, 0)))
            ),
            "given_name": where(~unnamed, given),
            "family_name": where(~unnamed, surname),
            "sex": pa.array(["M", "F"]).take(pa.array(self.female.astype(int))),
            "birth_date": where(by_day, pc.cast(pa.array(self.born), pa.string())),
            "birth_year": where(by_year, pc.cast(pa.array(self.born.astype("datetime64[Y]").astype(int) + 1970), pa.string())),
            "birth_earliest": where(guessed, years_around(self.born, -spread, self.on)),
            "birth_latest": where(guessed, years_around(self.born, spread, self.on)),
            "national_id": where(has_id, national_ids(rng, people)),
            "no_national_id": pa.array(["", "child", "never_issued", "lost"]).take(pa.array(reason)),
            "other_id": blank(people),
            "phone": where(has_phone, phone),
            "account_channel": pa.array(["", "bank", "mobile"]).take(
                pa.array(np.where(banked | invited, 1, np.where(mobile, 2, 0)))
            ),
            "account_number": pc.if_else(pa.array(banked | invited), account, where(mobile, phone)),
            "marital_status": self._marital(),
            "education": self._education(wealth),
            "attends_school": where(school, yes_no(attends)),
            "work": self._work(wealth, attends),
            "chronic_illness": yes_no(rng.random(people) < 0.02 + 0.003 * np.maximum(age - 30, 0)),
            "pregnant": where(
                self.female & (age >= 15) & (age < 50), yes_no(rng.random(people) < 0.07)
            ),
            "orphanhood": where(age < 18, self._orphanhood()),
            "birth_certificate": where(age < 18, yes_no(rng.random(people) < logistic(1.0 + 0.6 * wealth))),
            **self._functioning(),
            "displacement": self._choice(("resident", "internally_displaced", "returnee"), (0.985, 0.012, 0.003), people),
            "disability_certificate": blank(people),
        }  # fmt: skip
        severe = np.maximum.reduce([level for level in self._wg_levels.values()]) >= 2
        columns["disability_certificate"] = where(severe, yes_no(rng.random(people) < 0.3))
        table = pa.table(columns)
        return pa.concat_tables([table, self._second_rows(table)])

    def _second_rows(self, table: pa.Table) -> pa.Table:
        """The row of each husband in his second household: he spends part of his time there."""
        rows = table.take(pa.array(self.second_husband))
        count = len(self.second_husband)
        for name, column in (
            ("household_no", numbered("H", self.second_home + 1, 7)),
            ("relation", pa.array(["spouse"] * count, pa.string())),
            ("presence", pa.array(["part"] * count, pa.string())),
        ):
            rows = rows.set_column(rows.schema.get_field_index(name), name, column)
        return rows

    def _family_names(self) -> pa.Array:
        pool = names.invent_names("family", 900, seed=self.seed)
        of_house = self.rng.choice(len(pool), self.size, p=names.popularity(len(pool)))
        own = self.rng.choice(len(pool), self.people, p=names.popularity(len(pool)))
        keeps_own = (self.role == NOT_RELATED) | (
            (self.role == SPOUSE) & (self.rng.random(self.people) < 0.5)
        )
        return pa.array(pool).take(pa.array(np.where(keeps_own, own, of_house[self.house])))

    def _given_names(self) -> pa.Array:
        pool = 500
        either = names.invent_names("male", pool, seed=self.seed) + names.invent_names(
            "female", pool, seed=self.seed
        )
        drawn = self.rng.choice(pool, self.people, p=names.popularity(pool))
        return pa.array(either).take(pa.array(drawn + pool * self.female))

    def _account_numbers(self, banked: Bools) -> pa.Array:
        """Bank account numbers with two check digits; 2 in 100 were written down wrongly."""
        body = self.rng.integers(100_000_000_000, 999_999_999_999, self.people)
        check = bank_account_check(body)
        wrong = self.rng.random(self.people) < 0.02
        check = np.where(wrong, (check + 1) % 100, check)
        text = pc.binary_join_element_wise(
            pc.cast(pa.array(body), pa.string()), padded(check, 2), ""
        )
        return where(banked, text)

    def _marital(self) -> pa.Array:
        married = (self.role == SPOUSE) | (
            (self.role == HEAD) & (self.spouse | (self.shape == CO_WIFE))[self.house]
        )
        widowed = ~married & (self.rng.random(self.people) < np.clip((self.age - 38) / 60, 0, 0.75))
        apart = ~married & ~widowed & (self.role == HEAD) & (self.rng.random(self.people) < 0.3)
        code = np.select([self.age < 15, married, widowed, apart], [0, 2, 3, 4], default=1)
        return pa.array(["", "single", "married", "widowed", "separated"]).take(pa.array(code))

    def _orphanhood(self) -> pa.Array:
        mother, father = self.rng.random((2, self.people)) < [[0.035], [0.065]]
        return pa.array(["none", "mother", "father", "both"]).take(
            pa.array(mother.astype(int) + 2 * father)
        )

    def _education(self, wealth: Floats) -> pa.Array:
        latent = (
            0.9 * wealth + 0.6 * self.schooling[self.house] - np.maximum(self.age - 35, 0) * 0.035
        )
        latent = latent + self.rng.normal(0, 0.9, self.people)
        level = np.digitize(latent, (-1.1, 0.2, 1.3, 2.3)) + 1
        level = np.where(
            self.age < 5,
            0,
            np.minimum(
                level, np.select([self.age < 12, self.age < 16, self.age < 20], [2, 3, 4], 5)
            ),
        )
        return pa.array(["", "none", "some_primary", "primary", "secondary", "higher"]).take(
            pa.array(level)
        )

    def _work(self, wealth: Floats, attends: Bools) -> pa.Array:
        draw = self.rng.random(self.people)
        formal = draw < np.clip(0.08 + 0.07 * wealth, 0.01, 0.5)
        codes = np.select(
            [
                self.age < 14,
                attends,
                self.age >= 70,
                formal,
                draw < 0.36,
                draw < 0.58,
                draw < 0.74,
                draw < 0.82,
            ],
            [0, 6, 7, 1, 2, 3, 4, 5],
            default=8,
        )
        words = [
            "",
            "employee",
            "own_farm",
            "day_labour",
            "own_business",
            "unemployed",
            "student",
            "retired",
            "household_work",
        ]
        return pa.array(words).take(pa.array(codes))

    def _functioning(self) -> dict[str, pa.Array]:
        """The six questions of the Washington Group short set; a few do not answer."""
        frailty = self.rng.normal(0, 1, self.people)
        self._wg_levels: dict[str, Ints] = {}
        columns: dict[str, pa.Array] = {}
        slope = {
            "seeing": 0.030,
            "hearing": 0.022,
            "walking": 0.032,
            "remembering": 0.018,
            "self_care": 0.020,
            "communicating": 0.010,
        }
        for domain in WG_DOMAINS:
            latent = (
                0.7 * frailty
                + 0.7 * self.rng.normal(0, 1, self.people)
                + slope[domain] * np.maximum(self.age - 35, 0)
            )
            level = np.digitize(latent, (1.7, 2.65, 3.6))
            self._wg_levels[domain] = level
            answered = (self.age >= 5) & (self.rng.random(self.people) < 0.992)
            columns[f"wg_{domain}"] = where(answered, pa.array(WG_ANSWERS).take(pa.array(level)))
        return columns

    # Drawing

    def _ordered(self, answers: Sequence[tuple[str, float]]) -> pa.Array:
        """Draw an answer from poorest to richest by wealth and noise, in the shares given."""
        latent = 0.8 * self.wealth + 0.6 * self.rng.normal(0, 1, self.size)
        shares = np.cumsum([share for _, share in answers])[:-1]
        # Cut at fixed points of the normal curve, so that a poorer country looks poorer.
        cuts = normal_quantile(shares) * 0.95
        return pa.array([word for word, _ in answers]).take(pa.array(np.digitize(latent, cuts)))

    def _choice(self, words: Sequence[str], shares: Sequence[float], size: int) -> pa.Array:
        return pa.array(list(words)).take(pa.array(self.rng.choice(len(words), size, p=shares)))
