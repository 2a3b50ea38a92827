"""The survey tutorial worked out in pandas, from the survey alone.

The points are written down here a second time, as one would copy them from a printed scorecard;
nothing is read from the blueprint and nothing is imported from Amana.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pandas as pd

ROOF = {2: 10, 4: 4, 5: 0, 6: 0, 9: 0}
WALLS = {2: 10, 3: 4, 9: 0}
WATER = {1: 12, 2: 10, 3: 8, 4: 5, 5: 2, 6: 0, 7: 0, 9: 0}
ELECTRICITY = {1: 12, 2: 7, 4: 0}
URBAN = {1: 8, 2: 0}
AMOUNT = Decimal("50.00")
PLACES = 200


@dataclass(frozen=True)
class ByHand:
    """What the tutorial must come to.

    Attributes:
        scores: points by household number.
        sure: households below the score at which places run out: selected whatever the lottery.
        tied: households with exactly that score: some of them are selected, by lottery.
    """

    people: int
    households: int
    scores: pd.Series
    sure: set[str]
    tied: set[str]
    total_minor: int


def work_out(survey: Path) -> ByHand:
    """Score the households, poorest first, and count what 200 of them are paid in a month."""
    rows = pd.read_csv(survey)
    homes = rows.groupby("ori_hid").agg(
        size=("age", "size"),
        children=("age", lambda age: (age < 15).sum()),
        working=("age", lambda age: age.between(15, 64).sum()),
        roof=("roof", "first"),
        walls=("walls", "first"),
        water=("water", "first"),
        electricity=("electcon", "first"),
        urban=("urbrur", "first"),
    )
    size = pd.cut(homes["size"], [0, 2, 3, 5, 7, 99], labels=[22, 16, 11, 6, 0]).astype(int)
    children = pd.cut(homes.children, [-1, 0, 1, 2, 3, 99], labels=[20, 14, 9, 5, 0]).astype(int)
    working = pd.cut(homes.working, [-1, 0, 1, 99], labels=[0, 3, 6]).astype(int)
    scores = size + children + working
    for column, points in (
        ("roof", ROOF), ("walls", WALLS), ("water", WATER), ("electricity", ELECTRICITY),
        ("urban", URBAN),
    ):  # fmt: skip
        scores = scores + homes[column].map(points)
    scores.index = scores.index.astype(str)
    last = scores.sort_values().iloc[PLACES - 1]
    return ByHand(
        people=len(rows),
        households=len(homes),
        scores=scores,
        sure=set(scores[scores < last].index),
        tied=set(scores[scores == last].index),
        total_minor=int(PLACES * AMOUNT * 100),
    )
