"""The clock, read by faces and jobs only; everything else is told the time.

`AMANA_TODAY` (YYYY-MM-DD) pins the date, for demonstrations and tests; the time of day still runs.
"""

from __future__ import annotations

import os
from datetime import UTC, date, datetime


def today() -> date:
    """Give today's date, or the pinned one."""
    pinned = os.environ.get("AMANA_TODAY", "")
    return date.fromisoformat(pinned) if pinned else datetime.now(UTC).date()


def now() -> datetime:
    """Give the present instant in UTC; on the pinned date when there is one."""
    instant = datetime.now(UTC)
    pinned = os.environ.get("AMANA_TODAY", "")
    return datetime.combine(date.fromisoformat(pinned), instant.timetz()) if pinned else instant
