"""Facts that no variable explains are found over the whole registry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from amana.kernel.errors import Problems
from amana.kernel.yaml_source import parse_yaml
from amana.registry import commands as registry
from amana.registry.dictionary import read_dictionary
from amana.registry.invariants import find_facts_that_do_not_fit
from amana.registry.models import Group
from tests.making import make_actor

pytestmark = pytest.mark.django_db
TEXT = """\
variables:
  - {code: rooms, of: household, type: integer, title: Rooms, purpose: [scoring]}
  - {code: land, of: household, type: decimal, title: Land, purpose: [scoring]}
  - {code: seen, of: household, type: date, title: Seen, purpose: [statistics]}
  - {code: meals, of: household, type: integer, per: month, title: Meals, purpose: [statistics]}
"""


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        ({"rooms": 3, "land": 1.25, "seen": "2026-01-01", "electricity": True}, ""),
        ({"roof_material": "metal", "rooms": None, "meals": {"2026-01": 90}}, ""),
        ({"rooms": "three"}, "rooms"),
        ({"rooms": 2.5}, "rooms"),
        ({"electricity": "yes"}, "electricity"),
        ({"roof_material": "glass"}, "roof_material"),
        ({"seen": "yesterday"}, "seen"),
        ({"colour": "red"}, "colour"),
        ({"literate": True}, "literate"),  # of a person, not of a household
    ],
)
def test_fact_that_does_not_fit_is_found(facts: dict[str, object], found: str) -> None:
    problems = Problems("dictionary")
    dictionary = read_dictionary(parse_yaml(TEXT, file="d.yaml", problems=problems))
    problems.raise_if_any()
    registry.apply_dictionary(actor=make_actor("steward"), dictionary=dictionary)
    group = Group.objects.create(facts=facts, registered_at=datetime(2026, 1, 1, tzinfo=UTC))
    group.refresh_from_db()
    assert find_facts_that_do_not_fit() == ([f"{group.reference} {found}"] if found else [])
