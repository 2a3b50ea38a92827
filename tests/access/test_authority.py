"""Every command: permission, one transaction, one event in a chain nobody can bend."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from amana.access import queries
from amana.access.models import AuditEvent, Role
from amana.access.permissions import declare
from amana.kernel.command import COMMANDS, Actor, command, note
from amana.kernel.errors import NotPermitted
from tests.making import make_actor

pytestmark = pytest.mark.django_db
declare("tests.write", "Write a role for a test")


def _write(*, actor: Actor, code: str, fail: bool = False) -> str:
    Role.objects.create(code=code)
    note(subject=code, rows=1)
    if fail:
        raise RuntimeError("after the write")
    return code


def _write_two(*, actor: Actor, first: str, second: str) -> None:
    write(actor=actor, code=first)
    note(subject="both")
    write(actor=actor, code=second)


write = command("tests.write")(_write)
write_two = command("tests.write")(_write_two)
for _name in [name for name in COMMANDS if COMMANDS[name].permission == "tests.write"]:
    del COMMANDS[_name]


def test_a_command_is_refused_when_the_actor_lacks_the_permission() -> None:
    actor = make_actor("reader", ["places.view_areas"])
    with pytest.raises(NotPermitted, match="Your roles do not let you"):
        write(actor=actor, code="a")
    assert not Role.objects.filter(code="a").exists()
    assert not AuditEvent.objects.exists()


def test_a_command_leaves_one_event_with_what_it_noted() -> None:
    write(actor=make_actor("writer", ["tests.write"]), code="a")
    event = AuditEvent.objects.get()
    assert (event.username, event.subject, event.details) == ("writer", "a", {"rows": 1})


def test_neither_rows_nor_event_remain_when_a_command_fails() -> None:
    actor = make_actor("writer", ["tests.write"])
    with pytest.raises(RuntimeError):
        write(actor=actor, code="a", fail=True)
    assert not Role.objects.filter(code="a").exists()
    assert not AuditEvent.objects.exists()


def test_events_of_inner_commands_come_first_and_chain() -> None:
    write_two(actor=make_actor("writer", ["tests.write"]), first="a", second="b")
    events = list(AuditEvent.objects.order_by("id"))
    assert [event.subject for event in events] == ["a", "b", "both"]
    assert events[0].previous_sha256 == ""
    assert events[1].previous_sha256 == events[0].sha256
    assert events[2].previous_sha256 == events[1].sha256
    assert queries.verify_audit_chain().broken_at is None


def test_the_trail_cannot_be_changed_or_emptied() -> None:
    write(actor=make_actor("writer", ["tests.write"]), code="a")
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        AuditEvent.objects.update(username="somebody-else")
    with pytest.raises(IntegrityError, match="only grows"), transaction.atomic():
        AuditEvent.objects.all().delete()
    assert AuditEvent.objects.get().username == "writer"
