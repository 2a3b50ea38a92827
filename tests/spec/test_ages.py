"""Ages at their limits: births are intervals, and a limit inside one leaves the age unknown."""

from __future__ import annotations

import datetime as dt

import pytest

from amana.engine import Birth
from tests.engine.ground import born, explained, judged, person

#: On 1 March 2026: born → (under 5, at least 5)
LIMITS = [
    (born("2021-03-01"), False, "fifth birthday today"),
    (born("2021-03-02"), True, "fifth birthday tomorrow"),
    (born("2021-02-28"), False, "fifth birthday yesterday"),
    (born("2021-01-01", "2021-12-31"), None, "only the year is known, and it may be either"),
    (born("2021-03-02", "2021-12-31"), True, "the whole interval is under five"),
    (born("2020-01-01", "2021-03-01"), False, "the whole interval is five or more"),
    ({}, None, "the birth is not recorded"),
    (born("2026-04-01"), True, "not yet born on that day"),
]


@pytest.mark.parametrize(("birth", "under", "why"), LIMITS)
def test_limit_of_five_years(birth: dict[str, dt.date], under: bool | None, why: str) -> None:
    over = None if under is None else not under
    table = {
        "members.exists(m, m.age < 5)": under,
        "members.exists(m, m.age <= 4)": under,
        "members.exists(m, m.age >= 5)": over,
        "members.exists(m, m.age > 4)": over,
        "members.exists(m, !(m.age < param.age_limit))": over,
        "members.exists(m, 5 > m.age)": under,
    }
    assert judged(table, members=[person(**birth)]) == table, why


#: Born on 29 February 2020: completes a year on 1 March where there is no 29 February.
LEAP = [
    (dt.date(2025, 2, 28), 4),
    (dt.date(2025, 3, 1), 5),
    (dt.date(2024, 2, 28), 3),
    (dt.date(2024, 2, 29), 4),
]


@pytest.mark.parametrize(("on", "years"), LEAP)
def test_leap_day_birth(on: dt.date, years: int) -> None:
    table = {
        f"members.all(m, m.age == {years})": True,
        f"members.all(m, m.age < {years})": False,
        f"members.all(m, m.age >= {years})": True,
        # the general way, which compares ages and not births, agrees
        f"members.all(m, m.age + 0 == {years})": True,
    }
    assert judged(table, members=[person(**born("2020-02-29"))], on=on) == table


def test_reference_date_on_leap_day() -> None:
    table = {"members.all(m, m.age == 3)": True, "members.all(m, m.age >= 4)": False}
    on = dt.date(2024, 2, 29)
    assert judged(table, members=[person(**born("2020-03-01"))], on=on) == table


#: A woman "about 70": born between 1953 and 1959, so 66 to 73 on 1 March 2026.
ABOUT = {
    "members.exists(m, m.age >= 60)": True,
    "members.exists(m, m.age >= 66)": True,
    "members.exists(m, m.age >= 70)": None,
    "members.exists(m, m.age > 73)": False,
    "members.exists(m, m.age == 80)": False,
    "members.exists(m, m.age != 80)": True,
    "members.exists(m, m.age in [1, 2])": False,
    "members.exists(m, m.age in [70, 71])": None,
    "members.exists(m, m.age * 2 > 120)": None,  # arithmetic asks for one number
    "members.exists(m, m.age >= 64.5)": True,
    "members.exists(m, m.grade < m.age)": True,
}


def test_woman_about_seventy() -> None:
    members = [person(**born("1953-01-01", "1959-12-31"), grade=10)]
    assert judged(ABOUT, members=members) == ABOUT


#: The same woman, by a programme that takes births in favour.
IN_FAVOUR = {
    "members.exists(m, m.age >= 70)": True,
    "members.exists(m, m.age >= 73)": True,
    "members.exists(m, m.age >= 74)": False,
    "!members.exists(m, m.age >= 70)": True,  # favour is what meets the criterion
    "members.count(m, m.age >= 70) >= 1": True,
    "members.count(m, m.age >= 70) < 1": True,
    "members.all(m, m.age < 67)": True,
}


def test_births_in_favour_when_the_programme_says_so() -> None:
    members = [person(**born("1953-01-01", "1959-12-31"))]
    assert judged(IN_FAVOUR, members=members, birth=Birth.IN_FAVOUR) == IN_FAVOUR


def test_birth_not_recorded_stays_unknown_in_favour_too() -> None:
    table = {"members.exists(m, m.age >= 70)": None}
    assert judged(table, members=[person()], birth=Birth.IN_FAVOUR) == table


def test_age_shown_as_the_interval_it_is() -> None:
    members = [person(**born("1953-01-01", "1959-12-31")), person(**born("2020-05-05")), person()]
    (criterion,) = explained("members.exists(m, m.age >= 70)", members=members).criteria
    assert criterion.outcome == "unknown"
    assert criterion.values == {"members.age": ["66 to 73", 5, None]}
    assert criterion.missing == ("members.age",)
