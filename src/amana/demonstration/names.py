"""Invented names, put together from syllables so that no list of real people is behind them."""

from __future__ import annotations

import numpy as np

_ONSETS = (
    "b",
    "d",
    "f",
    "g",
    "h",
    "j",
    "k",
    "l",
    "m",
    "n",
    "p",
    "r",
    "s",
    "t",
    "v",
    "w",
    "z",
    "ny",
    "sh",
    "mb",
    "nd",
)
_VOWELS = ("a", "e", "i", "o", "u")
_ENDINGS = {
    "female": ("la", "ne", "sha", "ya", "ri", "me", "na", "lisa", "wena"),
    "male": ("ko", "ro", "mu", "to", "den", "bas", "rim", "lo", "wan"),
    "family": ("ndo", "ri", "mba", "sani", "lek", "tova", "rimu", "wesi", "ga", "dali"),
}


def invent_names(kind: str, count: int, *, seed: int) -> list[str]:
    """Invent that many different names, the same ones for the same seed.

    Args:
        kind: ``female``, ``male`` or ``family``; each has endings of its own.
        count: how many; up to some ten thousands of each kind exist.

    >>> invent_names("female", 2, seed=1) == invent_names("female", 2, seed=1)
    True
    """
    rng = np.random.default_rng([seed, *kind.encode()])
    found: dict[str, None] = {}
    while len(found) < count:
        syllables = int(rng.integers(1, 3))
        stem = "".join(
            str(rng.choice(_ONSETS)) + str(rng.choice(_VOWELS)) for _ in range(syllables)
        )
        found.setdefault((stem + str(rng.choice(_ENDINGS[kind]))).capitalize())
    return list(found)


def popularity(count: int) -> np.ndarray:
    """Shares of names by rank: a few are common and most are rare, as with names anywhere."""
    weights = 1.0 / (np.arange(count) + 12.0)
    return np.asarray(weights / weights.sum())
