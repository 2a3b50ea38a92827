"""Makers of valid, minimal, invented rows for tests of every room.

A maker writes straight to the tables only for what a test takes as given; what a test is about
goes through commands.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from amana.access.models import Role, RoleAssignment, User
from amana.kernel.command import Actor
from amana.places.models import Area, Level

STARTED = date(2020, 1, 1)


def make_level(code: str, depth: int) -> Level:
    """Give a level of areas."""
    level, _ = Level.objects.get_or_create(
        code=code, defaults={"title": {"en": code.title()}, "depth": depth}
    )
    return level


def make_area(code: str, *, parent: Area | None = None, level: str = "") -> Area:
    """Give an area; without a level it is a province at the top and a district below it."""
    depth = len(parent.path) + 1 if parent else 1
    names = {1: "province", 2: "district", 3: "ward"}
    area = Area.objects.create(
        level=make_level(level or names[depth], depth),
        code=code,
        name=f"Area {code}",
        parent=parent,
        valid_from=STARTED,
    )
    area.path = [*(parent.path if parent else []), area.pk]
    area.save(update_fields=["path"])
    return area


def make_user(
    username: str,
    permissions: Sequence[str] = (),
    *,
    area: Area | None = None,
    programme: str = "",
    password: str | None = None,
) -> User:
    """Give a user holding the permissions in one role, within an area and programme."""
    user, made = User.objects.get_or_create(username=username)
    if made:
        if password is None:
            user.set_unusable_password()
        else:
            user.set_password(password)
        user.save()
    if permissions:
        role = Role.objects.create(
            code=f"{username}-role-{Role.objects.count()}", permissions=list(permissions)
        )
        RoleAssignment.objects.create(
            user=user, role=role, area=area, programme=programme, valid_from=STARTED
        )
    return user


def make_actor(
    username: str,
    permissions: Sequence[str] = ("*",),
    *,
    area: Area | None = None,
    programme: str = "",
) -> Actor:
    """Give an actor for a user who holds the permissions; the default holds them all."""
    user = make_user(username, permissions, area=area, programme=programme)
    return Actor(user_id=user.pk, username=username, channel="cli")
