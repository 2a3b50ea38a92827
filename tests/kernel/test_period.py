"""Periods are half-open, follow one another, and read back from their codes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.kernel.period import Calendar, PeriodMistyped, parse_period, period_of

DAYS = st.dates(date(1901, 1, 1), date(2198, 12, 31))


@given(DAYS, st.sampled_from(list(Calendar)))
def test_every_day_lies_in_exactly_one_period(day: date, calendar: Calendar) -> None:
    period = period_of(day, calendar)
    assert day in period
    assert parse_period(period.code) == period
    assert period.calendar is calendar
    following = period.next()
    assert following.starts_on == period.ends_on
    assert not period.overlaps(following)
    assert period.ends_on not in period
    assert period.ends_on - timedelta(days=1) in period


@pytest.mark.parametrize(
    ("code", "starts_on", "ends_on"),
    [
        ("2026-11", date(2026, 11, 1), date(2026, 12, 1)),
        ("2026-B6", date(2026, 11, 1), date(2027, 1, 1)),
        ("2026-Q4", date(2026, 10, 1), date(2027, 1, 1)),
        ("2024-02", date(2024, 2, 1), date(2024, 3, 1)),
        ("2026", date(2026, 1, 1), date(2027, 1, 1)),
    ],
)
def test_a_code_names_its_days(code: str, starts_on: date, ends_on: date) -> None:
    period = parse_period(code)
    assert (period.starts_on, period.ends_on) == (starts_on, ends_on)


@pytest.mark.parametrize("code", ["", "2026-13", "2026-00", "2026-Q5", "2026-H3", "26-11", "x"])
def test_a_code_is_refused_when_there_is_no_such_period(code: str) -> None:
    with pytest.raises(PeriodMistyped):
        parse_period(code)
