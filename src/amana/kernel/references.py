"""Public references: short, typo-proof names for rows, such as `HH-4K7Q-2XM`.

A reference is a prefix, six characters that scramble the row's key, and one check character, over
an alphabet of 31 signs without 0, 1, I, O and U. The check is a weighted sum modulo 31 (a prime)
with distinct weights, so every single wrong character and every swap of two characters is found.
The scramble is a bijection on 0 … 31⁶-1 (887 million rows of one kind): references tell nothing
about the order of registration and never collide.

The database computes the same function (`amana_reference`, in the first migration), so that bulk
writes need no Python; a test holds the two equal.
"""

from __future__ import annotations

import re
from typing import Final

from amana.kernel.errors import BadInput

ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTVWXYZ"
SPACE: Final = 31**6
_MULTIPLIER: Final = 506_832_829
_INVERSE: Final = pow(_MULTIPLIER, -1, SPACE)
_OFFSET: Final = 123_456_791
_WEIGHTS: Final = (2, 3, 5, 7, 11, 13)
_SHAPE: Final = re.compile(r"^([A-Z]{2,3})-?([2-9A-HJ-NP-TV-Z]{4})-?([2-9A-HJ-NP-TV-Z]{3})$")


class ReferenceMistyped(BadInput):
    """A reference whose shape or check character is wrong."""

    code = "REFERENCE_MISTYPED"


def encode_reference(prefix: str, key: int) -> str:
    """Give the public reference of a row.

    >>> encode_reference("HH", 1)
    'HH-9H3H-2QP'
    """
    if not 0 <= key < SPACE:
        raise ValueError(f"key {key} is outside 0 … {SPACE - 1}")
    number = (key * _MULTIPLIER + _OFFSET) % SPACE
    digits = []
    for _ in range(6):
        number, digit = divmod(number, 31)
        digits.append(digit)
    check = sum(w * d for w, d in zip(_WEIGHTS, digits, strict=True)) % 31
    text = "".join(ALPHABET[d] for d in (*digits, check))
    return f"{prefix}-{text[:4]}-{text[4:]}"


def decode_reference(text: str, *, prefix: str | None = None) -> tuple[str, int]:
    """Read a reference back to its prefix and key; spaces, case and hyphens are forgiven.

    Raises:
        ReferenceMistyped: the shape, the check character or the prefix is wrong.
    """
    match = _SHAPE.match(text.strip().upper().replace(" ", ""))
    if match is None:
        raise ReferenceMistyped(
            f"“{text}” is not a reference.", mend="A reference looks like HH-4K7Q-2XM."
        )
    found, body = match[1], match[2] + match[3]
    digits = [ALPHABET.index(c) for c in body]
    if sum(w * d for w, d in zip(_WEIGHTS, digits[:6], strict=True)) % 31 != digits[6]:
        raise ReferenceMistyped(
            f"“{text}” has a wrong character.", mend="Read it again from the card or letter."
        )
    if prefix is not None and found != prefix:
        raise ReferenceMistyped(f"“{text}” names something else: expected {prefix}-….")
    number = 0
    for digit in reversed(digits[:6]):
        number = number * 31 + digit
    return found, (number - _OFFSET) * _INVERSE % SPACE
