"""Who collects when nobody has said: the people a careless rule would miss."""

from __future__ import annotations

import pytest

from amana.places.bulk import cursor
from amana.places.models import Organisation
from amana.programmes import recipients
from amana.programmes.models import Enrolment, Programme, Recipient
from amana.registry.models import Group, Person
from tests.programmes.making import AT, TODAY, born, join, make_group, make_person, relate

pytestmark = pytest.mark.django_db

WOMEN_FIRST = "female caregiver, else head"


def collect_for(*units: Group | Person, rule: str = "") -> list[Recipient]:
    """Enrol units in one new programme and give their recipients in the same order."""
    persons = isinstance(units[0], Person)
    programme = Programme.objects.create(
        code=f"p{Programme.objects.count()}", unit_kind="PERSON" if persons else "HOUSEHOLD"
    )
    rows = [
        Enrolment.objects.create(
            programme=programme,
            person=None if isinstance(unit, Group) else unit,
            group=unit if isinstance(unit, Group) else None,
            state="ACTIVE",
            since=TODAY,
            active_from=TODAY,
        )
        for unit in units
    ]
    rule = rule or ("self" if persons else WOMEN_FIRST)
    with cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS staged_enrolment")
        cur.execute(
            "CREATE TEMP TABLE staged_enrolment AS SELECT e.id AS enrolment_id, e.person_id,"
            " COALESCE(e.group_id, p.group_id) AS household_id FROM programmes_enrolment e"
            " LEFT JOIN registry_person p ON p.id = e.person_id WHERE e.programme_id = %s",
            [programme.pk],
        )
        cur.execute(
            recipients.insert_statement(rule=rule, persons=persons),
            recipients.parameters(rule=rule, on=TODAY, at=AT, by="tester"),
        )
        cur.execute("DROP TABLE staged_enrolment")
    found = {recipient.enrolment_id: recipient for recipient in Recipient.objects.all()}
    return [found[row.pk] for row in rows if row.pk in found]


def test_the_mother_collects_for_a_household_headed_by_her_husband() -> None:
    group = make_group()
    make_person(group, age=40, role="HEAD", sex="MALE")
    wife = make_person(group, age=35, role="SPOUSE", sex="FEMALE")
    (recipient,) = collect_for(group)
    assert (recipient.person, recipient.relation) == (wife, "CAREGIVER")


def test_the_head_collects_where_no_woman_is_grown_up() -> None:
    group = make_group()
    father = make_person(group, age=40, role="HEAD", sex="MALE")
    make_person(group, age=12, role="CHILD", sex="FEMALE")
    (recipient,) = collect_for(group)
    assert (recipient.person, recipient.relation) == (father, "HEAD")


def test_a_grandmother_who_is_guardian_comes_before_the_head() -> None:
    group = make_group()
    make_person(group, age=45, role="HEAD", sex="MALE")
    child = make_person(group, age=6, role="GRANDCHILD")
    grandmother = make_person(group, age=70, role="PARENT", sex="FEMALE")
    relate(grandmother, "GUARDIAN", child)
    (recipient,) = collect_for(group)
    assert (recipient.person, recipient.relation) == (grandmother, "GUARDIAN")


def test_a_household_headed_by_a_girl_of_15() -> None:
    group = make_group()
    girl = make_person(group, age=15, role="HEAD", sex="FEMALE")
    make_person(group, age=8, role="SIBLING", sex="MALE")
    (recipient,) = collect_for(group)
    assert (recipient.person, recipient.relation) == (girl, "HEAD")


def test_a_man_with_wives_in_two_households() -> None:
    first, second = make_group(), make_group()
    man = make_person(first, age=50, role="HEAD", sex="MALE")
    join(man, second, role="HEAD", presence="PART")
    wives = [make_person(group, age=40, role="SPOUSE", sex="FEMALE") for group in (first, second)]
    assert [recipient.person for recipient in collect_for(first, second)] == wives


def test_an_absent_migrant_cannot_collect() -> None:
    group = make_group()
    make_person(group, age=40, role="HEAD", sex="MALE", presence="ABSENT")
    son = make_person(group, age=19, role="CHILD", sex="MALE")
    (recipient,) = collect_for(group)
    assert recipient.person == son


def test_people_who_died_or_were_merged_never_collect_and_reported_ones_come_last() -> None:
    group = make_group()
    survivor = make_person(age=30)
    make_person(group, age=40, role="HEAD", death_status="VERIFIED")
    make_person(group, age=41, role="SPOUSE", sex="FEMALE", survivor=survivor)
    make_person(group, age=39, role="SPOUSE", sex="FEMALE", death_status="REPORTED")
    sister = make_person(group, age=30, role="SIBLING")
    (recipient,) = collect_for(group)
    assert recipient.person == sister


def test_a_household_in_which_nobody_lives_gets_no_recipient() -> None:
    assert collect_for(make_group()) == []


def test_a_care_home_collects_for_its_children_and_for_itself() -> None:
    home = Organisation.objects.create(code="home", name="Home", kind="care-home")
    group = make_group(kind="INSTITUTION", organisation=home)
    child = make_person(group, age=9)
    (for_child,) = collect_for(child)
    assert (for_child.organisation, for_child.relation) == (home, "INSTITUTION")
    (for_home,) = collect_for(group, rule="organisation")
    assert (for_home.organisation, for_home.person) == (home, None)


def test_an_adult_and_a_homeless_man_collect_for_themselves() -> None:
    group = make_group()
    woman = make_person(group, age=70, sex="FEMALE", role="PARENT")
    homeless = make_person(age=50, sex="MALE")
    unknown_birth = make_person()
    found = collect_for(woman, homeless, unknown_birth)
    assert [(r.person, r.relation) for r in found] == [
        (woman, "SELF"),
        (homeless, "SELF"),
        (unknown_birth, "SELF"),
    ]


def test_a_child_s_mother_comes_before_the_father_and_the_household() -> None:
    group = make_group()
    make_person(group, age=60, role="HEAD", sex="FEMALE")
    mother, father = (make_person(group, age=30, sex=sex) for sex in ("FEMALE", "MALE"))
    newborn = make_person(group, birth_earliest=born(0), birth_latest=born(0))
    relate(father, "PARENT", newborn)
    relate(mother, "PARENT", newborn)
    (recipient,) = collect_for(newborn)
    assert (recipient.person, recipient.relation) == (mother, "PARENT")


def test_an_unnamed_newborn_without_known_parents_is_collected_for_by_the_household() -> None:
    group = make_group()
    make_person(group, age=40, role="HEAD", sex="MALE")
    wife = make_person(group, age=35, role="SPOUSE", sex="FEMALE")
    newborn = make_person(group, birth_earliest=born(0), birth_latest=born(0))
    (recipient,) = collect_for(newborn)
    assert (recipient.person, recipient.relation) == (wife, "CAREGIVER")


def test_a_child_who_heads_their_household_collects_for_themselves() -> None:
    group = make_group()
    girl = make_person(group, age=15, role="HEAD", sex="FEMALE")
    (recipient,) = collect_for(girl)
    assert (recipient.person, recipient.relation) == (girl, "SELF")


def test_a_proxy_collects_for_an_adult_who_cannot() -> None:
    old, nephew = make_person(age=90), make_person(age=40)
    relate(nephew, "PROXY", old)
    (recipient,) = collect_for(old)
    assert (recipient.person, recipient.relation) == (nephew, "PROXY")


def test_a_grandmother_collects_three_grants() -> None:
    group = make_group()
    grandmother = make_person(group, age=68, role="HEAD", sex="FEMALE")
    children = [make_person(group, age=age, role="GRANDCHILD") for age in (3, 6, 9)]
    for child in children:
        relate(grandmother, "GUARDIAN", child)
    assert [r.person for r in collect_for(*children)] == [grandmother] * 3
