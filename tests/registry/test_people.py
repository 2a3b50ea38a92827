"""Members, moves, deaths: one household and one person at a time."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from amana.access.models import AuditEvent, OutboxMessage
from amana.kernel.command import Actor
from amana.kernel.errors import BadInput, NotFound, NotPermitted
from amana.places.models import Area
from amana.registry import commands as registry
from amana.registry.commands import people
from amana.registry.models import Death, Group, Membership, Person, Residence
from tests.making import make_actor, make_area

pytestmark = pytest.mark.django_db

ON = date(2026, 5, 1)
AT = datetime(2026, 5, 1, 10, tzinfo=UTC)


@pytest.fixture
def steward() -> Actor:
    return make_actor("steward")


@pytest.fixture
def areas() -> tuple[Area, Area]:
    return make_area("W1"), make_area("W2")


def make_group(area: Area | None = None) -> Group:
    group = Group.objects.create(area=area, registered_at=AT, facts_on=date(2026, 1, 1))
    group.refresh_from_db()
    return group


def make_person(**values: object) -> Person:
    person = Person.objects.create(registered_at=AT, **values)
    person.refresh_from_db()
    return person


def join(actor: Actor, group: Group, person: Person, **values: object) -> Membership:
    given = {"role": "CHILD", "presence": "USUAL", "on": ON, "at": AT} | values
    return registry.add_member(
        actor=actor, group=str(group.reference), person=str(person.reference), **given
    )


def test_a_member_joins_and_the_fast_path_follows(steward: Actor, areas: tuple[Area, Area]) -> None:
    group, person = make_group(areas[0]), make_person()
    join(steward, group, person, role="HEAD")
    group.refresh_from_db()
    person.refresh_from_db()
    assert (group.usual_count, person.group_id, person.area_id) == (1, group.pk, areas[0].pk)
    event = AuditEvent.objects.latest("id")
    assert (event.command, event.subject) == ("registry.add_member", str(group.reference))


def test_a_usual_member_of_another_household_is_refused_unless_they_move(
    steward: Actor, areas: tuple[Area, Area]
) -> None:
    first, second, person = make_group(areas[0]), make_group(areas[1]), make_person()
    join(steward, first, person)
    with pytest.raises(people.UsualElsewhere):
        join(steward, second, person)
    join(steward, second, person, presence="PART")
    registry.remove_member(
        actor=steward, group=str(second.reference), person=str(person.reference), on=ON, at=AT
    )
    later = date(2026, 6, 1)
    join(steward, second, person, on=later, moving=True)
    person.refresh_from_db()
    counts = Group.objects.order_by("pk").values_list("usual_count", flat=True)
    assert (person.group_id, person.area_id, list(counts)) == (second.pk, areas[1].pk, [0, 1])
    assert Membership.objects.get(group=first).valid_to == later


def test_joining_twice_leaving_twice_and_unknown_codes_are_refused(
    steward: Actor, areas: tuple[Area, Area]
) -> None:
    group, person = make_group(areas[0]), make_person()
    join(steward, group, person)
    with pytest.raises(people.AlreadyMember):
        join(steward, group, person)
    with pytest.raises(BadInput, match="CHEF"):
        join(steward, group, make_person(), role="CHEF")
    names = {"group": str(group.reference), "person": str(person.reference)}
    with pytest.raises(BadInput, match="began on"):
        registry.remove_member(actor=steward, **names, on=date(2026, 4, 30), at=AT)
    registry.remove_member(actor=steward, **names, on=ON, at=AT)
    with pytest.raises(people.NotMember):
        registry.remove_member(actor=steward, **names, on=ON, at=AT)


def test_a_household_moves_with_its_usual_members_and_its_history(
    steward: Actor, areas: tuple[Area, Area]
) -> None:
    group, person = make_group(areas[0]), make_person()
    join(steward, group, person)
    registry.move_household(actor=steward, group=str(group.reference), area="W2", on=ON, at=AT)
    group.refresh_from_db()
    person.refresh_from_db()
    assert (group.area_id, person.area_id) == (areas[1].pk, areas[1].pk)
    stays = Residence.objects.filter(group=group).order_by("valid_from")
    assert [(r.area_id, r.valid_from, r.valid_to) for r in stays] == [
        (areas[0].pk, date(2026, 1, 1), ON),
        (areas[1].pk, ON, None),
    ]
    assert OutboxMessage.objects.get().topic == "registry.HouseholdMoved"
    with pytest.raises(people.AreaNotHere):
        registry.move_household(actor=steward, group=str(group.reference), area="W9", on=ON, at=AT)


def test_a_household_moves_out_of_ones_areas_only_with_both_sides(
    areas: tuple[Area, Area],
) -> None:
    group = make_group(areas[0])
    local = make_actor("local", ["registry.view_people", "registry.change_people"], area=areas[0])
    with pytest.raises(NotPermitted):
        registry.move_household(actor=local, group=str(group.reference), area="W2", on=ON, at=AT)
    other = make_actor("other", ["registry.view_people", "registry.change_people"], area=areas[1])
    with pytest.raises(NotFound):
        registry.move_household(actor=other, group=str(group.reference), area="W2", on=ON, at=AT)


def tell_death(actor: Actor, person: Person, status: str, **values: object) -> Death:
    given = {"died_on": None, "on": ON, "at": AT} | values
    return registry.record_death(actor=actor, person=str(person.reference), status=status, **given)


def test_a_death_is_reported_verified_or_mistaken(steward: Actor) -> None:
    person = make_person(birth_earliest=date(1950, 1, 1), birth_latest=date(1950, 12, 31))
    with pytest.raises(people.DeathContradicts):
        tell_death(steward, person, "MISTAKEN")
    with pytest.raises(BadInput, match="before the birth"):
        tell_death(steward, person, "REPORTED", died_on=date(1949, 1, 1))
    with pytest.raises(BadInput, match="future"):
        tell_death(steward, person, "REPORTED", died_on=date(2026, 5, 2))
    for status, kept in (("REPORTED", "REPORTED"), ("MISTAKEN", ""), ("VERIFIED", "VERIFIED")):
        tell_death(steward, person, status)
        person.refresh_from_db()
        assert person.death_status == kept
    with pytest.raises(people.DeathContradicts):
        tell_death(steward, person, "REPORTED")
    assert Death.objects.filter(person=person).count() == 3


@pytest.mark.parametrize("name", ["add_member", "move_household", "record_death"])
def test_changes_ask_for_a_permission(name: str, areas: tuple[Area, Area]) -> None:
    group, person = make_group(areas[0]), make_person()
    nobody = make_actor("nobody", ["registry.view_people"])
    with pytest.raises(NotPermitted):
        if name == "add_member":
            join(nobody, group, person)
        elif name == "move_household":
            registry.move_household(
                actor=nobody, group=str(group.reference), area="W2", on=ON, at=AT
            )
        else:
            tell_death(nobody, person, "REPORTED")
