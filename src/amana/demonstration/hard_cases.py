"""The people whom a careless system leaves out, in every generated country, by name.

Each case is a household, or none, with fixed keys, so that tests and visitors find them: the keys
of its people begin with its name, as in ``census:woman-about-70``. All are poor enough to reach a
poverty-targeted programme. What happens to two of them after the census (a family moves district
in the middle of a month, a death is reported) is told by `chain`, with ordinary commands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from amana.demonstration.checks import bank_account_check, luhn_digit

if TYPE_CHECKING:
    from amana.demonstration.generator import Census
    from amana.demonstration.population import Country

Row = Mapping[str, str]

HOUSEHOLD_COLUMNS = (
    "household_no", "kind", "area_code", "residence", "settlement", "interview_date", "roof",
    "walls", "floor", "water", "toilet", "cooking_fuel", "lighting", "rooms", "tenure",
    "radio", "television", "refrigerator", "bicycle", "motorcycle", "car", "mattress",
    "land_ha", "cattle", "goats", "income", "meals_a_day", "minutes_to_school",
    "minutes_to_clinic", "drought_loss",
)  # fmt: skip
PERSON_COLUMNS = (
    "person_no", "household_no", "area_code", "residence", "relation", "presence",
    "given_name", "family_name", "sex", "birth_date", "birth_year", "birth_earliest",
    "birth_latest", "national_id", "no_national_id", "other_id", "phone", "account_channel",
    "account_number", "marital_status", "education", "attends_school", "work",
    "chronic_illness", "pregnant", "orphanhood", "birth_certificate", "wg_seeing",
    "wg_hearing", "wg_walking", "wg_remembering", "wg_self_care", "wg_communicating",
    "displacement", "disability_certificate",
)  # fmt: skip

_POOREST = {
    "roof": "thatch", "walls": "mud", "floor": "earth", "water": "river", "toilet": "none",
    "cooking_fuel": "dung", "lighting": "none", "rooms": "1", "tenure": "lent", "radio": "no",
    "television": "no", "refrigerator": "no", "bicycle": "no", "motorcycle": "no", "car":
    "no", "mattress": "no", "land_ha": "0", "cattle": "0", "goats": "0", "income": "15.00",
    "meals_a_day": "1", "minutes_to_school": "90", "minutes_to_clinic": "180", "drought_loss":
    "yes",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HardCase:
    """One case: its name, what is hard about it, and the rows that the census has of it."""

    name: str
    says: str
    households: tuple[Row, ...] = ()
    people: tuple[Row, ...] = field(default=())


def all_cases(*, on: date, country: Country) -> tuple[HardCase, ...]:
    """The twelve cases as of the last day of a census."""
    return _Cases(on, country).build()


def census(*, on: date, country: Country) -> Census:
    """The rows of all cases as the two tables of a census."""
    from amana.demonstration.generator import Census

    cases = all_cases(on=on, country=country)
    households = [row for case in cases for row in case.households]
    people = [row for case in cases for row in case.people]
    return Census(_table(households, HOUSEHOLD_COLUMNS), _table(people, PERSON_COLUMNS))


def _table(rows: list[Row], columns: tuple[str, ...]) -> pa.Table:
    unknown = {name for row in rows for name in row} - set(columns)
    if unknown:
        raise ValueError(f"no such column in the census: {sorted(unknown)}")
    return pa.table(
        {name: pa.array([row.get(name, "") for row in rows], pa.string()) for name in columns}
    )


class _Cases:
    def __init__(self, on: date, country: Country) -> None:
        self.on = on
        self.wards = country.ward_codes
        self.districts = country.district_codes
        self.serial = 0

    def build(self) -> tuple[HardCase, ...]:
        return (
            self._homeless_man(),
            self._care_home(),
            self._girl_head(),
            self._two_wives(),
            self._unnamed_newborn(),
            self._woman_about_70(),
            self._refugee(),
            self._nomads(),
            self._migrant(),
            self._movers(),
            self._reported_death(),
            self._grandmother(),
        )

    # The cases

    def _homeless_man(self) -> HardCase:
        man = self._adult("homeless-man", "M", 68, given="Bado", family="Rimuga", channel="mobile")
        man |= {"area_code": self._ward(0), "residence": "none", "household_no": "", "relation": ""}
        return HardCase(
            "homeless-man", "He belongs to no household and has no address.", people=(man,)
        )

    def _care_home(self) -> HardCase:
        home = self._household("care-home", self._ward(7)) | {"kind": "institution"}
        warden = self._adult(
            "care-home-warden", "F", 47, given="Nelisa", family="Tovasani", home="care-home"
        )
        names = [
            "Sami",
            "Leya",
            "Kodo",
            "Wari",
            "Tibo",
            "Nusha",
            "Rako",
            "Fene",
            "Daro",
            "Misha",
            "Jomu",
            "Zula",
        ]
        children = [
            self._child(
                f"care-home-child-{number:02d}",
                "MF"[number % 2],
                1 + number,
                home="care-home",
                relation="resident",
                given=given,
                family="",
            )
            | {"orphanhood": "both"}
            for number, given in enumerate(names, start=1)
        ]
        children[6] |= {"wg_walking": "cannot"}
        return HardCase(
            "care-home",
            "An institution where 12 children live; it is no family, and the warden collects.",
            (home,),
            (warden, *children),
        )

    def _girl_head(self) -> HardCase:
        home = self._household("girl-head-home", self._ward(12))
        girl = self._child(
            "girl-head",
            "F",
            15,
            home="girl-head-home",
            relation="head",
            given="Shari",
            family="Lekri",
        )
        girl |= {"orphanhood": "both", **self._account("mobile")}
        brother = self._child(
            "girl-head-brother",
            "M",
            10,
            home="girl-head-home",
            relation="sibling",
            given="Tomu",
            family="Lekri",
        )
        sister = self._child(
            "girl-head-sister",
            "F",
            4,
            home="girl-head-home",
            relation="sibling",
            given="Nari",
            family="Lekri",
        )
        return HardCase(
            "girl-head",
            "The head of the household is a girl of 15; no adult lives in it.",
            (home,),
            (girl, brother, sister),
        )

    def _two_wives(self) -> HardCase:
        ward = self._ward(21)
        first = self._household("two-wives-first", ward)
        second = self._household("two-wives-second", ward)
        man = self._adult(
            "two-wives-man", "M", 52, given="Gorim", family="Wesi", home="two-wives-first"
        )
        man |= {"wg_seeing": "cannot", "marital_status": "married"}
        again = man | {"household_no": "two-wives-second", "relation": "spouse", "presence": "part"}
        return HardCase(
            "two-wives",
            "One man, wives in two households: one person, two memberships, usual in one.",
            (first, second),
            (
                man,
                self._adult(
                    "two-wives-wife-1",
                    "F",
                    44,
                    given="Lone",
                    family="Wesi",
                    home="two-wives-first",
                    relation="spouse",
                ),
                self._child(
                    "two-wives-child-1", "M", 3, home="two-wives-first", given="Bako", family="Wesi"
                ),
                self._adult(
                    "two-wives-wife-2",
                    "F",
                    31,
                    given="Mina",
                    family="Dali",
                    home="two-wives-second",
                ),
                again,
                self._child(
                    "two-wives-child-2",
                    "F",
                    2,
                    home="two-wives-second",
                    given="Yane",
                    family="Wesi",
                ),
            ),
        )

    def _unnamed_newborn(self) -> HardCase:
        home = self._household("unnamed-newborn-home", self._ward(26))
        mother = self._adult(
            "unnamed-newborn-mother",
            "F",
            23,
            given="Rune",
            family="Mba",
            home="unnamed-newborn-home",
        )
        baby = self._child(
            "unnamed-newborn", "F", 0, home="unnamed-newborn-home", given="", family=""
        )
        baby |= {"birth_date": str(self.on - timedelta(days=9)), "birth_certificate": "no"}
        siblings = [
            self._child(
                f"unnamed-newborn-sibling-{age}",
                sex,
                age,
                home="unnamed-newborn-home",
                given=given,
                family="Mba",
            )
            for age, sex, given in ((2, "M", "Wole"), (7, "F", "Nasha"))
        ]
        return HardCase(
            "unnamed-newborn",
            "A child of nine days has no name yet, and counts.",
            (home,),
            (mother, baby, *siblings),
        )

    def _woman_about_70(self) -> HardCase:
        home = self._household("woman-about-70-home", self._ward(33))
        woman = self._adult(
            "woman-about-70",
            "F",
            70,
            given="Dawena",
            family="Ndo",
            home="woman-about-70-home",
            channel="mobile",
        )
        woman |= {
            "birth_date": "",
            "birth_earliest": self._born(78),
            "birth_latest": self._born(62),
        }
        return HardCase(
            "woman-about-70",
            "She is about 70: born between 62 and 78 years ago.",
            (home,),
            (woman,),
        )

    def _refugee(self) -> HardCase:
        home = self._household("refugee-home", self._ward(38))
        man = self._adult("refugee", "M", 67, given="Hasim", family="Orlek", home="refugee-home")
        man |= {
            "national_id": "",
            "no_national_id": "never_issued",
            "other_id": "RC-0048213",
            "displacement": "refugee",
        }
        return HardCase(
            "refugee",
            "He has a refugee card and was never given a national number.",
            (home,),
            (man,),
        )

    def _nomads(self) -> HardCase:
        home = self._household("nomads-home", self.districts[45 % len(self.districts)])
        home |= {"residence": "moving", "settlement": "nomadic", "goats": "6", "cattle": "1"}
        return HardCase(
            "nomads",
            "The family follows its herd: a district is known, and no ward and no address.",
            (home,),
            (
                self._adult(
                    "nomads-father", "M", 36, given="Wadro", family="Sani", home="nomads-home"
                ),
                self._adult(
                    "nomads-mother",
                    "F",
                    29,
                    given="Imela",
                    family="Sani",
                    home="nomads-home",
                    relation="spouse",
                ),
                self._child(
                    "nomads-child-1", "M", 5, home="nomads-home", given="Kibas", family="Sani"
                ),
                self._child(
                    "nomads-child-2", "F", 1, home="nomads-home", given="Ruya", family="Sani"
                ),
            ),
        )

    def _migrant(self) -> HardCase:
        home = self._household("absent-migrant-home", self._ward(52))
        away = self._adult(
            "absent-migrant",
            "M",
            34,
            given="Jaden",
            family="Galek",
            home="absent-migrant-home",
            relation="spouse",
        )
        return HardCase(
            "absent-migrant",
            "The father works abroad: he belongs to the household and does not live in it.",
            (home,),
            (
                self._adult(
                    "absent-migrant-wife",
                    "F",
                    30,
                    given="Suna",
                    family="Galek",
                    home="absent-migrant-home",
                ),
                away | {"presence": "absent"},
                self._child(
                    "absent-migrant-child",
                    "F",
                    4,
                    home="absent-migrant-home",
                    given="Pila",
                    family="Galek",
                ),
            ),
        )

    def _movers(self) -> HardCase:
        home = self._household("movers-home", self._ward(58))
        return HardCase(
            "movers",
            "The family moves to another district in mid-month, and is paid once for it.",
            (home,),
            (
                self._adult(
                    "movers-mother", "F", 33, given="Tisha", family="Rimba", home="movers-home"
                ),
                self._adult(
                    "movers-father",
                    "M",
                    37,
                    given="Olto",
                    family="Rimba",
                    home="movers-home",
                    relation="spouse",
                ),
                self._child(
                    "movers-child", "M", 3, home="movers-home", given="Benko", family="Rimba"
                ),
            ),
        )

    def _reported_death(self) -> HardCase:
        home = self._household("reported-death-home", self._ward(64))
        return HardCase(
            "reported-death",
            "A neighbour says that he died, nobody verified it: his pension is held, not ended.",
            (home,),
            (
                self._adult(
                    "reported-death",
                    "M",
                    81,
                    given="Hodo",
                    family="Tova",
                    home="reported-death-home",
                ),
            ),
        )

    def _grandmother(self) -> HardCase:
        home = self._household("grandmother-home", self._ward(71))
        disabled = self._child(
            "grandmother-grandchild-1",
            "M",
            9,
            home="grandmother-home",
            relation="grandchild",
            given="Raro",
            family="Lekmu",
        )
        return HardCase(
            "grandmother",
            "She collects three grants: her pension, the child grant, her grandson's allowance.",
            (home,),
            (
                self._adult(
                    "grandmother", "F", 72, given="Asula", family="Lekmu", home="grandmother-home"
                ),
                disabled | {"wg_communicating": "cannot", "wg_self_care": "a_lot"},
                *(
                    self._child(
                        f"grandmother-grandchild-{number}",
                        sex,
                        age,
                        home="grandmother-home",
                        relation="grandchild",
                        given=given,
                        family="Lekmu",
                    )
                    for number, sex, age, given in ((2, "F", 4, "Neri"), (3, "M", 2, "Lodo"))
                ),
            ),
        )

    # Rows

    def _ward(self, number: int) -> str:
        return self.wards[number % len(self.wards)]

    def _born(self, years: int) -> str:
        """A day of birth that many years and 100 days before the census."""
        day = self.on - timedelta(days=100)
        # 28: every month has it, so that leap days need no case of their own.
        return str(day.replace(year=day.year - years, day=min(day.day, 28)))

    def _household(self, key: str, area: str) -> dict[str, str]:
        return {
            "household_no": key, "kind": "household", "area_code": area, "residence": "home",
            "settlement": "rural",
            "interview_date": str(self.on), **_POOREST,
        }  # fmt: skip

    def _person(
        self, key: str, sex: str, age: int, home: str, relation: str, given: str, family: str
    ) -> dict[str, str]:
        answers = {name: "none" for name in PERSON_COLUMNS if name.startswith("wg_")}
        return {
            "person_no": key, "household_no": home, "relation": relation, "presence": "usual",
            "given_name": given, "family_name": family, "sex": sex, "birth_date": self._born(age),
            "chronic_illness": "no", **(answers if age >= 5 else {}),
        }  # fmt: skip

    def _adult(
        self,
        key: str,
        sex: str,
        age: int,
        *,
        given: str,
        family: str,
        home: str = "",
        relation: str = "head",
        channel: str = "bank",
    ) -> dict[str, str]:
        account = self._account(channel)
        body = np.array([810_000_000 + self.serial])
        national_id = f"{body[0]}{luhn_digit(body)[0]}"
        return self._person(key, sex, age, home, relation, given, family) | {
            "national_id": national_id, "marital_status": "widowed" if age > 60 else "married",
            "education": "some_primary", "work": "own_farm" if age < 65 else "retired", **account,
        }  # fmt: skip

    def _child(
        self,
        key: str,
        sex: str,
        age: int,
        *,
        given: str,
        family: str,
        home: str,
        relation: str = "child",
    ) -> dict[str, str]:
        row = self._person(key, sex, age, home, relation, given, family)
        row |= {
            "no_national_id": "child",
            "orphanhood": "none",
            "birth_certificate": "yes",
        }
        if 6 <= age <= 17:
            row["attends_school"] = "yes"
        return row

    def _account(self, channel: str) -> dict[str, str]:
        """An account with right check digits, another one at each call."""
        self.serial += 1
        phone = f"+9996{self.serial:07d}"
        if channel == "mobile":
            return {"phone": phone, "account_channel": "mobile", "account_number": phone}
        body = np.array([100_000_000_000 + self.serial])
        return {
            "account_channel": "bank",
            "account_number": f"{body[0]}{int(bank_account_check(body)[0]):02d}",
        }
