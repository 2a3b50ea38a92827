"""Approval of the list of a targeting run, by a person."""

from __future__ import annotations

from datetime import datetime

from amana.access import scope, separation
from amana.kernel.command import Actor, command, note
from amana.programmes import queries
from amana.programmes.errors import RunSuperseded
from amana.programmes.models import TargetingRun

APPROVE = "programmes.approve_list"
TARGET = "programmes.target_programme"


@command(APPROVE)
def approve_list(*, actor: Actor, run: str, at: datetime) -> TargetingRun:
    """Approve the list of selected units, so that it can be enrolled.

    Approving twice is answered with the same run. Where the programme separates the two acts, the
    person who made the run cannot approve it.

    Raises:
        RunSuperseded: a later run of the programme replaced it.
        SamePerson: the actor made the run and the programme wants two people.
    """
    found = queries.get_targeting_run(run, lock=True)
    code = found.programme.code
    scope.require(actor, APPROVE, programme=code)
    note(subject=found.reference, programme=code, selected=found.selected_count)
    if found.state in (TargetingRun.State.APPROVED, TargetingRun.State.ENROLLED):
        return found
    if found.state == TargetingRun.State.SUPERSEDED:
        raise RunSuperseded(
            f"The list {found.reference} was replaced by a later one.",
            mend="Review and approve the latest run of the programme.",
        )
    pairs = {(s.act, s.not_with) for s in queries.definition_of(found.version).separations}
    separation.require_other_person(
        actor,
        act=APPROVE,
        not_with=TARGET,
        done_by=found.assessed_by,
        programme=code,
        always=(APPROVE, TARGET) in pairs,
        words="You made this list, so you cannot approve it.",
    )
    found.state = TargetingRun.State.APPROVED
    found.approved_at = at
    found.approved_by = actor.username
    found.save(update_fields=["state", "approved_at", "approved_by"])
    return found
