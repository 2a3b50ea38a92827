"""Sealed values open again, one or a column, and keyed hashes meet across both ways."""

from __future__ import annotations

import pyarrow as pa
import pytest

from amana.access import sealing

NAMES = ["Wanjikũ", None, "", "محمد", "x" * 5000]


def test_a_sealed_text_opens_again_and_hides_itself() -> None:
    sealed = sealing.encrypt_text("Wanjikũ")
    assert sealing.decrypt_text(sealed) == "Wanjikũ"
    assert b"Wanjik" not in sealed
    assert sealed != sealing.encrypt_text("Wanjikũ")


def test_each_row_of_a_sealed_column_opens_alone() -> None:
    sealed = sealing.encrypt_column(pa.array(NAMES)).to_pylist()
    assert [None if v is None else sealing.decrypt_text(v) for v in sealed] == NAMES


def test_a_slice_of_a_column_is_sealed_as_the_whole_would_be() -> None:
    sealed = sealing.encrypt_column(pa.array(NAMES)[3:])
    assert sealing.decrypt_column(sealed) == NAMES[3:]


def test_keyed_hashes_of_a_column_equal_those_of_single_values() -> None:
    column = sealing.keyed_hash_column(pa.array(["123", None, "محمد"]), "national-id").to_pylist()
    assert column[0] == sealing.keyed_hash("123", "national-id")
    assert column[1] is None
    assert column[2] == sealing.keyed_hash("محمد", "national-id")


def test_equal_digits_of_two_kinds_do_not_meet() -> None:
    assert sealing.keyed_hash("123", "national-id") != sealing.keyed_hash("123", "phone")


def test_bytes_that_were_never_sealed_are_refused() -> None:
    with pytest.raises(ValueError, match="not a sealed value"):
        sealing.decrypt_text(b"plain")
