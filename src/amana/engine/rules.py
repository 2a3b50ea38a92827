"""Rules as data: rule sets, criteria, models, benefits, parameters and places.

These values say what is to be decided; nothing here parses or runs. All are frozen and compare by
content, so that a published version can be told from an altered one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import Literal

from amana.engine.errors import RuleError
from amana.engine.schema import Kind

Value = bool | int | Decimal | str | dt.date


class Birth(Enum):
    """What to do when an age limit falls inside the interval of a birth.

    STRICT: the comparison is unknown. IN_FAVOUR: each comparison takes the date within the
    interval that serves the applicant. A birth that is not known at all stays unknown in both.
    """

    STRICT = "strict"
    IN_FAVOUR = "in_favour"


class Rounding(Enum):
    """How an amount becomes whole steps; the table is in docs/reference/rules.md."""

    HALF_UP = "half_up"
    HALF_EVEN = "half_even"
    DOWN = "down"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A policy value by date: ``values`` holds (from, value), the last one not after the day.

    Money is held in minor units as an integer with ``kind`` MONEY.
    """

    kind: Kind
    values: tuple[tuple[dt.date, Value], ...]
    unit: str = ""

    def on(self, day: dt.date) -> Value | None:
        """Give the value in force on a day, or None before the first one.

        >>> p = Parameter.of([(dt.date(2026, 1, 1), 5), (dt.date(2026, 7, 1), 8)])
        >>> p.on(dt.date(2026, 6, 30)), p.on(dt.date(2026, 7, 1)), p.on(dt.date(2025, 12, 31))
        (5, 8, None)
        """
        found: Value | None = None
        for start, value in sorted(self.values, key=lambda pair: pair[0]):
            if start <= day:
                found = value
        return found

    @classmethod
    def of(
        cls,
        values: Sequence[tuple[dt.date, Value | float]] | Value | float,
        *,
        unit: str = "",
        currency: str | None = None,
        minor_digits: int = 2,
    ) -> Parameter:
        """Make a parameter from dated values or one value, as a blueprint writes them.

        Args:
            values: (from, value) pairs, or one value that always holds.
            unit: the unit as written (``years``, ``KES/month``). When it begins with ``currency``
                the values are amounts in whole units of currency and become minor units.
            currency: the blueprint's currency code.
            minor_digits: digits of its minor unit.
        Raises: RuleError when the values are of different types or finer than the minor unit.

        >>> Parameter.of(20.5, unit="XTS/month", currency="XTS").values[0][1]
        2050
        """
        pairs: Sequence[tuple[dt.date, Value | float]]
        if isinstance(values, Sequence) and not isinstance(values, str):
            pairs = values
        else:
            pairs = [(dt.date.min, values)]
        exact = [(start, _exact(value)) for start, value in pairs]
        if not exact:
            raise RuleError(
                "The parameter has no value.", mend="Give at least one {from: …, value: …}."
            )
        if currency and unit.split("/")[0].strip() == currency:
            minor = tuple((start, _minor(value, minor_digits)) for start, value in exact)
            return cls(Kind.MONEY, minor, unit)
        kinds = {_kind(value) for _, value in exact}
        if kinds == {Kind.INTEGER, Kind.DECIMAL}:
            widened = tuple((s, Decimal(v) if isinstance(v, int) else v) for s, v in exact)
            return cls(Kind.DECIMAL, widened, unit)
        if len(kinds) != 1:
            raise RuleError(
                "The values of the parameter are of different types.",
                mend="Write all of them as numbers, or all as texts, or all as dates.",
            )
        return cls(kinds.pop(), tuple(exact), unit)


def _exact(value: Value | float) -> Value:
    return Decimal(repr(value)) if isinstance(value, float) else value


def _kind(value: Value) -> Kind:
    if isinstance(value, bool):
        return Kind.BOOLEAN
    if isinstance(value, int):
        return Kind.INTEGER
    if isinstance(value, Decimal):
        return Kind.DECIMAL
    if isinstance(value, dt.date):
        return Kind.DATE
    return Kind.TEXT


def _minor(value: Value, digits: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise RuleError(
            f"An amount of money must be a number, not {value!r}.",
            mend="Write the amount in units of currency, for example 2000 or 12.50.",
        )
    minor = Decimal(value) * 10**digits
    if minor != minor.to_integral_value():
        raise RuleError(
            f"The amount {value} is finer than the currency's smallest unit.",
            mend=f"Write at most {digits} digits after the point.",
        )
    return int(minor)


@dataclass(frozen=True, slots=True)
class Criterion:
    """One condition of eligibility: an id, what it says to people, and the rule (CEL)."""

    id: str
    says: str
    when: str


@dataclass(frozen=True, slots=True)
class Benefit:
    """One component of a benefit: a rule (CEL) that gives money, and its rounding.

    The amount is rounded once, at the end, to whole multiples of ``step_minor`` minor units.
    """

    id: str
    amount: str
    rounding: Rounding = Rounding.HALF_UP
    step_minor: int = 1


@dataclass(frozen=True, slots=True)
class Term:
    """One term of a linear model: ``weight`` times the value of a rule (number or true/false)."""

    id: str
    value: str
    weight: Decimal
    says: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a points scorecard: (rule, points) in order; the first that holds gives.

    No rule holds: 0 points. A rule that is unknown before one that holds: the item is unknown.
    """

    id: str
    points: tuple[tuple[str, int], ...]
    says: str = ""


@dataclass(frozen=True, slots=True)
class Model:
    """A scoring model: linear (terms and an intercept) or points (items).

    Args:
        of: the unit it scores, ``person`` or a kind of group (``household``).
        round: digits kept, halves up: floor(x * 10^round + 0.5) / 10^round; at most 6.
        direction: which end is poorer; ranks run from the poorer end.
    """

    code: str
    version: str
    kind: Literal["linear", "points"]
    of: str = "household"
    terms: tuple[Term, ...] = ()
    items: tuple[Item, ...] = ()
    intercept: Decimal = Decimal(0)
    round: int = 6
    direction: Literal["lower_is_poorer", "higher_is_poorer"] = "lower_is_poorer"
    title: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules of one programme version.

    Args:
        unit: what the programme assists: ``person`` or a kind of group.
        birth: how an age limit inside a birth interval is taken.
        priority: rules by which eligible units are ranked, first key first. `score.x.value` runs
            from the poorer end; every other key runs upward, unless it is written ``-key``.
    """

    code: str
    version: str
    unit: str
    criteria: tuple[Criterion, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    models: tuple[Model, ...] = ()
    priority: tuple[str, ...] = ()
    benefits: tuple[Benefit, ...] = ()
    birth: Birth = Birth.STRICT

    def model(self, code: str) -> Model | None:
        """Find one of the models by code."""
        return next((model for model in self.models if model.code == code), None)


@dataclass(frozen=True, slots=True)
class Places:
    """How many units may be selected: overall, or per area of one level.

    Args:
        by: a level's code, or ``all``.
        count: the number when ``by`` is ``all``.
        areas: area id → number otherwise; an area that is not named has none.
    """

    by: str = "all"
    count: int | None = None
    areas: Mapping[int, int] = field(default_factory=dict)
