"""Unknown is not false: what is not recorded stays unknown through every operation.

Each table reads: in this household, this rule is true, false, or None (unknown).
"""

from __future__ import annotations

from tests.engine.ground import born, judged, person

UNKNOWN = None

#: `rooms` is not recorded; `cattle` is 3.
LOGIC = {
    "household.rooms > 2": UNKNOWN,
    "!(household.rooms > 2)": UNKNOWN,
    # a false part settles &&, a true part settles ||, whatever else is unknown
    "household.rooms > 2 && household.cattle == 4": False,
    "household.rooms > 2 && household.cattle == 3": UNKNOWN,
    "household.rooms > 2 || household.cattle == 3": True,
    "household.rooms > 2 || household.cattle == 4": UNKNOWN,
    "household.cattle == 4 && household.rooms > 2": False,
    "household.cattle == 3 || household.rooms > 2": True,
    # two unknowns are not equal, nor different: nobody knows
    "household.rooms == household.rooms": UNKNOWN,
    "household.rooms != 2": UNKNOWN,
    "household.roof in ['metal', 'tile']": UNKNOWN,
    # a choice is unknown when its condition is, and asks nothing of the branch not taken
    "(household.rooms > 2 ? 1 : 2) == 1": UNKNOWN,
    "(household.cattle == 3 ? 1 : household.rooms) == 1": True,
    "household.cattle == 3 ? true : household.urban": True,
    # known() is the one question that unknown answers
    "known(household.rooms)": False,
    "known(household.cattle)": True,
    "known(household.rooms > 2 || household.cattle == 3)": True,
    "known(household.rooms) && household.rooms > 2": False,
}


def test_logic_is_three_valued() -> None:
    assert judged(LOGIC, cattle=3, members=[person()]) == LOGIC


NUMBERS = {
    "household.rooms + 1 > 0": UNKNOWN,
    "0 * household.rooms == 0": UNKNOWN,
    "min(household.rooms, 1) == 1": UNKNOWN,
    "max(household.cattle, 5) == 5": True,
    "min(household.cattle, 5) == 3": True,
    "abs(household.rooms) >= 0": UNKNOWN,
    "household.rent > money(0)": UNKNOWN,
    "household.built < date('2000-01-01')": UNKNOWN,
}


def test_arithmetic_with_unknown_is_unknown() -> None:
    assert judged(NUMBERS, cattle=3, members=[person()]) == NUMBERS


#: Three members: disabled is true, false and not recorded; one income of three is not recorded.
MEMBERS = {
    "members.exists(m, m.disabled)": True,
    "members.all(m, m.disabled)": False,
    "members.exists(m, m.grade > 3)": UNKNOWN,  # 3, 2 and unknown
    "members.exists(m, m.grade > 2)": True,
    "members.all(m, m.grade <= 3)": UNKNOWN,
    "members.all(m, m.grade < 3)": False,
    "members.exists_one(m, m.disabled)": UNKNOWN,  # one for certain, perhaps two
    "members.exists_one(m, m.grade >= 2)": False,  # two for certain
    "members.exists_one(m, m.grade == 7)": UNKNOWN,
    "members.count(m, m.disabled) == 1": UNKNOWN,  # between one and two
    "members.count(m, m.disabled) >= 1": True,
    "members.count(m, m.disabled) >= 2": UNKNOWN,
    "members.count(m, m.disabled) >= 3": False,
    "members.count(m, m.disabled) != 3": True,
    "members.sum(m, m.income) > money(0)": UNKNOWN,
    "members.max(m, m.income) > money(0)": UNKNOWN,
    "members.filter(m, known(m.income)).sum(m, m.income) == money(30)": True,
    "members.filter(m, m.disabled).exists(k, k.grade == 3)": True,
    "members.filter(m, m.disabled).all(k, k.grade == 3)": UNKNOWN,
    "members.size() == 3": True,
    "size(members) == 3": True,
    "members.map(m, m.grade).max() == 3": UNKNOWN,
}


def test_members_follow_kleene() -> None:
    members = [
        person(disabled=True, grade=3, income=1000),
        person(disabled=False, grade=2, income=2000),
        person(),
    ]
    assert judged(MEMBERS, members=members) == MEMBERS


#: A household without members.
EMPTY = {
    "members.exists(m, m.disabled)": False,
    "members.all(m, m.disabled)": True,
    "members.exists_one(m, m.disabled)": False,
    "members.count() == 0": True,
    "members.count(m, m.disabled) == 0": True,
    "members.sum(m, m.income) == money(0)": True,
    "members.min(m, m.income) == money(0)": UNKNOWN,  # the least of nothing is not zero
    "members.max(m, m.grade) < 100": UNKNOWN,
}


def test_empty_household() -> None:
    assert judged(EMPTY, members=[]) == EMPTY


#: A programme for persons; this one belongs to no household.
ALONE = {
    "person.disabled": True,
    "household.urban": UNKNOWN,
    "members.exists(m, m.disabled)": UNKNOWN,
    "members.count() == 1": UNKNOWN,
    "person.disabled || members.count() == 1": True,
    "known(household.urban)": False,
}


def test_person_without_household_knows_nothing_of_one() -> None:
    world = {"group_id": None, "unit": "person", "members": [person(disabled=True)]}
    assert judged(ALONE, **world) == ALONE


#: A programme for persons, in a household of two.
AT_HOME = {
    "person.age >= 60": True,
    "household.rooms == 2": True,
    "members.count(m, m.age < 5) == 1": True,
    "members.exists(m, m.receives('pension'))": False,
    "receives('orphans')": True,
    "person.receives('orphans')": True,
    "household.receives('pension')": True,
    "area.hazard > 2": True,
}


def test_person_reads_the_household_they_live_in() -> None:
    members = [
        person(**born("1950-01-01"), receives=["orphans"]),
        person(**born("2024-01-01")),
    ]
    world = {"unit": "person", "rooms": 2, "receives": ["pension"], "area": {"hazard": 3}}
    assert judged(AT_HOME, members=members, **world) == AT_HOME
