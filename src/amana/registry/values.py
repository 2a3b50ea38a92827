"""One value of a variable, read as people write it and as facts keep it. Pure.

Facts keep whole numbers, decimals to six places, money in the smallest unit of the currency, yes
and no as true and false, codes and texts as text, dates as 2026-03-01.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Final

from amana.kernel.errors import BadInput, Where
from amana.kernel.text_source import nearest, some
from amana.registry.dictionary import Dictionary, Variable

YES: Final = frozenset({"true", "yes", "y", "1"})
NO: Final = frozenset({"false", "no", "n", "0"})
TEXT_CHARACTERS_MAX: Final = 2_000

FactValue = str | int | float | bool


class ValueRefused(BadInput):
    """The value does not fit its variable."""

    code = "VALUE_REFUSED"


def read_value(
    text: str, variable: Variable, dictionary: Dictionary, *, minor_digits: int
) -> FactValue:
    """Read a value as a person wrote it and give it as facts keep it.

    Args:
        text: not empty; money in the currency's main unit.
        minor_digits: digits of the currency's smallest unit.

    Raises:
        ValueRefused: with what was expected.
    """
    text = text.strip()
    kind = variable.type
    if kind == "code":
        codes = dictionary.codes_of(variable.code)
        if text not in codes:
            raise _refused(
                variable,
                f"“{text}” is not a code of {variable.code}.",
                nearest(text, codes) or f"Codes: {some(codes)}.",
            )
        return text
    if kind == "text":
        if len(text) > TEXT_CHARACTERS_MAX:
            raise _refused(variable, "The text is too long.", f"At most {TEXT_CHARACTERS_MAX}.")
        return text
    if kind == "boolean":
        if text.lower() in YES | NO:
            return text.lower() in YES
        raise _refused(variable, f"“{text}” is neither yes nor no.", "Write yes or no.")
    if kind == "date":
        try:
            return date.fromisoformat(text).isoformat()
        except ValueError:
            raise _refused(
                variable, f"“{text}” is not a date.", "Write it as 2026-03-01."
            ) from None
    return _read_number(text, variable, minor_digits)


def _read_number(text: str, variable: Variable, minor_digits: int) -> int | float:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise _refused(
            variable,
            f"“{text}” is not a number.",
            "Write digits, with a point for decimals and nothing for thousands.",
        )
    low, high = variable.minimum, variable.maximum
    if (low is not None and number < low) or (high is not None and number > high):
        bounds = f"{'' if low is None else low} to {'' if high is None else high}"
        raise _refused(variable, f"{variable.code} is {text}.", f"Expected {bounds}.")
    if variable.type == "money":
        return int((number * 10**minor_digits).quantize(Decimal(1), ROUND_HALF_UP))
    if variable.type == "integer":
        if number != number.to_integral_value():
            raise _refused(variable, f"“{text}” is not a whole number.", "Write a whole number.")
        return int(number)
    return float(round(number, 6))


def _refused(variable: Variable, message: str, mend: str) -> ValueRefused:
    return ValueRefused(message, mend=mend, where=Where(field=variable.code))
