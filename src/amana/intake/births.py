"""Births as a file tells them: a day, a month, a year, an age or two days, always an interval.

Both ends are inclusive. Whoever is `a` years old on a day was born from one day after the date `a +
1` years before it, up to the date `a` years before it; when that date does not exist (29 February),
the last day of its month stands for it, which is what counting age by year, month and day gives.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from amana.intake.expressions import Answer, Check, Expressions
from amana.intake.files import literal
from amana.intake.mapping import Birth, Value

AGE_YEARS_MAX: Final = 125
YEAR_EARLIEST: Final = 1880
NO_BIRTH: Final = (
    "NULL::DATE AS birth_earliest, NULL::DATE AS birth_latest, "
    "'UNKNOWN' AS birth_known, '' AS birth_stated"
)
#: The day on which somebody had the age that was given.
_ON: Final = "coalesce(t_age_on, collected_on)"


def read_birth(
    sql: Expressions, birth: Birth | None, *, today: date
) -> tuple[list[Answer], list[Check], str]:
    """Give what is read, what is refused, and the SQL of the four birth columns.

    The first form that is answered counts: the day, two days, the year (and month), the age.
    """
    if birth is None:
        return [], [], NO_BIRTH
    answers = [
        sql.date("born", birth.date),
        sql.date("born_from", birth.earliest),
        sql.date("born_to", birth.latest),
        sql.whole("year", birth.year, YEAR_EARLIEST, today.year, "NUMBER_OUT_OF_RANGE"),
        sql.whole("month", birth.month, 1, 12, "NUMBER_OUT_OF_RANGE"),
        sql.whole("age", birth.age, 0, AGE_YEARS_MAX, "AGE_OUT_OF_RANGE"),
        sql.date("age_on", birth.age_on),
    ]
    return answers, _checks(birth, today), _columns(birth, today)


def _years_before(years: str) -> str:
    return f"CAST({_ON} - to_years(CAST({years} AS INTEGER)) AS DATE)"


def _columns(birth: Birth, today: date) -> str:
    year_end = "CAST(make_date(t_year, coalesce(t_month, 12), 1) + INTERVAL 1 MONTH AS DATE) - 1"
    known = "DOCUMENT" if birth.documented else "STATED_DATE"
    earliest = f"""
        CASE WHEN t_born IS NOT NULL THEN t_born
             WHEN t_born_from IS NOT NULL THEN t_born_from
             WHEN t_year IS NOT NULL THEN make_date(t_year, coalesce(t_month, 1), 1)
             WHEN t_age IS NOT NULL THEN {_years_before("t_age + 1")} + 1 END"""
    latest = f"""
        CASE WHEN t_born IS NOT NULL THEN t_born
             WHEN t_born_to IS NOT NULL THEN t_born_to
             WHEN t_year IS NOT NULL THEN least({year_end}, {literal(str(today))}::DATE)
             WHEN t_age IS NOT NULL THEN {_years_before("t_age")} END"""
    how = f"""
        CASE WHEN t_born IS NOT NULL OR t_born_from = t_born_to THEN '{known}'
             WHEN t_born_from IS NOT NULL THEN 'GUESS'
             WHEN t_year IS NOT NULL AND t_month IS NOT NULL THEN 'MONTH'
             WHEN t_year IS NOT NULL THEN 'YEAR'
             WHEN t_age IS NOT NULL THEN 'AGE' ELSE 'UNKNOWN' END"""
    stated = f"""
        CASE WHEN t_born IS NOT NULL OR t_born_from IS NOT NULL THEN ''
             WHEN t_year IS NOT NULL THEN CAST(t_year AS VARCHAR)
                 || coalesce('-' || lpad(CAST(t_month AS VARCHAR), 2, '0'), '')
             WHEN t_age IS NOT NULL THEN CAST(t_age AS VARCHAR) || ' on ' || CAST({_ON} AS VARCHAR)
             ELSE '' END"""
    return (
        f"{earliest} AS birth_earliest, {latest} AS birth_latest, {how} AS birth_known, "
        f"{stated} AS birth_stated"
    )


def _checks(birth: Birth, today: date) -> list[Check]:
    checks = []
    for name, value in (("born", birth.date), ("born_to", birth.latest)):
        if column := _column(value):
            checks.append(
                Check(
                    f"coalesce(t_{name} > {literal(str(today))}::DATE, false)",
                    column,
                    f"r_{name}",
                    "BIRTH_IN_FUTURE",
                    f"'The birth date ' || CAST(t_{name} AS VARCHAR) || ' lies in the future.'",
                    f"Give a date up to {today}.",
                )
            )
    for name, value in (("born", birth.date), ("born_from", birth.earliest)):
        if column := _column(value):
            checks.append(
                Check(
                    f"coalesce(t_{name} < DATE '{YEAR_EARLIEST}-01-01', false)",
                    column,
                    f"r_{name}",
                    "BIRTH_TOO_EARLY",
                    f"'Nobody born on ' || CAST(t_{name} AS VARCHAR) || ' can be alive.'",
                    "Check the century.",
                )
            )
    if column := _column(birth.earliest):
        checks.append(
            Check(
                "coalesce(t_born_from > t_born_to, false)",
                column,
                "r_born_from",
                "BIRTH_REVERSED",
                "'The earliest birth date is after the latest.'",
                "Turn them round.",
            )
        )
        checks.append(
            Check(
                "coalesce((t_born_from IS NULL) <> (t_born_to IS NULL), false)",
                column,
                "coalesce(r_born_from, r_born_to)",
                "BIRTH_HALF",
                "'One of the earliest and the latest birth date is missing.'",
                "Give both, or neither.",
            )
        )
    return checks


def _column(value: Value | None) -> str | None:
    return None if value is None else value.column
