"""Numbers of people (identity, account, phone) in the form in which they are compared. Pure."""

from __future__ import annotations


def normalised_sql(column: str) -> str:
    """Give the SQL of a number in its normal form: capitals and digits, no spaces or marks."""
    return f"upper(regexp_replace({column}, '[\\s./-]', '', 'g'))"


def normalise(number: str) -> str:
    """Give a number in its normal form; the twin of `normalised_sql`.

    >>> normalise(" 12-34 ab")
    '1234AB'
    """
    return "".join(c for c in number if not c.isspace() and c not in "./-").upper()
