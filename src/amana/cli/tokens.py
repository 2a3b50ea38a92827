"""Commands about the API's bearer tokens."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from amana.cli.session import Session, command
from amana.kernel import clock


@command("token issue")
def issue(
    session: Session,
    user: Annotated[str, typer.Argument(help="Name of the user.")],
    label: Annotated[str, typer.Option(help="What it is for.")],
    days: Annotated[int, typer.Option(help="How long it is good for.")] = 90,
) -> dict[str, Any]:
    """Give a user a bearer token for the API; it is shown this once."""
    from amana.access import commands as access

    token = access.issue_token(
        actor=session.actor, username=user, label=label, days=days, at=clock.now()
    )
    session.say(f"Token of {user} for {label}, good for {days} days; it is not shown again:")
    session.say(token)
    return {"user": user, "label": label, "days": days, "token": token}


@command("token revoke")
def revoke(
    session: Session,
    user: Annotated[str, typer.Argument(help="Name of the user.")],
    label: Annotated[str, typer.Option(help="What it was for.")],
) -> dict[str, Any]:
    """Take back a user's tokens of one label."""
    from amana.access import commands as access

    count = access.revoke_tokens(actor=session.actor, username=user, label=label, at=clock.now())
    session.say(f"{count} tokens taken back.")
    return {"user": user, "label": label, "revoked": count}
