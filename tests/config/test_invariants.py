"""`amana doctor --invariants` finds what no constraint refuses."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import connection

from amana.config import doctor
from amana.registry.models import Group, Membership, Person

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, tzinfo=UTC)


def held() -> dict[str, list[str]]:
    return {one["invariant"]: one["found"] for one in doctor.check_invariants()}


def test_every_invariant_holds_when_there_is_nothing() -> None:
    found = held()
    assert len(found) >= 8
    assert set(map(tuple, found.values())) == {()}


def test_a_person_usual_in_two_groups_in_the_past_is_found(amana_cli: Callable[..., Any]) -> None:
    first, second = (Group.objects.create(kind="HOUSEHOLD", registered_at=NOW) for _ in range(2))
    person = Person.objects.create(registered_at=NOW)
    for group, start, end in (
        (first, date(2025, 1, 1), date(2025, 7, 1)),
        (second, date(2025, 6, 1), date(2025, 12, 1)),
    ):
        Membership.objects.create(
            person=person,
            group=group,
            presence="USUAL",
            valid_from=start,
            valid_to=end,
            recorded_at=NOW,
        )
    person.refresh_from_db()
    assert held()["registry.one_usual_group"] == [person.reference]
    answer = amana_cli("doctor", "--invariants", expect=6)
    assert answer.data["error"]["code"] == "INVARIANT_BROKEN"
    assert person.reference in answer.data["error"]["message"]


def test_a_merged_record_that_stays_for_another_is_found() -> None:
    last = Person.objects.create(registered_at=NOW)
    middle = Person.objects.create(registered_at=NOW, survivor=last)
    first = Person.objects.create(registered_at=NOW, survivor=middle)
    first.refresh_from_db()
    assert held()["registry.one_survivor"] == [first.reference]


def test_a_broken_audit_trail_is_found() -> None:
    from amana.access.bootstrap import ensure_operator

    ensure_operator()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO access_auditevent (at, username, channel, purpose, command, permission,"
            " subject, programme, details, digest, previous_sha256, sha256)"
            " VALUES (now(), 'x', 'cli', '', 'a.b', '', '', '', '{}', '', 'no', 'such')"
        )
    assert len(held()["access.audit_chain"]) == 1
