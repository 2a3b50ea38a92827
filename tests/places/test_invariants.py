"""Areas that break a rule which no constraint can express are found."""

from __future__ import annotations

from datetime import date

import pytest

from amana.places.invariants import find_overlaps, find_wrong_paths
from amana.places.models import Area
from tests.making import make_area

pytestmark = pytest.mark.django_db


def test_area_with_a_wrong_path_is_found() -> None:
    top = make_area("K")
    below = make_area("K1", parent=top)
    assert find_wrong_paths() == []
    Area.objects.filter(pk=below.pk).update(path=[below.pk])
    assert find_wrong_paths() == ["K1"]


def test_circle_of_parents_is_found() -> None:
    top = make_area("K")
    below = make_area("K1", parent=top)
    Area.objects.filter(pk=top.pk).update(parent=below)
    assert find_wrong_paths() == ["K", "K1"]


def test_code_of_two_areas_at_a_time_is_found() -> None:
    first = make_area("K")
    Area.objects.filter(pk=first.pk).update(valid_to=date(2026, 1, 1))
    Area.objects.create(level=first.level, code="K", name="K", valid_from=date(2026, 1, 1))
    assert find_overlaps() == []
    Area.objects.filter(pk=first.pk).update(valid_to=date(2026, 1, 2))
    assert find_overlaps() == ["K"]
