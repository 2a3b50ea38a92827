"""Writes of the access room: roles and separations from a blueprint, users and what they hold."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import Q

from amana.access import queries, runs, scope
from amana.access.models import ApiToken, Role, RoleAssignment, Separation, User
from amana.access.permissions import EVERYTHING
from amana.access.roles_file import USERNAME, Grant, RolesDefinition
from amana.access.tokens import hash_token, new_token
from amana.kernel.changes import Changes, What
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import BadInput, Conflict, NotFound, NotPermitted, Where
from amana.kernel.text_source import nearest
from amana.places.models import Area

MANAGE = "access.manage_users"


class RoleUnknown(NotFound):
    """No role has this code."""

    code = "ROLE_UNKNOWN"


class AreaUnknown(NotFound):
    """No area has this code."""

    code = "AREA_UNKNOWN"


class UserUnknown(NotFound):
    """No user has this name."""

    code = "USER_UNKNOWN"


class UserExists(Conflict):
    """The name is taken."""

    code = "USER_EXISTS"


class LastAdministrator(Conflict):
    """Nobody would be left who may manage users and roles."""

    code = "LAST_ADMINISTRATOR"


class PasswordWeak(BadInput):
    """The password is too easy to guess."""

    code = "PASSWORD_WEAK"


@command("access.apply_roles")
def apply_roles(*, actor: Actor, roles: RolesDefinition, on: date) -> Changes:
    """Bring roles, separations and users to what a blueprint says.

    Roles and separations become exactly as written. Users and what they hold are only added to:
    what an administrator gave or took by hand stays. New users have no password.

    Raises:
        LastAdministrator: nobody could manage users and roles any more.
    """
    changes = Changes()
    known = {role.code: role for role in Role.objects.select_for_update()}
    for given in roles.roles:
        row = known.pop(given.code, None)
        title, permissions = dict(given.title), list(given.permissions)
        if row is None:
            Role.objects.create(code=given.code, title=title, permissions=permissions)
            changes.add("role", given.code, "created")
        elif row.title != title or row.permissions != permissions:
            Role.objects.filter(pk=row.pk).update(title=title, permissions=permissions)
            changes.add("role", given.code, "changed")
        else:
            changes.add("role", given.code, "unchanged")
    for code in known:
        if RoleAssignment.objects.filter(role__code=code, valid_to__isnull=True).exists():
            changes.warnings.append(f"The role {code} is not in the blueprint and is still held.")
    _apply_separations(roles, changes)
    for user in roles.users:
        _apply_user(user.username, user.name, user.roles, on, changes)
    _refuse_lock_out(on, Where(file="roles.yaml", field="roles"))
    note(created=changes.created, changed=changes.changed, unchanged=changes.unchanged)
    return changes


def _apply_separations(roles: RolesDefinition, changes: Changes) -> None:
    known = {(row.act, row.not_with): row.pk for row in Separation.objects.filter(programme="")}
    for pair in roles.separations:
        name = f"{pair.act} / {pair.not_with}"
        if known.pop((pair.act, pair.not_with), None) is None:
            Separation.objects.create(act=pair.act, not_with=pair.not_with)
            changes.add("separation", name, "created")
        else:
            changes.add("separation", name, "unchanged")
    for (act, not_with), key in known.items():
        Separation.objects.filter(pk=key).delete()
        changes.add("separation", f"{act} / {not_with}", "changed")


def _apply_user(
    username: str, name: str, grants: tuple[Grant, ...], on: date, changes: Changes
) -> None:
    what: What = "unchanged"
    row = User.objects.filter(username=username).first()
    if row is None:
        row = _make_user(username, name)
        what = "created"
    elif name and row.name != name:
        User.objects.filter(pk=row.pk).update(name=name)
        what = "changed"
    for grant in grants:
        if _give(row, grant, on) and what == "unchanged":
            what = "changed"
    changes.add("user", username, what)


def _make_user(username: str, name: str) -> User:
    row = User(username=username, name=name)
    row.set_unusable_password()
    row.save()
    return row


def _give(user: User, grant: Grant, on: date) -> bool:
    """Give a role within its scope; False when the user holds it already."""
    role = get_role(grant.role)
    area = get_area(grant.area) if grant.area else None
    held = RoleAssignment.objects.filter(
        user=user, role=role, area=area, office=None, programme=grant.programme, valid_to=None
    )
    if held.exists():
        return False
    RoleAssignment.objects.create(
        user=user, role=role, area=area, programme=grant.programme, valid_from=on
    )
    return True


def _holds_everything(actor: Actor, on: date) -> bool:
    return RoleAssignment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=on),
        user_id=actor.user_id,
        area=None,
        programme="",
        role__permissions__contains=[EVERYTHING],
    ).exists()


def _refuse_lock_out(on: date, where: Where) -> None:
    left = RoleAssignment.objects.filter(
        Q(valid_to__isnull=True) | Q(valid_to__gt=on),
        Q(role__permissions__contains=[MANAGE]) | Q(role__permissions__contains=[EVERYTHING]),
        user__is_active=True,
        area=None,
        office=None,
        programme="",
    )
    if not left.exists():
        raise LastAdministrator(
            "Nobody would be left who may manage users and roles in the whole country.",
            mend=f"Give a role with {MANAGE} (or “*”) to somebody.",
            where=where,
        )


@command(MANAGE)
def add_user(
    *, actor: Actor, username: str, role: str, area: str = "", programme: str = "",
    name: str = "", email: str = "", on: date,
) -> User:  # fmt: skip
    """Add a user with one role; they cannot sign in until a password is set.

    Args:
        role, area, programme: codes; empty area and programme mean no limit.
        on: the day from which the role holds.

    Raises:
        UserExists, RoleUnknown, AreaUnknown; NotPermitted outside the actor's own scope.
    """
    username = username.strip().lower()
    if not USERNAME.match(username):
        raise BadInput(
            f"“{username}” cannot be a user's name.",
            mend="Use 2 to 60 small letters, digits and . _ @ -",
            where=Where(field="username"),
        )
    if User.objects.filter(username__iexact=username).exists():
        raise UserExists(
            f"There is already a user “{username}”.",
            mend="Choose another name, or give this one the role.",
            where=Where(field="username"),
        )
    row = _make_user(username, name)
    if email:
        User.objects.filter(pk=row.pk).update(email=email)
    _give_within_scope(actor, row, Grant(role, area, programme), on)
    return row


@command(MANAGE)
def grant_role(
    *, actor: Actor, username: str, role: str, area: str = "", programme: str = "", on: date
) -> bool:
    """Give a user a role; returns False when they hold it already, in the same scope.

    Raises:
        UserUnknown, RoleUnknown, AreaUnknown; NotPermitted outside the actor's own scope.
    """
    return _give_within_scope(actor, get_user(username), Grant(role, area, programme), on)


def _give_within_scope(actor: Actor, user: User, grant: Grant, on: date) -> bool:
    area_id = get_area(grant.area).pk if grant.area else None
    if area_id is None and not any(piece.area_id is None for piece in scope.reaches(actor, MANAGE)):
        raise NotPermitted(
            "Your roles let you manage users of your areas only.",
            mend="Name an area of yours for the role.",
            where=Where(field="area"),
        )
    scope.require(actor, MANAGE, programme=grant.programme or None, area_id=area_id)
    note(subject=user.username, programme=grant.programme, area_id=area_id, role=grant.role)
    if EVERYTHING in get_role(grant.role).permissions and not _holds_everything(actor, on):
        raise NotPermitted(
            f"The role {grant.role} allows everything; only one who holds it can give it.",
            mend="Give a narrower role.",
        )
    return _give(user, grant, on)


@command(MANAGE)
def revoke_role(
    *, actor: Actor, username: str, role: str, area: str = "", programme: str = "", on: date
) -> None:
    """Take a role from a user, from a day on; the row stays, dated.

    Raises:
        UserUnknown; Conflict when they do not hold it so; LastAdministrator.
    """
    user = get_user(username)
    area_row = get_area(area) if area else None
    scope.require(
        actor, MANAGE, programme=programme or None, area_id=area_row.pk if area_row else None
    )
    done = RoleAssignment.objects.filter(
        user=user, role__code=role, area=area_row, programme=programme, valid_to=None
    ).update(valid_to=on)
    if not done:
        raise Conflict(
            f"{username} does not hold the role {role} there.",
            mend="See what they hold on their page.",
            where=Where(field="role"),
        )
    _refuse_lock_out(on, Where(field="role"))
    note(subject=username, programme=programme, role=role)


@command(MANAGE)
def set_password(*, actor: Actor, username: str, password: str) -> None:
    """Set a user's password, so that they can sign in.

    Raises:
        UserUnknown, PasswordWeak.
    """
    user = get_user(username)
    areas: list[int | None] = list(
        RoleAssignment.objects.filter(user=user, valid_to=None).values_list("area_id", flat=True)
    )
    for area_id in areas or [None]:
        scope.require(actor, MANAGE, area_id=area_id)
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise PasswordWeak(
            " ".join(error.messages),
            mend="Take several words that do not belong together.",
            where=Where(field="password"),
        ) from None
    user.set_password(password)
    user.save(update_fields=["password"])
    note(subject=username)


@command(MANAGE)
def set_active(*, actor: Actor, username: str, active: bool, on: date) -> None:
    """Let a user in, or keep them out without taking their history away.

    Raises:
        UserUnknown, LastAdministrator.
    """
    user = get_user(username)
    scope.require(actor, MANAGE)
    User.objects.filter(pk=user.pk).update(is_active=active)
    _refuse_lock_out(on, Where(field="username"))
    note(subject=username, active=active)


@command("access.cancel_run")
def cancel_run(*, actor: Actor, reference: str) -> None:
    """Ask a run to stop at its next sign of progress; what it did so far is rolled back.

    Raises:
        NotFound: there is no such run, or it is not the actor's to see.
    """
    run = queries.get_run(actor=actor, reference=reference)
    runs.ask_cancel(run.pk)
    note(subject=str(run.reference), kind=run.kind)


def get_user(username: str) -> User:
    """Get a user by name. Raises UserUnknown."""
    row = User.objects.filter(username=username.strip().lower()).first()
    if row is None:
        names = User.objects.values_list("username", flat=True)[:1000]
        raise UserUnknown(
            f"There is no user “{username}”.",
            mend=nearest(username, names),
            where=Where(field="username"),
        )
    return row


def get_role(code: str) -> Role:
    """Get a role by code. Raises RoleUnknown."""
    row = Role.objects.filter(code=code).first()
    if row is None:
        codes = list(Role.objects.values_list("code", flat=True))
        raise RoleUnknown(
            f"There is no role “{code}”.",
            mend=nearest(code, codes) or f"Roles: {', '.join(codes)}.",
            where=Where(field="role"),
        )
    return row


def get_area(code: str) -> Area:
    """Get the area with a code that is valid now. Raises AreaUnknown."""
    row = Area.objects.filter(code=code, valid_to=None).first()
    if row is None:
        raise AreaUnknown(
            f"There is no area “{code}”.",
            mend="See the areas page for codes.",
            where=Where(field="area"),
        )
    return row


MOST_TOKEN_DAYS = 366


@command(MANAGE)
def issue_token(*, actor: Actor, username: str, label: str, days: int, at: datetime) -> str:
    """Give a user a bearer token for the API and return it; it is shown this once.

    Args:
        label: what it is for, as the list of tokens shows it.
        days: how long it is good for, 1 to 366.

    Raises:
        UserUnknown: no user has the name.
        BadInput: the days are out of range, or there is no label.
    """
    user = get_user(username)
    if not label.strip() or not 1 <= days <= MOST_TOKEN_DAYS:
        raise BadInput(
            "A token needs a label and a term of 1 to 366 days.",
            mend="Say what it is for, and for how many days.",
        )
    token = new_token()
    ApiToken.objects.create(
        user=user,
        label=label.strip()[:80],
        token_sha256=hash_token(token),
        created_at=at,
        expires_on=at.date() + timedelta(days=days),
    )
    note(subject=user.username, label=label.strip()[:80], days=days)
    return token


@command(MANAGE)
def revoke_tokens(*, actor: Actor, username: str, label: str, at: datetime) -> int:
    """Take a user's tokens of one label back at once; return how many were good until now."""
    user = get_user(username)
    count = ApiToken.objects.filter(user=user, label=label, revoked_at__isnull=True).update(
        revoked_at=at
    )
    note(subject=user.username, label=label, revoked=count)
    return count
