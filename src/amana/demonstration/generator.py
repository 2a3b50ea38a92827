"""Invent the households and people of a country, as a census would have written them down.

Everything is drawn from one seed by numpy over whole columns: the same seed, size and date give
the same bytes, and 100,000 households (about 440,000 people) take seconds.

How it hangs together: each household has a latent *wealth* (normal, higher in towns and with the
head's schooling, lower with every child). Income, housing, belongings, schooling, phones and
accounts all follow from it with noise, so that a proxy means test has something to find and still
makes mistakes. Every share below is an invention that looks plausible; none is an estimate of any
country.
"""

from __future__ import annotations

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
from amana.demonstration.population import (
    CO_WIFE,
    HEAD,
    NOT_RELATED,
    ROLE_WORDS,
    SPOUSE,
    Country,
    Population,
)

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

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
    ordinary = _CensusTaker(households, on, country, np.random.default_rng(seed), seed).take()
    special = hard_cases.census(on=on, country=country)
    return Census(
        pa.concat_tables(
            [ordinary.households, special.households.cast(ordinary.households.schema)]
        ),
        pa.concat_tables([ordinary.people, special.people.cast(ordinary.people.schema)]),
    )


class _CensusTaker(Population):
    """Writes down a population as a census would, with what people do not know left empty."""

    def take(self) -> Census:
        """Give the two tables."""
        return Census(self._households_table(), self._people_table())

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
        # Most know the day, others the year only, or an age that somebody guessed.
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
            "birth_year": where(
                by_year,
                pc.cast(
                    pa.array(self.born.astype("datetime64[Y]").astype(int) + 1970), pa.string()
                ),
            ),
            "birth_earliest": where(guessed, years_around(self.born, -spread, self.on)),
            "birth_latest": where(guessed, years_around(self.born, spread, self.on)),
            "national_id": where(has_id, national_ids(rng, people)),
            "no_national_id": pa.array(["", "child", "never_issued", "lost"]).take(
                pa.array(reason)
            ),
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
            "birth_certificate": where(
                age < 18, yes_no(rng.random(people) < logistic(1.0 + 0.6 * wealth))
            ),
            **self._functioning(),
            "displacement": self._choice(
                ("resident", "internally_displaced", "returnee"), (0.985, 0.012, 0.003), people
            ),
            "disability_certificate": blank(people),
        }
        severe = np.maximum.reduce(list(self._wg_levels.values())) >= 2
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
            answered = (self.age >= 5) & (self.rng.random(self.people) < 0.998)
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
