"""Whole columns of invented values: the small tools of the generator."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from amana.demonstration.checks import luhn_digit

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def logistic(x: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-x)))


def normal_quantile(shares: Floats) -> Floats:
    from statistics import NormalDist

    return np.array([NormalDist().inv_cdf(float(share)) for share in shares])


def yes_no(values: Bools) -> pa.Array:
    return pa.array(["no", "yes"]).take(pa.array(values.astype(int)))


def where(keep: Bools, values: pa.Array) -> pa.Array:
    """The values as text where they are kept, and an empty cell elsewhere."""
    return pc.if_else(pa.array(keep), pc.cast(values, pa.string()), pa.scalar("", pa.string()))


def blank(count: int) -> pa.Array:
    return pa.array([""]).take(pa.array(np.zeros(count, int)))


def padded(numbers: Ints, width: int) -> pa.Array:
    return pc.utf8_lpad(pc.cast(pa.array(numbers), pa.string()), width, "0")


def numbered(prefix: str, numbers: Ints, width: int) -> pa.Array:
    return pc.binary_join_element_wise(pa.scalar(prefix), padded(numbers, width), "")


def years_around(
    born: npt.NDArray[np.datetime64], years: Ints, not_after: np.datetime64
) -> pa.Array:
    moved = born + (years * 365.25).astype(int).astype("timedelta64[D]")
    return pc.cast(pa.array(np.minimum(moved, not_after)), pa.string())


def phone_numbers(rng: np.random.Generator, count: int) -> pa.Array:
    """Numbers under +999, a country code that nobody has; each is used once."""
    start = int(rng.integers(1_000_000, 2_000_000))
    numbers = 70_000_000 + (start + np.arange(count) * 7) % 9_999_991
    return pc.binary_join_element_wise(pa.scalar("+999"), padded(numbers, 8), "")


def national_ids(rng: np.random.Generator, count: int) -> pa.Array:
    """Ten digits, the last by Luhn; each is used once."""
    start = int(rng.integers(0, 900_000_000))
    body = 100_000_000 + (start + np.arange(count, dtype=np.int64) * 7919) % 899_999_981
    return pc.binary_join_element_wise(
        pc.cast(pa.array(body), pa.string()), padded(luhn_digit(body), 1), ""
    )


def amounts(minor: Ints) -> pa.Array:
    """Amounts in minor units, written as 157.68."""
    whole, cents = pc.cast(pa.array(minor // 100), pa.string()), padded(minor % 100, 2)
    return pc.binary_join_element_wise(whole, cents, ".")
