"""From the approved list to enrolments, and their life after."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from django.db import IntegrityError, transaction

from amana.access.models import OutboxMessage, Separation
from amana.access.separation import SamePerson
from amana.kernel.errors import NotFound, NotPermitted
from amana.programmes import commands
from amana.programmes.errors import MoveNotAllowed, NoticeMissing, RecipientUnfit, RunNotApproved
from amana.programmes.models import Enrolment, EnrolmentMove, Programme, Recipient, TargetingRun
from tests.making import make_actor, make_area
from tests.programmes.making import (
    AT,
    CHILD_GRANT,
    TODAY,
    apply_levels,
    enrol,
    make_group,
    make_person,
    publish,
    target,
)

pytestmark = pytest.mark.django_db

PERSONS = (
    CHILD_GRANT.replace("assists: household", "assists: person")
    .replace("members.exists(m, m.age < param.age_limit)", "person.age < param.age_limit")
    .replace('recipient: {default: "female caregiver, else head"}\n', "")
)
TWO_PEOPLE = (
    "separations: [{act: programmes.approve_list, not_with: programmes.target_programme}]\n"
)


def test_an_approved_list_is_enrolled_once_with_recipients_and_moves() -> None:
    actor = make_actor("operator")
    publish(actor)
    area = make_area("N")
    groups = [make_group(area) for _ in range(3)]
    for group in groups:
        make_person(group, age=30, role="HEAD", sex="FEMALE")
        make_person(group, age=2, role="CHILD")
    run = target(actor)
    assert enrol(actor, run) == {
        "enrolled": 2,
        "existing": 0,
        "held": 0,
        "no_place": 0,
        "without_recipient": 0,
    }
    rows = list(Enrolment.objects.all())
    assert {(row.state, row.active_from, row.area_id) for row in rows} == {
        ("ACTIVE", TODAY, area.pk)
    }
    assert Recipient.objects.filter(relation="HEAD").count() == 2
    assert EnrolmentMove.objects.filter(before="", after="ACTIVE", reason="SELECTED").count() == 2
    again = commands.enrol_run(actor=actor, run=run.reference, on=TODAY, at=AT)
    assert (again["enrolled"], again["existing"]) == (0, 2)
    assert Enrolment.objects.count() == 2
    assert OutboxMessage.objects.filter(topic="programmes.UnitsEnrolled").count() == 1


def test_nobody_is_enrolled_from_a_list_that_nobody_approved() -> None:
    actor = make_actor("operator")
    publish(actor)
    make_person(make_group(), age=2)
    run = target(actor)
    with pytest.raises(RunNotApproved, match="has not been approved"):
        commands.enrol_run(actor=actor, run=run.reference, on=TODAY, at=AT)
    assert not Enrolment.objects.exists()


def test_the_one_who_made_the_list_cannot_approve_it_where_the_programme_wants_two() -> None:
    maker, checker = make_actor("maker"), make_actor("checker")
    publish(maker, CHILD_GRANT + TWO_PEOPLE)
    make_person(make_group(), age=2)
    run = target(maker)
    with pytest.raises(SamePerson, match="You made this list"):
        commands.approve_list(actor=maker, run=run.reference, at=AT)
    approved = commands.approve_list(actor=checker, run=run.reference, at=AT)
    assert (approved.state, approved.approved_by) == ("APPROVED", "checker")
    assert commands.approve_list(actor=checker, run=run.reference, at=AT).approved_at == AT


def test_the_house_can_want_two_people_for_every_list() -> None:
    maker = make_actor("maker")
    publish(maker)
    Separation.objects.create(act="programmes.approve_list", not_with="programmes.target_programme")
    make_person(make_group(), age=2)
    run = target(maker)
    with pytest.raises(SamePerson):
        commands.approve_list(actor=maker, run=run.reference, at=AT)


def test_the_database_keeps_a_run_from_being_approved_by_nobody() -> None:
    actor = make_actor("operator")
    publish(actor)
    make_person(make_group(), age=2)
    run = target(actor)
    with pytest.raises(IntegrityError, match="targeting_approved"), transaction.atomic():
        TargetingRun.objects.filter(pk=run.pk).update(state="APPROVED")


def test_the_database_refuses_a_second_open_enrolment_and_a_unit_that_is_two() -> None:
    programme = Programme.objects.create(code="p", unit_kind="HOUSEHOLD")
    group, person = make_group(), make_person()
    values = {"programme": programme, "state": "ACTIVE", "since": TODAY, "active_from": TODAY}
    first = Enrolment.objects.create(group=group, **values)
    with pytest.raises(IntegrityError, match="enrolment_open_group"), transaction.atomic():
        Enrolment.objects.create(group=group, **values)
    with pytest.raises(IntegrityError, match="enrolment_one_unit"), transaction.atomic():
        Enrolment.objects.create(group=group, person=person, **values)
    with pytest.raises(IntegrityError, match="enrolment_one_unit"), transaction.atomic():
        Enrolment.objects.create(**values)
    Enrolment.objects.filter(pk=first.pk).update(state="EXITED", exited_on=TODAY)
    Enrolment.objects.create(group=group, **values)


def test_a_person_merged_since_the_list_is_enrolled_once_as_the_one_who_stands_for_them() -> None:
    actor = make_actor("operator")
    publish(actor, PERSONS)
    group = make_group()
    make_person(group, age=30, role="HEAD", sex="FEMALE")
    child = make_person(group, age=2)
    twin = make_person(group, age=2)
    run = target(actor)
    twin.survivor = child
    twin.save()
    answer = enrol(actor, run)
    assert answer["enrolled"] == 1
    assert Enrolment.objects.get().person == child


def test_a_merged_person_with_an_open_enrolment_is_not_enrolled_again() -> None:
    actor = make_actor("operator")
    publish(actor, PERSONS)
    group = make_group()
    make_person(group, age=30, role="HEAD", sex="FEMALE")
    twin = make_person(group, age=2)
    assert enrol(actor, target(actor))["enrolled"] == 1
    child = make_person(group, age=2)
    twin.survivor = child
    twin.save()
    answer = enrol(actor, target(actor))
    assert (answer["enrolled"], answer["existing"]) == (0, 1)


def test_units_that_are_no_more_are_held_back() -> None:
    actor = make_actor("operator")
    publish(actor)
    groups = [make_group(), make_group()]
    for group in groups:
        make_person(group, age=2)
    run = target(actor)
    groups[0].dissolved_on = TODAY
    groups[0].save()
    answer = enrol(actor, run)
    assert (answer["enrolled"], answer["held"]) == (1, 1)


def test_a_unit_enrolled_since_in_an_excluding_programme_is_held_back() -> None:
    actor = make_actor("operator")
    publish(
        actor,
        CHILD_GRANT.replace(
            "places: {",
            "  - {id: no-double, says: No member receives the orphans grant,"
            " when: \"!members.exists(m, m.receives('orphans'))\"}\nplaces: {",
        ),
    )
    orphans = CHILD_GRANT.replace("child-grant", "orphans").replace("household\n", "person\n")
    publish(
        actor,
        orphans.replace("members.exists(m, m.age < param.age_limit)", "person.age < 1").replace(
            "female caregiver, else head", "self"
        ),
    )
    group = make_group()
    make_person(group, age=30, role="HEAD")
    make_person(group, birth_earliest=TODAY - timedelta(30), birth_latest=TODAY - timedelta(30))
    run = target(actor)
    assert run.selected_count == 1
    later = AT + timedelta(hours=1)
    other = commands.target_programme(actor=actor, programme="orphans", on=TODAY, at=later)
    commands.approve_list(actor=actor, run=other.reference, at=later)
    commands.enrol_run(actor=actor, run=other.reference, on=TODAY, at=later)
    answer = enrol(actor, run)
    assert (answer["enrolled"], answer["held"]) == (0, 1)


def test_places_taken_since_are_not_given_twice() -> None:
    actor = make_actor("operator")
    publish(actor)  # two places
    first = make_group()
    make_person(first, age=2)
    assert enrol(actor, target(actor))["enrolled"] == 1
    for _ in range(3):
        make_person(make_group(), age=2)
    run = target(actor)
    answer = enrol(actor, run)
    assert answer["enrolled"] + answer["existing"] + answer["no_place"] == run.selected_count
    assert Enrolment.objects.count() == 2


def test_places_by_area_that_are_taken_are_not_given_twice(tmp_path: Path) -> None:
    actor = make_actor("operator")
    north, south = make_area("N"), make_area("S")
    ward = make_area("N1", parent=north)
    apply_levels("province", "district")
    (tmp_path / "places.csv").write_text("area_code,year,places\nN,,2\nS,,1\n")
    by_area = CHILD_GRANT.replace("{by: all, places: 2}", "{by: province, file: places.csv}")
    publish(actor, by_area, tmp_path)
    make_person(make_group(ward), age=2)
    assert enrol(actor, target(actor))["enrolled"] == 1
    for area in (north, north, ward, south, south):
        make_person(make_group(area), age=2)
    enrol(actor, target(actor))
    counted = Counter(row.area.path[0] for row in Enrolment.objects.select_related("area"))
    assert counted == {north.pk: 2, south.pk: 1}


def open_enrolment() -> Enrolment:
    actor = make_actor("operator")
    publish(actor)
    group = make_group(make_area("N"))
    make_person(group, age=30, role="HEAD", sex="FEMALE")
    make_person(group, age=2, role="CHILD")
    enrol(actor, target(actor))
    return Enrolment.objects.get()


def test_suspend_reinstate_and_exit_are_moves_with_notice_and_reason() -> None:
    row = open_enrolment()
    actor = make_actor("manager")
    told = {"actor": actor, "enrolment": row.reference, "on": TODAY, "at": AT}
    notice = {"notice": "Letter of 10 November", "notice_on": date(2026, 11, 10)}
    with pytest.raises(NoticeMissing):
        commands.suspend_enrolment(
            **told, reason="NO_SHOW", notice=" ", notice_on=date(2026, 11, 10)
        )
    with pytest.raises(NoticeMissing, match="comes after"):
        commands.suspend_enrolment(
            **told, reason="NO_SHOW", notice="x", notice_on=date(2026, 11, 21)
        )
    assert commands.suspend_enrolment(**told, reason="NO_SHOW", **notice).state == "SUSPENDED"
    with pytest.raises(MoveNotAllowed, match="is suspended already"):
        commands.suspend_enrolment(**told, reason="NO_SHOW", **notice)
    assert commands.reinstate_enrolment(**told, reason="CAME", words="").state == "ACTIVE"
    assert commands.exit_enrolment(**told, reason="MOVED", **notice).exited_on == TODAY
    assert not Recipient.objects.filter(valid_to__isnull=True).exists()
    with pytest.raises(MoveNotAllowed, match="is closed"):
        commands.reinstate_enrolment(**told, reason="CAME", words="")
    moves = list(EnrolmentMove.objects.order_by("id").values_list("before", "after", "reason"))
    assert moves == [
        ("", "ACTIVE", "SELECTED"),
        ("ACTIVE", "SUSPENDED", "NO_SHOW"),
        ("SUSPENDED", "ACTIVE", "CAME"),
        ("ACTIVE", "EXITED", "MOVED"),
    ]


def test_the_moves_of_an_enrolment_only_grow() -> None:
    open_enrolment()
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        EnrolmentMove.objects.update(reason="OTHER")


def test_another_recipient_needs_proof_and_ends_the_one_before() -> None:
    row = open_enrolment()
    actor = make_actor("manager")
    grandmother = make_person(row.group, age=70, sex="FEMALE")
    asked = {
        "actor": actor,
        "enrolment": row.reference,
        "relation": "GUARDIAN",
        "person": grandmother.reference,
        "on": TODAY + timedelta(10),
        "at": AT,
    }
    with pytest.raises(RecipientUnfit, match="no proof"):
        commands.change_recipient(**asked, proof="")
    with pytest.raises(RecipientUnfit, match="one person or one organisation"):
        commands.change_recipient(**asked, organisation="home", proof="letter")
    commands.change_recipient(**asked, proof="Guardian's letter")
    before, now = Recipient.objects.filter(enrolment=row).order_by("id")
    assert before.valid_to == now.valid_from == TODAY + timedelta(10)
    assert (now.person, now.proof) == (grandmother, "Guardian's letter")
    grandmother.death_status = "VERIFIED"
    grandmother.save()
    with pytest.raises(RecipientUnfit, match="has died"):
        commands.change_recipient(**asked, proof="letter")


def test_an_actor_of_another_area_cannot_move_an_enrolment() -> None:
    row = open_enrolment()
    stranger = make_actor("stranger", ["programmes.change_enrolment"], area=make_area("S"))
    with pytest.raises((NotPermitted, NotFound)):
        commands.reinstate_enrolment(
            actor=stranger, enrolment=row.reference, reason="X", words="", on=TODAY, at=AT
        )
