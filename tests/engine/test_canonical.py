"""The hash of a table sees its content and nothing else."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from amana.engine.canonical import BLOCK_ROWS, hash_batches

SCHEMA = pa.schema(
    [
        ("unit_id", pa.int64()),
        ("met", pa.bool_()),
        ("score", pa.decimal128(12, 6)),
        ("outcome", pa.string()),
        ("missing", pa.list_(pa.string())),
        ("on", pa.date32()),
    ]
)


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "unit_id": n,
            "met": [True, False, None][n % 3],
            "score": Decimal(n) / 4 if n % 5 else None,
            "outcome": ["eligible", "", None, "größer"][n % 4],
            "missing": [[], ["a", "bé"], None, ["c"]][n % 4],
            "on": dt.date(2026, 1, 1) + dt.timedelta(days=n % 9) if n % 7 else None,
        }
        for n in range(count)
    ]


def hashed(given: list[dict[str, Any]], size: int = 10_000) -> tuple[str, int]:
    table = pa.Table.from_pylist(given, schema=SCHEMA)
    return hash_batches(iter(table.to_batches(max_chunksize=size)), SCHEMA)


@pytest.mark.parametrize("size", [1, 7, 999, 2_000])
def test_size_of_the_batches_does_not_matter(size: int) -> None:
    assert hashed(rows(2_000), size) == hashed(rows(2_000))


def test_size_of_the_batches_does_not_matter_over_several_blocks() -> None:
    many = rows(BLOCK_ROWS + 50)
    assert hashed(many, 40_000) == hashed(many, 65_537)
    assert hashed(many)[1] == BLOCK_ROWS + 50


CHANGES: list[tuple[str, Any]] = [
    ("unit_id", 99),
    ("met", None),
    ("met", True),
    ("score", Decimal("0.250001")),
    ("score", None),
    ("outcome", None),
    ("outcome", "eligible "),
    ("missing", None),
    ("missing", ["ab", "é"]),  # the same letters, divided otherwise
    ("on", None),
]


@pytest.mark.parametrize(("name", "value"), CHANGES)
def test_every_change_shows(name: str, value: Any) -> None:
    changed = rows(20)
    changed[1] = {**changed[1], name: value}
    assert hashed(changed) != hashed(rows(20))


def test_order_and_names_show() -> None:
    assert hashed(rows(20)[::-1]) != hashed(rows(20))
    other = pa.schema([("other", pa.int64())])
    one = pa.schema([("one", pa.int64())])
    assert hash_batches(iter([]), other) != hash_batches(iter([]), one)


def test_value_under_a_null_does_not_show() -> None:
    plain = pa.array([1, None, 3], pa.int64())
    under = pa.Array.from_buffers(
        pa.int64(), 3, [plain.buffers()[0], pa.array([1, 77, 3], pa.int64()).buffers()[1]]
    )
    schema = pa.schema([("a", pa.int64())])
    first, second = (
        hash_batches(iter([pa.RecordBatch.from_arrays([array], schema=schema)]), schema)
        for array in (plain, under)
    )
    assert first == second
