"""The first user of an installation: the local operator, who works at the command line.

Whoever can run `amana` on the machine already holds the database and the keys; the operator gives
them a name in the audit trail. The operator has no password and cannot sign in to the site until
somebody sets one.
"""

from __future__ import annotations

from django.db import transaction

from amana.access.authority import append_events
from amana.access.models import Role, RoleAssignment, User
from amana.access.permissions import EVERYTHING
from amana.kernel import clock
from amana.kernel.command import Actor, Event
from amana.kernel.errors import NotFound

OPERATOR = "operator"


def ensure_operator() -> User:
    """Give the local operator, making the user and its role the first time."""
    user = User.objects.filter(username=OPERATOR).first()
    if user is not None and user.assignments.exists():
        return user
    with transaction.atomic():
        user, made = User.objects.get_or_create(
            username=OPERATOR, defaults={"name": "Local operator"}
        )
        if made:
            user.set_unusable_password()
            user.save(update_fields=["password"])
        role, _ = Role.objects.get_or_create(
            code=OPERATOR,
            defaults={"title": {"en": "Local operator"}, "permissions": [EVERYTHING]},
        )
        RoleAssignment.objects.get_or_create(
            user=user, role=role, valid_to=None, defaults={"valid_from": clock.today()}
        )
        actor = Actor(user_id=user.pk, username=OPERATOR, purpose="installation")
        append_events(
            [Event("access.ensure_operator", "", actor, subject=OPERATOR)], at=clock.now()
        )
    return user


def get_actor(username: str, *, channel: str, purpose: str = "administration") -> Actor:
    """Give the actor for a user's name; the operator is made when absent.

    Raises:
        NotFound: no active user has that name.
    """
    if username == OPERATOR:
        user: User | None = ensure_operator()
    else:
        user = User.objects.filter(username=username, is_active=True).first()
    if user is None:
        raise NotFound(
            f"There is no active user “{username}”.",
            mend="See the users page, or add one: amana user add NAME --role CODE.",
        )
    return Actor(user_id=user.pk, username=user.username, channel=channel, purpose=purpose)
