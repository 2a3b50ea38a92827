"""Scope: an act is allowed in some areas and programmes, and what lies outside is not seen."""

from __future__ import annotations

from datetime import date

import pytest

from amana.access import scope, separation
from amana.access.models import RoleAssignment, Separation
from amana.kernel.errors import NotPermitted
from amana.places.models import Area
from tests.making import make_actor, make_area

pytestmark = pytest.mark.django_db


def test_an_area_covers_everything_below_it_and_nothing_beside_it() -> None:
    north, south = make_area("N"), make_area("S")
    ward = make_area("N1", parent=north)
    actor = make_actor("worker", ["registry.view_people"], area=north)
    assert scope.allows(actor, "registry.view_people", area_id=ward.pk)
    assert not scope.allows(actor, "registry.view_people", area_id=south.pk)
    with pytest.raises(NotPermitted):
        scope.require(actor, "registry.view_people", area_id=south.pk)


def test_a_role_for_one_programme_does_not_reach_another() -> None:
    actor = make_actor("manager", ["programmes.approve_list"], programme="child-grant")
    assert scope.allows(actor, "programmes.approve_list", programme="child-grant")
    assert not scope.allows(actor, "programmes.approve_list", programme="pension")


def test_area_and_programme_must_hold_in_the_same_role() -> None:
    north, south = make_area("N"), make_area("S")
    actor = make_actor("manager", ["x.do"], area=north, programme="pension")
    make_actor("manager", ["x.do"], area=south, programme="child-grant")
    assert scope.allows(actor, "x.do", area_id=north.pk, programme="pension")
    assert not scope.allows(actor, "x.do", area_id=south.pk, programme="pension")


def test_rows_outside_the_scope_are_not_listed() -> None:
    north, south = make_area("N"), make_area("S")
    ward = make_area("N1", parent=north)
    actor = make_actor("worker", ["places.view_areas"], area=north)
    seen = Area.objects.filter(pk__in=[ward.pk, south.pk])
    listed = scope.within_areas(
        seen.filter(parent__isnull=False), actor, "places.view_areas", field="parent"
    )
    assert [area.code for area in listed] == ["N1"]
    assert not scope.within_areas(seen, make_actor("other", []), "places.view_areas").exists()


def test_a_role_counts_only_between_its_dates() -> None:
    actor = make_actor("temporary", ["x.do"])
    RoleAssignment.objects.filter(user__username="temporary").update(valid_to=date(2021, 1, 1))
    assert not scope.holds(actor, "x.do")


def test_two_acts_are_kept_apart_only_where_the_blueprint_says_so() -> None:
    actor = make_actor("maker")
    Separation.objects.create(act="x.approve", not_with="x.run", programme="child-grant")
    separation.require_other_person(
        actor, act="x.approve", not_with="x.run", done_by="maker", programme="pension"
    )
    with pytest.raises(separation.SamePerson):
        separation.require_other_person(
            actor, act="x.approve", not_with="x.run", done_by="maker", programme="child-grant"
        )
    separation.require_other_person(
        actor, act="x.approve", not_with="x.run", done_by="another", programme="child-grant"
    )
