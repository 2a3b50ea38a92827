"""Periods: half-open stretches of days under a code that people and files share.

| calendar | code | covers |
|---|---|---|
| monthly | `2026-11` | from 1 November up to, without, 1 December |
| two-monthly | `2026-B6` | November and December |
| quarterly | `2026-Q4` | October to December |
| half-yearly | `2026-H2` | July to December |
| yearly | `2026` | the calendar year |
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Final

from amana.kernel.errors import BadInput, Where

YEARS: Final = range(1900, 2200)
_CODE: Final = re.compile(r"^(\d{4})(?:-(?:(\d{2})|([BQH])([1-6])))?$")


class PeriodMistyped(BadInput):
    """A text that is not the code of a period."""

    code = "PERIOD_MISTYPED"


class Calendar(Enum):
    """How a programme divides the year; the value is the months in one period."""

    MONTHLY = 1
    TWO_MONTHLY = 2
    QUARTERLY = 3
    HALF_YEARLY = 6
    YEARLY = 12


_LETTERS: Final = {
    "B": Calendar.TWO_MONTHLY,
    "Q": Calendar.QUARTERLY,
    "H": Calendar.HALF_YEARLY,
}


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """The days from `starts_on` up to, and without, `ends_on`.

    >>> parse_period("2026-Q4").days
    92
    >>> parse_period("2026-12").next().code
    '2027-01'
    """

    starts_on: date
    ends_on: date
    code: str

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.starts_on <= day < self.ends_on

    @property
    def days(self) -> int:
        """Give how many days there are in it."""
        return (self.ends_on - self.starts_on).days

    @property
    def calendar(self) -> Calendar:
        """Give the calendar its code belongs to."""
        if len(self.code) == 4:
            return Calendar.YEARLY
        return _LETTERS.get(self.code[5], Calendar.MONTHLY)

    def next(self) -> Period:
        """Give the period after it in the same calendar."""
        return period_of(self.ends_on, self.calendar)

    def overlaps(self, other: Period) -> bool:
        """Say whether a day lies in both."""
        return self.starts_on < other.ends_on and other.starts_on < self.ends_on


def period_of(day: date, calendar: Calendar) -> Period:
    """Give the period of a calendar that a day lies in.

    >>> from datetime import date
    >>> [period_of(date(2026, 11, 20), calendar).code for calendar in Calendar]
    ['2026-11', '2026-B6', '2026-Q4', '2026-H2', '2026']
    """
    return _part(day.year, (day.month - 1) // calendar.value + 1, calendar)


def parse_period(code: str) -> Period:
    """Read the code of a period.

    Raises:
        PeriodMistyped: it is not one, or lies outside the years 1900 to 2199.
    """
    match = _CODE.match(code.strip())
    if match is not None and int(match[1]) in YEARS:
        year = int(match[1])
        if match[2] is not None:
            calendar, part = Calendar.MONTHLY, int(match[2])
        elif match[3] is not None:
            calendar, part = _LETTERS[match[3]], int(match[4])
        else:
            calendar, part = Calendar.YEARLY, 1
        if 1 <= part <= 12 // calendar.value:
            return _part(year, part, calendar)
    raise PeriodMistyped(
        f"“{code}” is not a period.",
        where=Where(field="period"),
        mend="Write a month as 2026-11, a quarter as 2026-Q4, a year as 2026.",
    )


def _part(year: int, part: int, calendar: Calendar) -> Period:
    length = calendar.value
    first = (part - 1) * length
    letters = {kind: letter for letter, kind in _LETTERS.items()}
    if calendar is Calendar.MONTHLY:
        code = f"{year:04}-{part:02}"
    elif calendar is Calendar.YEARLY:
        code = f"{year:04}"
    else:
        code = f"{year:04}-{letters[calendar]}{part}"
    return Period(_month(year, first), _month(year, first + length), code)


def _month(year: int, months: int) -> date:
    return date(year + months // 12, months % 12 + 1, 1)
