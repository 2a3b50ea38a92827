"""Applying a dictionary: kept whole, repeated without change, never against facts that exist."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from amana.kernel.changes import Changes
from amana.kernel.errors import AmanaError, BadInputs, Problems
from amana.kernel.yaml_source import parse_yaml
from amana.registry import commands as registry
from amana.registry.dictionary import Dictionary, core_dictionary, read_dictionary
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Group
from tests.making import make_actor

pytestmark = pytest.mark.django_db

TEXT = """\
code_lists:
  roof: {title: Roof, codes: {zinc: Zinc, iron: Iron, a: Grass}}
variables:
  - {code: roof, of: household, type: code, codes: roof, title: Roof, purpose: [scoring]}
  - {code: rooms, of: household, type: integer, range: [0, 30], title: Rooms, purpose: [scoring]}
"""


def dictionary(text: str = TEXT) -> Dictionary:
    problems = Problems("The dictionary has mistakes.")
    found = read_dictionary(parse_yaml(text, file="dictionary.yaml", problems=problems))
    problems.raise_if_any()
    return found


def apply(text: str = TEXT) -> Changes:
    return registry.apply_dictionary(actor=make_actor("steward"), dictionary=dictionary(text))


def make_household(**facts: object) -> Group:
    return Group.objects.create(facts=facts, registered_at=datetime(2026, 1, 1, tzinfo=UTC))


def test_core_dictionary_stands_before_any_blueprint() -> None:
    assert get_dictionary() is core_dictionary()


def test_what_is_read_back_is_what_was_applied() -> None:
    apply()
    assert get_dictionary() == dictionary()
    assert list(get_dictionary().codes_of("roof")) == ["zinc", "iron", "a"]
    assert get_dictionary().sha256 == dictionary().sha256


def test_second_time_changes_nothing() -> None:
    first, second = apply(), apply()
    assert first.created == first.changed + first.created == second.unchanged
    assert (second.created, second.changed) == (0, 0)


def test_title_and_range_may_change_while_facts_exist() -> None:
    apply()
    make_household(rooms=3)
    changes = apply(TEXT.replace("range: [0, 30]", "range: [0, 40]"))
    assert [(item.code, item.what) for item in changes.items] == [("rooms", "changed")]


@pytest.mark.parametrize(
    ("facts", "was", "now", "words"),
    [
        ({"rooms": 3}, "type: integer", "type: decimal", "cannot change its “type” from integer"),
        ({"rooms": 3}, "rooms, of: household", "rooms, of: person", "its “of” from household"),
        ({"roof": "a"}, ", a: Grass", "", "Facts of “roof” use the codes a, which the list “roof”"),
        ({"rooms": 3}, "code: rooms", "code: chambers", "“rooms” has facts and is not in the"),
    ],
)
def test_change_is_refused_when_facts_stand_against_it(
    facts: dict[str, object], was: str, now: str, words: str
) -> None:
    apply()
    make_household(**facts)
    with pytest.raises(AmanaError, match=words):
        apply(TEXT.replace(was, now))
    assert get_dictionary() == dictionary()


def test_all_refusals_are_told_together() -> None:
    apply()
    make_household(rooms=3, roof="a")
    with pytest.raises(BadInputs) as caught:
        apply(TEXT.replace(", a: Grass", "").replace("type: integer", "type: decimal"))
    assert len(caught.value.errors) == 2


def test_unused_variable_may_change_and_go() -> None:
    apply()
    make_household(roof="a")
    changes = apply(
        TEXT.replace("type: integer, range: [0, 30]", "type: text").replace(", iron: Iron", "")
    )
    assert {item.code for item in changes.items} == {"rooms", "roof"}
    lines = TEXT.splitlines(keepends=True)
    apply("".join(lines[:-1]))
    assert "rooms" not in get_dictionary().variables
