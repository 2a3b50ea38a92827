"""Commands about the registry: snapshot."""

from __future__ import annotations

from typing import Any

from amana.cli.session import Session, command


@command("snapshot")
def snapshot(session: Session) -> dict[str, Any]:
    """Take a dated, immutable copy of the registry, without names or numbers, for decisions."""
    from amana.access.models import Run
    from amana.kernel import clock
    from amana.registry import commands as registry

    taken = registry.take_snapshot(actor=session.actor, at=clock.now(), on=clock.today())
    session.say(
        f"{taken.reference}: {taken.household_count} households, {taken.person_count} people."
    )
    result = Run.objects.get(pk=taken.run.pk).result
    return {key: result[key] for key in ("snapshot", "households", "people", "sha256", "seconds")}
