"""Commands about blueprints and users: apply, user add."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from amana.cli.session import Session, command

SHOWN = 40


@command("apply")
def apply(
    session: Session,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with blueprint.yaml.")],
    plan: Annotated[bool, typer.Option("--plan", help="Only tell what would change.")] = False,
) -> dict[str, Any]:
    """Bring this installation to what a blueprint says; all of it or nothing."""
    from amana.exchange import commands as exchange
    from amana.kernel import clock

    applied = exchange.apply_blueprint(
        actor=session.actor, folder=folder, at=clock.now(), on=clock.today(), plan=plan
    )
    verb = "would be " if plan else ""
    changes = applied.changes
    for item in changes.items[:SHOWN]:
        session.say(f"{verb}{item.what}: {item.kind} {item.code}")
    if (more := changes.created + changes.changed - SHOWN) > 0:
        session.say(f"… and {more} more")
    for warning in changes.warnings:
        session.say(f"look: {warning}")
    if applied.untranslated:
        session.say(f"look: {len(applied.untranslated)} texts are not translated yet.")
    session.say(
        f"{applied.blueprint} {applied.version}: {changes.created} {verb}created,"
        f" {changes.changed} {verb}changed, {changes.unchanged} unchanged."
    )
    answer = applied.as_dict()
    if not session.wants_json:  # told above, in words
        for key in ("items", "warnings", "untranslated"):
            del answer[key]
    return answer
