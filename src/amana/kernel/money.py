"""Money: a whole number of minor units in one currency; never a float.

Rounding is named, because laws differ. For amounts of 2 minor digits:

| exact amount | HALF_UP | HALF_EVEN | DOWN | UP |
|---|---|---|---|---|
| 10.004 | 10.00 | 10.00 | 10.00 | 10.01 |
| 10.005 | 10.01 | 10.00 | 10.00 | 10.01 |
| 10.015 | 10.02 | 10.02 | 10.01 | 10.02 |
| -10.005 | -10.01 | -10.00 | -10.00 | -10.01 |

HALF_UP takes a half away from zero, as people do on paper; HALF_EVEN to the even neighbour, so that
halves balance over many amounts; DOWN towards zero; UP away from it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, ROUND_UP, Decimal, InvalidOperation
from enum import Enum
from typing import Final

from amana.kernel.errors import BadInput, Where

MINOR_MAX: Final = 2**63 - 1
_CODE: Final = re.compile(r"^[A-Z]{3}$")


class AmountMistyped(BadInput):
    """A text that is not an amount of the currency."""

    code = "AMOUNT_MISTYPED"


class Rounding(Enum):
    """How an exact amount becomes whole minor units; the table stands in the module's docstring."""

    HALF_UP = ROUND_HALF_UP
    HALF_EVEN = ROUND_HALF_EVEN
    DOWN = ROUND_DOWN
    UP = ROUND_UP


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency: its ISO 4217 code and how many digits its minor unit has (XTS, 2)."""

    code: str
    minor_digits: int = 2

    def __post_init__(self) -> None:
        if not _CODE.match(self.code):
            raise ValueError(f"currency {self.code!r} is not three capital letters")
        if not 0 <= self.minor_digits <= 4:
            raise ValueError(f"{self.minor_digits} minor digits: expected 0 to 4")


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in minor units; arithmetic with another currency is a mistake.

    >>> florin = Currency("XTS")
    >>> Money(2050, florin) + Money(50, florin)
    Money(amount_minor=2100, currency=Currency(code='XTS', minor_digits=2))
    >>> str(Money(-2050, florin))
    '-20.50 XTS'
    """

    amount_minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.amount_minor) is not int:
            raise TypeError("money is a whole number of minor units")
        if abs(self.amount_minor) > MINOR_MAX:
            raise OverflowError("more money than a bigint holds")

    def __add__(self, other: Money) -> Money:
        self._must_match(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._must_match(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount_minor, self.currency)

    def __mul__(self, times: int) -> Money:
        return Money(self.amount_minor * times, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._must_match(other)
        return self.amount_minor < other.amount_minor

    def __str__(self) -> str:
        return f"{self.text()} {self.currency.code}"

    @property
    def amount(self) -> Decimal:
        """Give the amount in major units."""
        return Decimal(self.amount_minor).scaleb(-self.currency.minor_digits)

    def text(self) -> str:
        """Give the amount in major units with all its digits, as bank files want it.

        >>> Money(5, Currency("XTS")).text(), Money(5, Currency("JPY", 0)).text()
        ('0.05', '5')
        """
        return f"{self.amount:.{self.currency.minor_digits}f}"

    def share(self, ratio: Decimal, rounding: Rounding) -> Money:
        """Give a part of the amount, rounded by name.

        >>> str(Money(1001, Currency("XTS")).share(Decimal("0.5"), Rounding.HALF_EVEN))
        '5.00 XTS'
        """
        return Money(round_minor(self.amount_minor * ratio, rounding), self.currency)

    def split(self, weights: Sequence[int]) -> list[Money]:
        """Split by weights without losing a minor unit: largest remainder, earlier parts first.

        >>> [part.amount_minor for part in Money(100, Currency("XTS")).split([1, 1, 1])]
        [34, 33, 33]
        """
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError("weights are not negative and not all zero")
        sign = -1 if self.amount_minor < 0 else 1
        amount = abs(self.amount_minor)
        parts = [amount * weight // whole for weight in weights]
        by_remainder = sorted(
            range(len(weights)), key=lambda place: (-(amount * weights[place] % whole), place)
        )
        for place in by_remainder[: amount - sum(parts)]:
            parts[place] += 1
        return [Money(sign * part, self.currency) for part in parts]

    def _must_match(self, other: Money) -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency.code} and {other.currency.code} do not add up")


def round_minor(exact_minor: Decimal, rounding: Rounding) -> int:
    """Round an exact number of minor units to a whole one.

    >>> [round_minor(Decimal("1000.5"), way) for way in (Rounding.HALF_EVEN, Rounding.UP)]
    [1000, 1001]
    """
    return int(exact_minor.quantize(Decimal(1), rounding.value))


def read_amount(text: str, currency: Currency, *, where: Where | None = None) -> Money:
    """Read an amount in major units, with a point before the minor ones.

    Raises:
        AmountMistyped: not a number, or more digits than the currency has; nothing is rounded.
    """
    try:
        exact = Decimal(text.strip()).scaleb(currency.minor_digits)
        whole = int(exact)
    except (InvalidOperation, ValueError, OverflowError):
        whole, exact = 0, Decimal(1)
    if exact != whole or abs(whole) > MINOR_MAX:
        raise AmountMistyped(
            f"“{text}” is not an amount in {currency.code}.",
            where=where,
            mend=f"Write digits, a point and at most {currency.minor_digits} digits after it.",
        )
    return Money(whole, currency)
