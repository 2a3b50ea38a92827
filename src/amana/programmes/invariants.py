"""What must hold of programmes and no constraint can say; `amana doctor --invariants` checks it."""

from __future__ import annotations

from typing import Final

from amana.kernel.invariants import FOUND_MAX, invariant
from amana.places.bulk import cursor

#: Two rows of one human (merged), each enrolled: the partial unique index sees rows, not humans.
_ENROLLED_TWICE: Final = """
SELECT min(e.reference) FROM programmes_enrolment e
JOIN registry_person p ON p.id = e.person_id
WHERE e.state <> 'EXITED'
GROUP BY e.programme_id, COALESCE(p.survivor_id, p.id) HAVING count(*) > 1
ORDER BY 1 LIMIT %s
"""
_LAST_MOVE: Final = """
SELECT e.reference FROM programmes_enrolment e
LEFT JOIN LATERAL (SELECT m.after FROM programmes_enrolmentmove m
                   WHERE m.enrolment_id = e.id ORDER BY m.id DESC LIMIT 1) last ON true
WHERE last.after IS DISTINCT FROM e.state
ORDER BY 1 LIMIT %s
"""
_SELECTED: Final = """
SELECT r.reference FROM programmes_targetingrun t
JOIN access_run r ON r.id = t.run_id
WHERE t.selected_count <> (SELECT count(*) FROM programmes_decision d
                           WHERE d.targeting_run_id = t.id AND d.selected)
ORDER BY 1 LIMIT %s
"""


def _find(statement: str) -> list[str]:
    with cursor() as cur:
        cur.execute(statement, [FOUND_MAX])
        return [str(row[0]) for row in cur.fetchall()]


@invariant("programmes.one_human_once", "Nobody has two open enrolments in one programme")
def find_enrolled_twice() -> list[str]:
    """List enrolments of people who are enrolled a second time through a row merged into theirs."""
    return _find(_ENROLLED_TWICE)


@invariant("programmes.state_is_last_move", "An enrolment is in the state of its last move")
def find_state_without_move() -> list[str]:
    """List enrolments whose state no move tells of."""
    return _find(_LAST_MOVE)


@invariant("programmes.selected_are_recorded", "Every selected unit of a run has its decision")
def find_unrecorded_runs() -> list[str]:
    """List targeting runs whose number of selected decisions differs from what they counted."""
    return _find(_SELECTED)
