"""Pairs of acts that no one may do both: who prepares a payroll does not approve it."""

from __future__ import annotations

from amana.access.models import Separation
from amana.kernel.command import Actor
from amana.kernel.errors import NotPermitted


class SamePerson(NotPermitted):
    """The same person may not do both acts."""

    code = "SAME_PERSON"
    http_status = 409


def is_separated(*, act: str, not_with: str, programme: str = "") -> bool:
    """Tell whether the two acts are to be done by two people (for this programme, or always)."""
    return Separation.objects.filter(
        act=act, not_with=not_with, programme__in={"", programme}
    ).exists()


def require_other_person(
    actor: Actor,
    *,
    act: str,
    not_with: str,
    done_by: str,
    programme: str = "",
    always: bool = False,
    words: str = "",
) -> None:
    """Raise `SamePerson` when the actor did the other act and the two are separated.

    Args:
        act: permission of what the actor wants to do now.
        not_with: permission of what was done before.
        done_by: username of who did it.
        programme: code of the programme the thing belongs to.
        always: separated whatever the blueprint says (payrolls).
        words: the sentence to show; a plain one is made otherwise.
    """
    if actor.username != done_by:
        return
    if always or is_separated(act=act, not_with=not_with, programme=programme):
        raise SamePerson(
            words or "You did the step before this one, so another person must do this one.",
            mend="Ask another person with this permission.",
        )
