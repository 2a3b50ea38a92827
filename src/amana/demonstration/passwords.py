"""Passwords of demonstration users: not in any file, the same each time on one installation."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

_ONSETS: Final = ("b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "w", "z", "sh")
_VOWELS: Final = ("a", "e", "i", "o")


def password_for(username: str, *, secret: str) -> str:
    """Derive a user's password from the installation's secret key, in syllables one can type.

    54 bits of the hash: three words of three syllables; other installations have other ones.

    >>> password_for("manager", secret="a") == password_for("manager", secret="a")
    True
    >>> password_for("manager", secret="a") == password_for("manager", secret="b")
    False
    >>> len(password_for("auditor", secret="a").split("-"))
    4
    """
    digest = hmac.new(
        f"demonstration password\0{secret}".encode(), username.encode(), hashlib.sha256
    ).digest()
    syllables = [
        _ONSETS[byte % len(_ONSETS)] + _VOWELS[byte // len(_ONSETS) % len(_VOWELS)]
        for byte in digest[:9]
    ]
    words = ["".join(syllables[start : start + 3]) for start in (0, 3, 6)]
    return "-".join([*words, f"{digest[9] % 90 + 10}"])
