"""The people of an invented country as numbers: where they live, with whom, how old and how poor.

Each household has a latent *wealth* (normal, higher in towns and with the head's schooling, and
lower where there are many children). What a census writes down of it is drawn in `generator`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np

# Roles, in the order in which a household is written down.
HEAD, SPOUSE, CHILD, PARENT, GRANDCHILD, SIBLING, NOT_RELATED = range(7)
ROLE_WORDS = ("head", "spouse", "child", "parent", "grandchild", "sibling", "not_related")

# Shapes of households and their shares.
NUCLEAR, LONE_PARENT, EXTENDED, COUPLE, SINGLE, ELDERLY, SKIPPED, CO_WIFE = range(8)
SHAPE_SHARES = (0.415, 0.125, 0.215, 0.06, 0.075, 0.055, 0.03, 0.025)


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


class Population:
    """Households and people as numbers, before they are written down in a census.

    Columns over households: ward, town, schooling, wealth, shape, spouse, income. Columns over
    people: house (row of the household), role, age, female, born, absent, visitor. Second homes
    are rows of households, second husbands rows of people.
    """

    def __init__(
        self, size: int, on: date, country: Country, rng: np.random.Generator, seed: int
    ) -> None:
        self.size = size
        self.on = np.datetime64(on, "D")
        self.country = country
        self.rng = rng
        self.seed = seed
        self._place()
        self._shape()
        self._people()
        self._incomes()

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
        """Find for each co-wife's household a husband, a man of the same ward."""
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
