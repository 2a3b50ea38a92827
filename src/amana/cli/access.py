"""Commands about users: add, give and take roles, set a password."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from amana.cli.session import Session, command

RoleOption = Annotated[str, typer.Option(metavar="CODE", help="Code of the role.")]
AreaOption = Annotated[str, typer.Option(metavar="CODE", help="Code of the area; none: all.")]
ProgrammeOption = Annotated[
    str, typer.Option(metavar="CODE", help="Code of the programme; none: all.")
]
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name to sign in with.")]


@command("user add")
def add(
    session: Session,
    name: NameArgument,
    role: RoleOption,
    area: AreaOption = "",
    programme: ProgrammeOption = "",
    title: Annotated[str, typer.Option(help="Name of the person, for others to read.")] = "",
) -> dict[str, Any]:
    """Add a user with one role; set a password before they can sign in to the site."""
    from amana.access import commands as access
    from amana.kernel import clock

    user = access.add_user(
        actor=session.actor,
        username=name,
        role=role,
        area=area,
        programme=programme,
        name=title,
        on=clock.today(),
    )
    session.say(f"{user.username} is added. Set a password with: amana user password {name}")
    return {"user": user.username}


@command("user grant")
def grant(
    session: Session,
    name: NameArgument,
    role: RoleOption,
    area: AreaOption = "",
    programme: ProgrammeOption = "",
) -> dict[str, Any]:
    """Give a user a role."""
    from amana.access import commands as access
    from amana.kernel import clock

    given = access.grant_role(
        actor=session.actor,
        username=name,
        role=role,
        area=area,
        programme=programme,
        on=clock.today(),
    )
    session.say(f"{name} holds the role {role}{'' if given else ' already'}.")
    return {"user": name, "role": role, "given": given}


@command("user revoke")
def revoke(
    session: Session,
    name: NameArgument,
    role: RoleOption,
    area: AreaOption = "",
    programme: ProgrammeOption = "",
) -> dict[str, Any]:
    """Take a role from a user, from today on."""
    from amana.access import commands as access
    from amana.kernel import clock

    access.revoke_role(
        actor=session.actor,
        username=name,
        role=role,
        area=area,
        programme=programme,
        on=clock.today(),
    )
    session.say(f"{name} does not hold the role {role} any more.")
    return {"user": name, "role": role}


@command("user password")
def password(session: Session, name: NameArgument) -> dict[str, Any]:
    """Set a user's password; it is read from the terminal, or from standard input."""
    import getpass
    import sys

    from amana.access import commands as access

    if sys.stdin.isatty():
        secret = getpass.getpass("New password: ")
    else:
        secret = sys.stdin.readline().rstrip("\n")
    access.set_password(actor=session.actor, username=name, password=secret)
    session.say(f"{name} can sign in.")
    return {"user": name}
