"""Money is whole, in one currency, and rounds by name."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.kernel.money import AmountMistyped, Currency, Money, Rounding, read_amount, round_minor

FLORIN = Currency("XTS")


@pytest.mark.parametrize(
    ("exact", "half_up", "half_even", "down", "up"),
    [  # the table in the module's docstring, in minor units
        ("1000.4", 1000, 1000, 1000, 1001),
        ("1000.5", 1001, 1000, 1000, 1001),
        ("1001.5", 1002, 1002, 1001, 1002),
        ("-1000.5", -1001, -1000, -1000, -1001),
    ],
)
def test_rounding_follows_its_table(
    exact: str, half_up: int, half_even: int, down: int, up: int
) -> None:
    value = Decimal(exact)
    assert round_minor(value, Rounding.HALF_UP) == half_up
    assert round_minor(value, Rounding.HALF_EVEN) == half_even
    assert round_minor(value, Rounding.DOWN) == down
    assert round_minor(value, Rounding.UP) == up


@given(
    st.integers(-(10**15), 10**15),
    st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any),
)
def test_a_split_gives_everything_away(amount: int, weights: list[int]) -> None:
    parts = Money(amount, FLORIN).split(weights)
    assert sum(part.amount_minor for part in parts) == amount
    whole = sum(weights)
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.amount_minor * whole - amount * weight) < whole


@given(st.integers(-(10**15), 10**15), st.integers(0, 4))
def test_an_amount_reads_back_as_it_was_written(amount: int, digits: int) -> None:
    money = Money(amount, Currency("XTS", digits))
    assert read_amount(money.text(), money.currency) == money


@pytest.mark.parametrize("text", ["", "ten", "1.005", "1,000", "NaN", "Infinity", "1e400"])
def test_an_amount_is_refused_when_it_is_not_exactly_one(text: str) -> None:
    with pytest.raises(AmountMistyped):
        read_amount(text, FLORIN)


def test_currencies_do_not_mix() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        Money(1, FLORIN) + Money(1, Currency("XXX"))
    with pytest.raises(TypeError):
        Money(1.5, FLORIN)  # type: ignore[arg-type]
