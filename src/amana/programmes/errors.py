"""What programmes refuse, each with a stable code."""

from __future__ import annotations

from amana.kernel.errors import BadInput, Conflict, NotFound


class ProgrammeNotFound(NotFound):
    """There is no such programme, or not within what the actor may see."""

    code = "PROGRAMME_NOT_FOUND"


class VersionNotFound(NotFound):
    """No version of the programme is in force on that day."""

    code = "PROGRAMME_VERSION_NOT_FOUND"


class VersionAltered(Conflict):
    """A published version was given again with other content."""

    code = "PROGRAMME_VERSION_ALTERED"


class ProgrammeIsExternal(Conflict):
    """Another system decides on this programme; we only know who receives it."""

    code = "PROGRAMME_IS_EXTERNAL"


class TargetingRunNotFound(NotFound):
    """There is no such targeting run, or not within what the actor may see."""

    code = "TARGETING_RUN_NOT_FOUND"


class RunNotApproved(Conflict):
    """The list of this run has not been approved, so nobody can be enrolled from it."""

    code = "RUN_NOT_APPROVED"


class RunSuperseded(Conflict):
    """A later run has replaced this one."""

    code = "RUN_SUPERSEDED"


class ResultsDamaged(Conflict):
    """The results file of a run is missing or is not what was recorded."""

    code = "RESULTS_DAMAGED"


class SnapshotMissing(Conflict):
    """There is no snapshot to judge or pay from."""

    code = "SNAPSHOT_MISSING"


class UnitNotFound(NotFound):
    """The person or household is not known, or not within what the actor may see."""

    code = "UNIT_NOT_FOUND"


class UnitOfOtherKind(BadInput):
    """The programme assists another kind of unit."""

    code = "UNIT_OF_OTHER_KIND"


class EnrolmentNotFound(NotFound):
    """There is no such enrolment, or not within what the actor may see."""

    code = "ENROLMENT_NOT_FOUND"


class MoveNotAllowed(Conflict):
    """An enrolment in its present state cannot make this step."""

    code = "MOVE_NOT_ALLOWED"


class NoticeMissing(BadInput):
    """A suspension or exit without notice to the people it is about."""

    code = "NOTICE_MISSING"


class RecipientUnfit(BadInput):
    """The proposed recipient cannot collect."""

    code = "RECIPIENT_UNFIT"
