"""The life of an enrolment: which step may follow which state."""

from __future__ import annotations

from typing import Final

from amana.programmes.errors import MoveNotAllowed

#: State → states that may follow it. EXITED is the end: a return is a new enrolment.
MOVES: Final[dict[str, frozenset[str]]] = {
    "PENDING": frozenset({"ACTIVE", "EXITED"}),
    "WAITLISTED": frozenset({"PENDING", "ACTIVE", "EXITED"}),
    "STAND_BY": frozenset({"ACTIVE", "EXITED"}),
    "ACTIVE": frozenset({"SUSPENDED", "EXITED"}),
    "SUSPENDED": frozenset({"ACTIVE", "EXITED"}),
    "EXITED": frozenset(),
}
_WORDS: Final = {
    "PENDING": "pending",
    "WAITLISTED": "on the waiting list",
    "STAND_BY": "on stand-by",
    "ACTIVE": "active",
    "SUSPENDED": "suspended",
    "EXITED": "closed",
}


def require_move(before: str, after: str) -> None:
    """Refuse a step that may not follow.

    Raises:
        MoveNotAllowed: told in the words of the two states.

    >>> require_move("ACTIVE", "SUSPENDED")
    >>> require_move("EXITED", "ACTIVE")
    Traceback (most recent call last):
    amana.programmes.errors.MoveNotAllowed: The enrolment is closed. Enrol the household or person anew.
    """  # noqa: E501
    if after in MOVES[before]:
        return
    if before == after:
        raise MoveNotAllowed(f"The enrolment is {_WORDS[before]} already.")
    if before == "EXITED":
        raise MoveNotAllowed("The enrolment is closed.", mend="Enrol the household or person anew.")
    raise MoveNotAllowed(
        f"An enrolment that is {_WORDS[before]} cannot become {_WORDS[after]}.",
        mend=f"It can become {' or '.join(_WORDS[state] for state in sorted(MOVES[before]))}.",
    )
