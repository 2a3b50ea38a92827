"""The roles of a blueprint (`roles.yaml`): roles, acts done by two people, and users. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from amana.kernel.text_source import nearest
from amana.kernel.yaml_source import Source

EVERYTHING: Final = "*"
USERNAME: Final = re.compile(r"^[a-z0-9][a-z0-9._@-]{1,59}$")


@dataclass(frozen=True, slots=True)
class RoleDefinition:
    """A role and the permissions it gives, `room.*` spelt out."""

    code: str
    title: Mapping[str, str]
    permissions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SeparationDefinition:
    """Two acts that no one may do both on the same thing."""

    act: str
    not_with: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to a user, in an area and a programme, or without limit."""

    role: str
    area: str = ""
    programme: str = ""


@dataclass(frozen=True, slots=True)
class UserDefinition:
    """A user the blueprint brings along; never with a password."""

    username: str
    name: str
    roles: tuple[Grant, ...]


@dataclass(frozen=True)
class RolesDefinition:
    """What a blueprint says of roles, separations and users."""

    roles: tuple[RoleDefinition, ...] = ()
    separations: tuple[SeparationDefinition, ...] = ()
    users: tuple[UserDefinition, ...] = ()
    source: Source | None = field(default=None, compare=False)


def read_roles(source: Source, *, permissions: Iterable[str]) -> RolesDefinition:
    """Read the roles; mistakes are noted on the source's problems.

    Args:
        permissions: every permission that any room declares.
    """
    known = sorted(permissions)
    roles: dict[str, RoleDefinition] = {}
    for item in source.list_of("roles", required=True):
        role = RoleDefinition(
            code=item.code("role"),
            title=item.translations("title"),
            permissions=_read_permissions(item, known),
        )
        item.finish()
        if role.code in roles:
            item.problem(f"The role “{role.code}” stands twice.", key="role", mend="Join them.")
        roles[role.code] = role
    separations = []
    for item in source.list_of("separations"):
        pair = SeparationDefinition(
            act=item.one_of("act", known), not_with=item.one_of("not_with", known)
        )
        if pair.act and pair.act == pair.not_with:
            item.problem("An act cannot be separated from itself.", mend="Name two acts.")
        item.finish()
        separations.append(pair)
    users = {}
    for item in source.list_of("users"):
        user = _read_user(item, roles)
        if user.username in users:
            item.problem(f"The user “{user.username}” stands twice.", key="user", mend="Join them.")
        users[user.username] = user
    source.finish()
    return RolesDefinition(tuple(roles.values()), tuple(separations), tuple(users.values()), source)


def _read_permissions(item: Source, known: list[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    given = item.at("permissions")
    if not given:
        item.text("permissions")
        return ()
    for word in given.items() if given.is_list else [given]:
        code = word.raw()
        if code == EVERYTHING or code in known:
            found[code] = None
        elif code.endswith(".*") and any(k.startswith(code[:-1]) for k in known):
            found.update(dict.fromkeys(k for k in known if k.startswith(code[:-1])))
        else:
            word.problem(
                f"There is no permission “{code}”.",
                mend=nearest(code, known) or "They are listed in docs/reference/permissions.md.",
            )
    return tuple(found)


def _read_user(item: Source, roles: Mapping[str, RoleDefinition]) -> UserDefinition:
    username = item.text("user")
    if username and not USERNAME.match(username):
        item.problem(
            f"“{username}” cannot be a user's name.",
            key="user",
            mend="Use 2 to 60 small letters, digits and . _ @ -",
        )
    grants = []
    for given in item.list_of("roles"):
        role = given.text("role")
        if role and role not in roles:
            given.problem(
                f"There is no role “{role}”.",
                key="role",
                mend=nearest(role, roles) or "Write it under “roles:” of this file.",
            )
        grants.append(Grant(role, given.text("area", ""), given.text("programme", "")))
        given.finish()
    user = UserDefinition(username, item.text("title", ""), tuple(grants))
    item.finish()
    return user
