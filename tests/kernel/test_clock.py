"""The clock obeys AMANA_TODAY and knows where the day begins."""

from __future__ import annotations

from datetime import UTC, date

import pytest

from amana.kernel import clock


def test_today_is_the_day_named_when_amana_today_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_TODAY", "2026-02-28")
    assert clock.today() == date(2026, 2, 28)
    assert clock.now().date() == date(2026, 2, 28)
    assert clock.now().tzinfo is UTC


def test_a_day_that_cannot_be_read_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_TODAY", "28/02/2026")
    with pytest.raises(clock.DayUnreadable) as refused:
        clock.today()
    assert refused.value.where.field == "AMANA_TODAY"
