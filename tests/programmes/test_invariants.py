"""The checks of `amana doctor --invariants` find what they are for."""

from __future__ import annotations

import pytest

from amana.programmes import invariants
from amana.programmes.models import Enrolment, Programme, TargetingRun
from tests.making import make_actor
from tests.programmes.making import TODAY, enrol, make_group, make_person, publish, target

pytestmark = pytest.mark.django_db


def test_nothing_is_found_after_a_list_was_enrolled() -> None:
    actor = make_actor("operator")
    publish(actor)
    make_person(make_group(), age=2)
    enrol(actor, target(actor))
    assert invariants.find_enrolled_twice() == []
    assert invariants.find_state_without_move() == []
    assert invariants.find_unrecorded_runs() == []


def test_a_merged_person_enrolled_twice_is_found() -> None:
    programme = Programme.objects.create(code="p", unit_kind="PERSON")
    person = make_person()
    twin = make_person(survivor=person)
    values = {"programme": programme, "state": "ACTIVE", "since": TODAY, "active_from": TODAY}
    first = Enrolment.objects.create(person=person, **values)
    Enrolment.objects.create(person=twin, **values)
    assert len(invariants.find_enrolled_twice()) == 1
    assert str(first.reference) in invariants.find_state_without_move()


def test_a_run_that_lost_a_decision_is_found() -> None:
    actor = make_actor("operator")
    publish(actor)
    make_person(make_group(), age=2)
    run = target(actor)
    TargetingRun.objects.filter(pk=run.pk).update(selected_count=2)
    assert invariants.find_unrecorded_runs() == [run.reference]
