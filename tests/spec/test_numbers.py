"""Numbers: exact, never a float; what has no answer is unknown, never an error and never zero."""

from __future__ import annotations

from decimal import Decimal

from tests.engine.ground import judged, person

UNKNOWN = None
BIG = 2**62

#: cattle = 2^62, rooms = 7, land = 2.5
WHOLE = {
    "household.rooms + 3 == 10": True,
    "household.rooms * 100 == 700": True,
    "household.rooms % 4 == 3": True,
    "(0 - household.rooms) % 4 == -3": True,  # the sign of the dividend, as in CEL
    "div(household.rooms, 2) == 3": True,
    "div(0 - household.rooms, 2) == -3": True,  # towards zero
    "household.cattle + household.cattle > 0": UNKNOWN,  # beyond 64 bits
    "household.cattle * 4 > 0": UNKNOWN,
    "household.cattle - household.cattle == 0": True,
    "household.cattle + 1 > household.cattle": True,
    "household.rooms % (household.rooms - 7) == 0": UNKNOWN,
    "div(household.rooms, household.rooms - 7) == 0": UNKNOWN,
    "-household.rooms == -7": True,
    "household.rooms == 7.0": True,
    "household.rooms < 7.000001": True,
}


def test_whole_numbers() -> None:
    assert judged(WHOLE, cattle=BIG, rooms=7, members=[person()]) == WHOLE


DECIMALS = {
    "household.land * 2 == 5.0": True,
    "household.land + 1 == 3.5": True,
    "decimal(household.rooms) / 2 == 3.5": True,
    "double(household.rooms) / 2 == 3.5": True,
    "household.land / 0.0 > 1.0": UNKNOWN,
    "household.land / (household.land - 2.5) == 0.0": UNKNOWN,
    "household.land / 3 == 0.833333": True,  # rounded at the sixth digit
    "(0 - household.land) / 3 == -0.833333": True,
    "decimal(2) / 3 == 0.666667": True,
    "0.1 + 0.2 == 0.3": True,
    "household.land * household.land == 6.25": True,
    "round(household.land, 0) == 3.0": True,  # halves up
    "round(0 - household.land, 0) == -2.0": True,  # up, not away from zero
    "floor(household.land) == 2": True,
    "ceil(household.land) == 3": True,
    "abs(0 - household.land) == 2.5": True,
    "ln(household.land - 2.5) < 0.0": UNKNOWN,
    "ln(1) == 0.0": True,
    "ln(household.rooms) == 1.94591": True,
    "min(household.rooms, household.land) == 2.5": True,
    "(household.urban ? 1 : 2.5) == 1.0": True,
}


def test_decimals() -> None:
    world = {"land": Decimal("2.5"), "rooms": 7, "urban": True, "members": [person()]}
    assert judged(DECIMALS, **world) == DECIMALS


#: land has eighteen digits, all nine
LARGE = {
    "household.land + household.land > 0.0": UNKNOWN,
    "household.land * 1000 > 0.0": UNKNOWN,
    "household.land * household.land > 0.0": UNKNOWN,
    "household.land - 1 < household.land": True,
    "household.land / 0.000001 > 0.0": UNKNOWN,
    "household.cattle * household.land > 0.0": UNKNOWN,
    "decimal(household.cattle) > 0.0": UNKNOWN,
}


def test_decimals_beyond_their_range_are_unknown() -> None:
    world = {"land": Decimal("999999999999.999999"), "cattle": BIG, "members": [person()]}
    assert judged(LARGE, **world) == LARGE


#: rent is 12.50 in money of two digits: 1250 minor units
MONEY = {
    "household.rent == money(12.5)": True,
    "household.rent + household.rent == money(25)": True,
    "household.rent * 3 == money(37.5)": True,
    "household.rent * 0.1 == money(1.25)": True,
    "household.rent / 4 == money(3.125)": True,  # finer than the minor unit until it is paid
    "household.rent / household.rent == 1.0": True,
    "major(household.rent) == 12.5": True,
    "household.rent > 0": True,  # a bare 0 is no money
    "param.base == money(20)": True,
    "max(household.rent, param.base) == money(20)": True,
}


def test_money() -> None:
    assert judged(MONEY, rent=1250, members=[person()]) == MONEY
