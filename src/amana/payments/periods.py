"""What a payroll's period is, when it is paid, and what a benefit covers in it."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date
from typing import Final

from amana.kernel.errors import BadInput, Where
from amana.kernel.period import Calendar, Period, parse_period, period_of

ONCE: Final = "ONCE"
_CALENDARS: Final = {
    "month": Calendar.MONTHLY,
    "quarter": Calendar.QUARTERLY,
    "half-year": Calendar.HALF_YEARLY,
    "year": Calendar.YEARLY,
}


class PeriodNotMonth(BadInput):
    """A payroll is made for a month; the period is another one."""

    code = "PERIOD_NOT_MONTH"


@dataclass(frozen=True, slots=True)
class Coverage:
    """What an entitlement covers: a code, and half-open dates (None: without end)."""

    code: str
    covers_from: date
    covers_to: date | None


def payroll_month(code: str) -> Period:
    """Read the period of a payroll.

    Raises:
        PeriodMistyped: it is not a period.
        PeriodNotMonth: it is longer than a month.
    """
    period = parse_period(code)
    if period.calendar is not Calendar.MONTHLY:
        raise PeriodNotMonth(
            f"“{period.code}” is not a month.",
            where=Where(field="period"),
            mend="Payrolls are made month by month, such as 2026-11; a benefit that comes less "
            "often is paid in the first payroll of its period.",
        )
    return period


def pay_day(month: Period, number: int) -> date:
    """Give the day of a month on which it is paid; the last one when the month is shorter.

    >>> pay_day(payroll_month("2026-02"), 31).isoformat()
    '2026-02-28'
    """
    last = calendar.monthrange(month.starts_on.year, month.starts_on.month)[1]
    return month.starts_on.replace(day=max(1, min(number, last)))


def coverage(every: str, month: Period) -> Coverage:
    """Give the period a benefit covers when it is paid in a month.

    A benefit that comes less often than monthly is due in the first payroll of its period; later
    payrolls of the same period find its entitlement already there.

    Args:
        every: `month`, `quarter`, `half-year`, `year` or `once`.

    >>> december = payroll_month("2026-12")
    >>> [coverage(every, december).code for every in ("month", "quarter", "year", "once")]
    ['2026-12', '2026-Q4', '2026', 'ONCE']
    """
    if every == "once":
        return Coverage(ONCE, month.starts_on, None)
    period = period_of(month.starts_on, _CALENDARS[every])
    return Coverage(period.code, period.starts_on, period.ends_on)
