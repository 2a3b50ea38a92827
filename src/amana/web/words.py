"""How values read: dates, numbers, money, titles in the reader's language, times past."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def _locale() -> str:
    """Give the reader's language as Babel knows it."""
    return (translation.get_language() or "en").replace("-", "_")


def in_language(titles: Any) -> str:
    """Choose the text for the reader from {language: text}; plain text stays as it is.

    The reader's language, then English, then whichever there is; empty when there is none.
    """
    if not isinstance(titles, dict):
        return "" if titles is None else str(titles)
    code = translation.get_language() or "en"
    for key in (code, code.split("-")[0], "en"):
        if titles.get(key):
            return str(titles[key])
    return next((str(text) for text in titles.values() if text), "")


def say_number(value: Any, digits: int | None = None) -> str:
    """Write a number with the reader's separators; None is empty."""
    if value is None or value == "":
        return ""
    if digits is None:
        return str(format_decimal(value, locale=_locale()))
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    return str(format_decimal(value, format=pattern, locale=_locale()))


def say_date(value: date | datetime | None) -> str:
    """Write a day as 20 Nov 2026, in the reader's language; None is empty."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return str(format_date(value, "d MMM y", locale=_locale()))


def say_moment(value: datetime | None) -> str:
    """Write an instant as 20 Nov 2026, 14:05."""
    if value is None:
        return ""
    local = timezone.localtime(value) if timezone.is_aware(value) else value
    return f"{say_date(local)}, {local:%H:%M}"


def say_amount(amount_minor: int | None, minor_digits: int = 2, *, exact: bool = True) -> str:
    """Write integer minor units as an amount without its currency.

    Args:
        amount_minor: minor units.
        minor_digits: how many digits the currency has after the point.
        exact: always show the minor digits (columns); else only when they are not zero (sentences).

    >>> say_amount(421400050)
    '4,214,000.50'
    >>> say_amount(350000, exact=False)
    '3,500'
    """
    if amount_minor is None:
        return ""
    from decimal import Decimal

    amount = Decimal(amount_minor).scaleb(-minor_digits)
    whole = amount == amount.to_integral_value()
    return say_number(amount, 0 if whole and not exact else minor_digits)


def say_age(birth_earliest: date | None, birth_latest: date | None, on: date) -> str:
    """Write the age on a day from an interval of birth: “7”, “69 or 70”, or that we do not know."""
    if birth_earliest is None or birth_latest is None:
        return _("not known")
    youngest, oldest = _years(birth_latest, on), _years(birth_earliest, on)
    if youngest == oldest:
        return say_number(oldest)
    if oldest - youngest == 1:
        return _("%(a)s or %(b)s") % {"a": say_number(youngest), "b": say_number(oldest)}
    return _("%(a)s to %(b)s") % {"a": say_number(youngest), "b": say_number(oldest)}


def _years(born: date, on: date) -> int:
    return max(0, on.year - born.year - ((on.month, on.day) < (born.month, born.day)))


def say_ago(then: datetime | date | None, now: datetime) -> str:
    """Write how long ago, coarsely: minutes, hours, days, months."""
    if then is None:
        return ""
    if not isinstance(then, datetime):
        then = datetime(then.year, then.month, then.day, tzinfo=now.tzinfo)
    passed = now - then
    if passed < timedelta(minutes=1):
        return _("just now")
    if passed < timedelta(hours=1):
        count = int(passed.total_seconds() // 60)
        return ngettext("%(n)s minute", "%(n)s minutes", count) % {"n": say_number(count)}
    if passed < timedelta(days=1):
        count = int(passed.total_seconds() // 3600)
        return ngettext("%(n)s hour", "%(n)s hours", count) % {"n": say_number(count)}
    if passed < timedelta(days=60):
        return ngettext("%(n)s day", "%(n)s days", passed.days) % {"n": say_number(passed.days)}
    count = passed.days // 30
    return ngettext("%(n)s month", "%(n)s months", count) % {"n": say_number(count)}


def say_seconds(seconds: float) -> str:
    """Write a duration: “40 s”, “3 min 20 s”, “1 h 5 min”."""
    whole = int(seconds)
    if whole < 60:
        return _("%(s)s s") % {"s": whole}
    if whole < 3600:
        return _("%(m)s min %(s)s s") % {"m": whole // 60, "s": whole % 60}
    return _("%(h)s h %(m)s min") % {"h": whole // 3600, "m": whole % 3600 // 60}
