"""Roles of a blueprint and users: each mistake in words, and nobody locked out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from amana.access import commands as access
from amana.access.bootstrap import get_actor
from amana.access.models import AuditEvent, Role, RoleAssignment, Separation, User
from amana.access.roles_file import RolesDefinition, read_roles
from amana.kernel.changes import Changes
from amana.kernel.errors import AmanaError, NotPermitted, Problems
from amana.kernel.yaml_source import parse_yaml
from tests.making import make_actor, make_area

TODAY = date(2026, 11, 20)
KNOWN = ["access.manage_users", "payments.approve_payroll", "payments.prepare_payroll"]
TEXT = """\
roles:
  - {role: operator, title: Operator, permissions: ["*"]}
  - {role: approver, title: {en: Approver},
     permissions: [payments.approve_payroll]}
separations:
  - {act: payments.approve_payroll, not_with: payments.prepare_payroll}
users:
  - {user: operator, title: Operator, roles: [{role: operator}]}
  - {user: approver, title: Approver, roles: [{role: approver}]}
"""


def read(text: str) -> tuple[RolesDefinition, list[str]]:
    problems = Problems("The roles have mistakes.")
    found = read_roles(parse_yaml(text, file="roles.yaml", problems=problems), permissions=KNOWN)
    return found, [str(error) for error in problems.found]


def apply(text: str = TEXT) -> Changes:
    roles, mistakes = read(text)
    assert mistakes == []
    actor = get_actor("operator", channel="cli")
    return access.apply_roles(actor=actor, roles=roles, on=TODAY)


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        ("[payments.approve_payroll]", "[payments.aprove_payroll]", "Did you mean “payments.app"),
        ("[payments.approve_payroll]", "[pay.*]", "There is no permission “pay.*”."),
        ("{role: approver}]", "{role: aprover}]", "There is no role “aprover”. Did you mean"),
        ("user: approver", "user: operator", "The user “operator” stands twice."),
        ("user: approver", "user: Anna Lee", "“Anna Lee” cannot be a user's name."),
        ("not_with: payments.prepare_payroll", "not_with: payments.approve_payroll", "itself"),
        ("not_with:", "notwith:", "Did you mean “notwith”?"),
    ],
)
def test_mistake_is_told(was: str, now: str, words: str) -> None:
    assert was in TEXT
    _, mistakes = read(TEXT.replace(was, now, 1))
    assert any(words in mistake for mistake in mistakes), mistakes


def test_room_with_a_star_is_spelt_out() -> None:
    roles, _ = read(TEXT.replace("[payments.approve_payroll]", '["payments.*"]'))
    assert roles.roles[1].permissions == ("payments.approve_payroll", "payments.prepare_payroll")


@pytest.mark.django_db
def test_second_time_changes_nothing() -> None:
    first = apply()
    # the operator's user and role stand before any blueprint; its titles are mended
    assert first.counts() == {"created": 3, "changed": 2, "unchanged": 0}
    assert apply().counts() == {"created": 0, "changed": 0, "unchanged": 5}
    assert not User.objects.get(username="approver").has_usable_password()
    assert Separation.objects.get().act == "payments.approve_payroll"


@pytest.mark.django_db
def test_blueprint_cannot_lock_everybody_out() -> None:
    with pytest.raises(AmanaError, match="Nobody would be left who may manage users"):
        apply(TEXT.replace('["*"]', "[payments.prepare_payroll]"))
    assert Role.objects.get(code="operator").permissions == ["*"]


@pytest.mark.django_db
def test_user_is_added_and_may_act_in_their_area_only() -> None:
    apply()
    north = make_area("north")
    actor = get_actor("operator", channel="cli")
    access.add_user(actor=actor, username="Anna", role="approver", area="north", on=TODAY)
    held = RoleAssignment.objects.get(user__username="anna")
    assert (held.area, held.role.code) == (north, "approver")
    event = AuditEvent.objects.order_by("id").last()
    assert event is not None
    assert (event.command, event.subject) == ("access.add_user", "anna")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"username": "approver", "role": "approver"}, "There is already a user “approver”."),
        ({"username": "x y", "role": "approver"}, "cannot be a user's name"),
        ({"username": "bob", "role": "aprover"}, "Did you mean “approver”?"),
        ({"username": "bob", "role": "approver", "area": "nowhere"}, "There is no area “nowhere”."),
    ],
)
def test_user_is_not_added_when(given: dict[str, str], words: str) -> None:
    apply()
    before = User.objects.count()
    with pytest.raises(AmanaError, match=words.replace("?", r"\?")):
        access.add_user(actor=get_actor("operator", channel="cli"), on=TODAY, **given)  # type: ignore[arg-type]
    assert User.objects.count() == before


@pytest.mark.django_db
def test_local_administrator_manages_their_own_area_only() -> None:
    apply()
    north, south = make_area("north"), make_area("south")
    local = make_actor("local", ["access.manage_users"], area=north)
    access.add_user(actor=local, username="ann", role="approver", area="north", on=TODAY)
    for area in ("south", ""):
        with pytest.raises(NotPermitted):
            access.add_user(actor=local, username="bob", role="approver", area=area, on=TODAY)
    with pytest.raises(NotPermitted, match="allows everything"):
        access.grant_role(actor=local, username="ann", role="operator", area="north", on=TODAY)
    assert not User.objects.filter(username="bob").exists()
    assert south.pk


@pytest.mark.django_db
def test_role_is_given_once_and_taken_with_its_date() -> None:
    apply()
    actor = get_actor("operator", channel="cli")
    given = {"username": "approver", "role": "approver", "programme": "child-grant"}
    assert access.grant_role(actor=actor, on=TODAY, **given) is True
    assert access.grant_role(actor=actor, on=TODAY, **given) is False
    access.revoke_role(actor=actor, on=TODAY, **given)
    assert RoleAssignment.objects.get(programme="child-grant").valid_to == TODAY
    with pytest.raises(AmanaError, match="does not hold the role approver there"):
        access.revoke_role(actor=actor, on=TODAY, **given)


@pytest.mark.django_db
def test_last_administrator_stays() -> None:
    apply()
    actor = get_actor("operator", channel="cli")
    with pytest.raises(AmanaError, match="Nobody would be left"):
        access.revoke_role(actor=actor, username="operator", role="operator", on=TODAY)
    with pytest.raises(AmanaError, match="Nobody would be left"):
        access.set_active(actor=actor, username="operator", active=False, on=TODAY)


@pytest.mark.django_db
def test_password_is_set_when_it_is_strong_enough() -> None:
    apply()
    actor = get_actor("operator", channel="cli")
    with pytest.raises(AmanaError, match="too short"):
        access.set_password(actor=actor, username="approver", password="kurz")
    access.set_password(actor=actor, username="approver", password="lamp ox river seven")
    assert User.objects.get(username="approver").check_password("lamp ox river seven")


@pytest.mark.django_db
def test_command_line_adds_gives_and_takes(amana_cli: Callable[..., Any]) -> None:
    apply()
    make_area("north")
    assert amana_cli("user", "add", "anna", "--role", "approver", "--area", "north").data == {
        "user": "anna"
    }
    assert amana_cli("user", "add", "anna", "--role", "approver", expect=1).data["error"][
        "code"
    ] == ("USER_EXISTS")
    assert amana_cli("user", "grant", "anna", "--role", "approver").data["given"] is True
    amana_cli("user", "revoke", "anna", "--role", "approver")
    held = RoleAssignment.objects.filter(user__username="anna", valid_to=None)
    assert [row.area.code for row in held if row.area] == ["north"]
    refused = amana_cli("user", "add", "bob", "--role", "aprover", expect=4).data["error"]
    assert refused["where"] == {"field": "role"}
