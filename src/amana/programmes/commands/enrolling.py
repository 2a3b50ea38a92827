"""Enrolment of an approved list, for any number of units, in a few statements."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from amana.access import outbox, scope
from amana.kernel.command import Actor, command, note
from amana.places.bulk import cursor
from amana.places.models import Level
from amana.programmes import queries, recipients, rules
from amana.programmes.definition import Definition
from amana.programmes.errors import RunNotApproved
from amana.programmes.models import TargetingRun

ENROL: Final = "programmes.enrol_run"

#: The selected units of a run, each as the one human or group that stands for it now.
_STAGE: Final = """
CREATE TEMP TABLE staged_unit ON COMMIT DROP AS
SELECT DISTINCT ON (u.person_id, u.group_id) u.*,
       {unit} IN (
           SELECT {enrolled_unit} FROM programmes_enrolment e
           LEFT JOIN registry_person q ON q.id = e.person_id
           WHERE e.programme_id = %(programme)s AND e.state <> 'EXITED'
             AND e.{unit} IS NOT NULL
       ) AS enrolled
FROM (
    SELECT CASE WHEN g.id IS NULL THEN COALESCE(p.survivor_id, p.id) END AS person_id,
           g.id AS group_id, d.rank, d.area_id AS ranked_area_id, false AS no_place,
           COALESCE(g.id, s.group_id, p.group_id) AS household_id,
           COALESCE(g.area_id, s.area_id, p.area_id, d.area_id) AS area_id,
           g.dissolved_on IS NOT NULL
               OR COALESCE(s.death_status, p.death_status, '') = 'VERIFIED' AS gone
    FROM programmes_decision d
    LEFT JOIN registry_group g ON g.id = d.group_id
    LEFT JOIN registry_person p ON p.id = d.person_id
    LEFT JOIN registry_person s ON s.id = p.survivor_id
    WHERE d.targeting_run_id = %(run)s AND d.selected
) u
"""

#: The poorest of an area get the places that are free there; enrolments in force hold theirs.
_PLACES: Final = """
UPDATE staged_unit u SET no_place = true
FROM (
    SELECT s.ctid, s.place, row_number() OVER (
               PARTITION BY s.place ORDER BY s.rank, s.group_id, s.person_id) AS turn
    FROM (SELECT x.ctid, x.*, COALESCE({place_of_unit}, 0) AS place FROM staged_unit x) s
    WHERE NOT s.gone AND NOT s.enrolled
) t
LEFT JOIN (SELECT COALESCE({place_of_enrolment}, 0) AS place, count(*) AS held
           FROM programmes_enrolment e
           WHERE e.programme_id = %(programme)s AND e.state NOT IN ('EXITED', 'WAITLISTED')
           GROUP BY 1) h ON h.place = t.place
LEFT JOIN staged_place q ON q.area_id = t.place
WHERE u.ctid = t.ctid AND t.turn + COALESCE(h.held, 0) > COALESCE(q.places, 0)
"""
_PLACE_OF: Final = "(SELECT a.path[{depth}] FROM places_area a WHERE a.id = {area})"

#: Units, or members of them, that were enrolled since the snapshot in a programme the rules ask
#: about: what was true when the list was made may not be true now, so they are judged again first.
_CHANGED: Final = """
WITH fresh AS (
    SELECT e.group_id, COALESCE(q.survivor_id, q.id) AS person_id
    FROM programmes_enrolment e
    JOIN programmes_programme x ON x.id = e.programme_id
    JOIN programmes_enrolmentmove m ON m.enrolment_id = e.id AND m.before = ''
    LEFT JOIN registry_person q ON q.id = e.person_id
    WHERE x.code = ANY(%(named)s) AND e.state IN ('ACTIVE', 'SUSPENDED')
      AND m.at > %(taken_at)s
),
touched AS (
    SELECT group_id, NULL::bigint AS person_id FROM fresh WHERE group_id IS NOT NULL
    UNION SELECT NULL, person_id FROM fresh WHERE person_id IS NOT NULL
    UNION SELECT b.group_id, NULL FROM fresh f
          JOIN registry_membership b ON b.person_id = f.person_id AND b.valid_to IS NULL
)
UPDATE staged_unit u SET gone = true FROM touched t WHERE u.{unit} = t.{unit}
"""

_ENROL: Final = """
WITH fresh AS (
    INSERT INTO programmes_enrolment
           (programme_id, person_id, group_id, area_id, state, since, active_from, reason,
            targeting_run_id)
    SELECT %(programme)s, person_id, group_id, area_id, 'ACTIVE', %(on)s, %(on)s, 'SELECTED',
           %(run)s
    FROM staged_unit WHERE NOT gone AND NOT enrolled AND NOT no_place
    ORDER BY area_id, group_id, person_id
    ON CONFLICT DO NOTHING
    RETURNING id, person_id, group_id
)
INSERT INTO staged_enrolment
SELECT f.id, f.person_id, u.household_id FROM fresh f JOIN staged_unit u ON u.{unit} = f.{unit}
"""

_MOVES: Final = """
INSERT INTO programmes_enrolmentmove
       (enrolment_id, before, after, "on", at, reason, note, username)
SELECT enrolment_id, '', 'ACTIVE', %(on)s, %(at)s, 'SELECTED', '', %(by)s FROM staged_enrolment
"""


@command(ENROL)
def enrol_run(*, actor: Actor, run: str, on: date, at: datetime) -> dict[str, Any]:
    """Enrol every selected unit of an approved run, each with its recipient.

    Safe to run twice: a unit that has an open enrolment is left as it is. A person who was merged
    since is enrolled as the one who stands for them. Left out and counted as `held`: units that
    are no more (dissolved, verified dead), and units that were enrolled since the snapshot in a
    programme this one's rules ask about. When enrolments in force leave fewer places than the list
    has units, the first in rank get them and the rest are counted as `no_place`.

    Args:
        on: first day of entitlement.

    Returns:
        {"enrolled", "existing", "held", "no_place", "without_recipient"}.

    Raises:
        RunNotApproved: nobody has approved the list.
    """
    found = queries.get_targeting_run(run, lock=True)
    programme = found.programme
    scope.require(actor, ENROL, programme=programme.code)
    if found.state not in (TargetingRun.State.APPROVED, TargetingRun.State.ENROLLED):
        raise RunNotApproved(
            f"The list {found.reference} has not been approved.",
            mend=f"Have it approved first: amana list approve {found.reference}.",
        )
    definition = queries.definition_of(found.version)
    named = sorted(rules.programmes_named(definition))
    values = {
        "run": found.pk,
        "programme": programme.pk,
        "named": named,
        "taken_at": found.snapshot.taken_at,
        "on": on,
        "at": at,
        "by": actor.username,
    }
    unit, enrolled_unit = "group_id", "e.group_id"
    if definition.is_person:
        unit, enrolled_unit = "person_id", "COALESCE(q.survivor_id, q.id)"
    with cursor() as cur:
        cur.execute("DROP TABLE IF EXISTS staged_unit, staged_enrolment, staged_place")
        cur.execute(_STAGE.format(unit=unit, enrolled_unit=enrolled_unit), values)
        cur.execute("ANALYZE staged_unit")
        if named:
            cur.execute(_CHANGED.format(unit=unit), values)
        _keep_to_places(cur, found, definition, values)
        cur.execute(
            "CREATE TEMP TABLE staged_enrolment (enrolment_id bigint, person_id bigint,"
            " household_id bigint) ON COMMIT DROP"
        )
        cur.execute(_ENROL.format(unit=unit), values)
        cur.execute("ANALYZE staged_enrolment")
        cur.execute(
            recipients.insert_statement(rule=definition.recipient, persons=definition.is_person),
            recipients.parameters(rule=definition.recipient, on=on, at=at, by=actor.username),
        )
        collecting = cur.rowcount
        cur.execute(_MOVES, values)
        enrolled = cur.rowcount
        cur.execute(
            "SELECT count(*) FILTER (WHERE enrolled),"
            " count(*) FILTER (WHERE gone AND NOT enrolled),"
            " count(*) FILTER (WHERE no_place) FROM staged_unit"
        )
        existing, held, no_place = cur.fetchone()
        cur.execute("DROP TABLE staged_unit, staged_enrolment")
    found.state = TargetingRun.State.ENROLLED
    found.enrolled_at = found.enrolled_at or at
    found.save(update_fields=["state", "enrolled_at"])
    result = {
        "enrolled": enrolled,
        "existing": existing,
        "held": held,
        "no_place": no_place,
        "without_recipient": enrolled - collecting,
    }
    note(subject=found.reference, programme=programme.code, **result)
    if enrolled:
        outbox.announce(
            "programmes.UnitsEnrolled",
            {"run": found.reference, "programme": programme.code, "count": enrolled},
        )
    return result


def _keep_to_places(
    cur: Any, run: TargetingRun, definition: Definition, values: dict[str, Any]
) -> None:
    """Mark the staged units for which enrolments in force leave no place."""
    if definition.places is None:
        return
    cur.execute(
        "CREATE TEMP TABLE staged_place ON COMMIT DROP AS SELECT DISTINCT ON (area_id)"
        " COALESCE(area_id, 0) AS area_id, places FROM programmes_placequota"
        " WHERE version_id = %s AND year IN (0, %s) ORDER BY area_id, year DESC",
        [run.version_id, run.on.year],
    )
    if definition.places.by == "all":
        unit = enrolment = "NULL::bigint"
    else:
        depth = Level.objects.get(code=definition.places.by).depth
        unit = _PLACE_OF.format(depth=depth, area="x.ranked_area_id")
        enrolment = _PLACE_OF.format(depth=depth, area="e.area_id")
    cur.execute(_PLACES.format(place_of_unit=unit, place_of_enrolment=enrolment), values)
    cur.execute("DROP TABLE staged_place")
