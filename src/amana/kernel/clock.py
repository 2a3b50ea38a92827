"""The clock: the one place that reads the time.

Only faces and jobs ask it; commands and pure logic are given `at` (an aware instant) or `on` (a
date). `AMANA_TODAY` (`2026-11-20`) sets the day for demonstrations and tests; the time of day
still passes.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from amana.kernel.errors import BadInput, Where

VARIABLE = "AMANA_TODAY"


class DayUnreadable(BadInput):
    """`AMANA_TODAY` is not a date."""

    code = "DAY_UNREADABLE"


def now() -> datetime:
    """Give the present instant, in UTC; on the day `AMANA_TODAY` names, when it is set."""
    real = datetime.now(UTC)
    day = _day_set()
    return real if day is None else datetime.combine(day, real.timetz())


def today() -> date:
    """Give the present day where the programme is run (`AMANA_TIME_ZONE`, UTC when not set)."""
    day = _day_set()
    if day is not None:
        return day
    return datetime.now(ZoneInfo(os.environ.get("AMANA_TIME_ZONE") or "UTC")).date()


def _day_set() -> date | None:
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DayUnreadable(
            f"“{text}” is not a day.",
            where=Where(field=VARIABLE),
            mend="Write it as 2026-11-20, or remove the variable.",
        ) from None
