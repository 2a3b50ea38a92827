"""Who collects for an enrolment when nobody has said: chosen for many enrolments in one statement.

The order for a group (`female caregiver, else head`):

1. a woman of the household who is guardian, parent or caregiver of one of its members;
2. a woman who is head or spouse, and an adult or of unknown age;
3. the head, whoever and of whatever age (a girl of 15 may head a household);
4. the oldest member, those of unknown birth last.

The rule `head` begins at 3; `organisation` takes the organisation of the group (a care home, a
school), and falls back to 3. For a person: their guardian or proxy when there is one; an adult, or
one whose age is not known to be below 18, collects for themselves; a child's parent (mother first),
then caregiver, then the care home they live in, then the household's choice above; a child who
heads their household collects for themselves.

People whose death is reported come last, those known to be dead and rows merged into another never.
Only members who live there (USUAL or PART) are chosen: one who is away cannot collect.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from amana.programmes.definition import FEMALE_CAREGIVER

ADULT_YEARS: Final = 18

#: Members who live in the groups of the staging table, best recipient first within a group.
_MEMBERS: Final = """
member AS (
    SELECT e.enrolment_id, p.id AS person_id, m.role,
           p.sex = 'FEMALE' AS female,
           p.birth_earliest IS NULL OR p.birth_earliest <= %(adult_born)s AS may_be_adult,
           p.birth_earliest, p.death_status = 'REPORTED' AS death_reported,
           (SELECT r.type FROM registry_relationship r
            JOIN registry_membership o ON o.person_id = r.other_id AND o.group_id = m.group_id
                 AND o.valid_to IS NULL AND o.presence IN ('USUAL', 'PART')
            WHERE r.person_id = p.id AND r.type IN ('GUARDIAN', 'PARENT', 'CAREGIVER')
              AND r.valid_to IS NULL
            ORDER BY array_position(ARRAY['GUARDIAN', 'PARENT', 'CAREGIVER'], r.type::text)
            LIMIT 1) AS cares_as
    FROM staged_enrolment e
    JOIN registry_membership m ON m.group_id = e.household_id AND m.valid_to IS NULL
         AND m.presence IN ('USUAL', 'PART')
    JOIN registry_person p ON p.id = m.person_id
    WHERE p.survivor_id IS NULL AND p.death_status <> 'VERIFIED'
),
chosen_member AS (
    SELECT DISTINCT ON (enrolment_id) enrolment_id, person_id,
           CASE WHEN %(women_first)s AND female AND may_be_adult AND cares_as IS NOT NULL
                     THEN cares_as
                WHEN %(women_first)s AND female AND may_be_adult AND role IN ('HEAD', 'SPOUSE')
                     THEN CASE role WHEN 'HEAD' THEN 'HEAD' ELSE 'CAREGIVER' END
                WHEN role = 'HEAD' THEN 'HEAD'
                ELSE 'PROXY' END AS relation
    FROM member
    ORDER BY enrolment_id, death_reported,
             CASE WHEN %(women_first)s AND female AND may_be_adult AND cares_as IS NOT NULL THEN 1
                  WHEN %(women_first)s AND female AND may_be_adult AND role IN ('HEAD', 'SPOUSE')
                       THEN 2
                  WHEN role = 'HEAD' THEN 3
                  ELSE 4 END,
             birth_earliest NULLS LAST, person_id
)
"""

_GROUPS: Final = """
WITH {members}
INSERT INTO programmes_recipient
       (enrolment_id, person_id, organisation_id, relation, valid_from, proof,
        recorded_at, recorded_by)
SELECT e.enrolment_id,
       CASE WHEN {organisation} THEN NULL ELSE c.person_id END,
       CASE WHEN {organisation} THEN g.organisation_id END,
       CASE WHEN {organisation} THEN 'INSTITUTION' ELSE c.relation END,
       %(on)s, '', %(at)s, %(by)s
FROM staged_enrolment e
JOIN registry_group g ON g.id = e.household_id
LEFT JOIN chosen_member c ON c.enrolment_id = e.enrolment_id
WHERE ({organisation}) OR c.person_id IS NOT NULL
"""

_PEOPLE: Final = """
WITH {members},
carer AS (
    SELECT DISTINCT ON (e.enrolment_id) e.enrolment_id, r.person_id, r.type AS relation,
           r.type IN ('GUARDIAN', 'PROXY') AS acts_for_adults
    FROM staged_enrolment e
    JOIN registry_relationship r ON r.other_id = e.person_id AND r.valid_to IS NULL
         AND r.type IN ('GUARDIAN', 'PROXY', 'PARENT', 'CAREGIVER')
    JOIN registry_person p ON p.id = r.person_id
    WHERE p.survivor_id IS NULL AND p.death_status <> 'VERIFIED'
      AND (p.birth_earliest IS NULL OR p.birth_earliest <= %(adult_born)s)
    ORDER BY e.enrolment_id, p.death_status = 'REPORTED',
             array_position(ARRAY['GUARDIAN', 'PROXY', 'PARENT', 'CAREGIVER'], r.type::text),
             p.sex = 'FEMALE' DESC, r.person_id
),
unit AS (
    SELECT e.enrolment_id, e.person_id, h.organisation_id,
           p.birth_earliest > %(adult_born)s AS child,
           EXISTS (SELECT 1 FROM registry_membership m
                   WHERE m.person_id = p.id AND m.group_id = e.household_id
                     AND m.role = 'HEAD' AND m.valid_to IS NULL) AS heads
    FROM staged_enrolment e
    JOIN registry_person p ON p.id = e.person_id
    LEFT JOIN registry_group h ON h.id = e.household_id AND h.kind = 'INSTITUTION'
),
choice AS (
    SELECT u.enrolment_id,
           CASE WHEN c.acts_for_adults OR (u.child AND c.person_id IS NOT NULL) THEN c.person_id
                WHEN u.child IS NOT TRUE OR u.heads THEN u.person_id
                WHEN u.organisation_id IS NOT NULL THEN NULL
                ELSE COALESCE(m.person_id, u.person_id) END AS person_id,
           CASE WHEN c.acts_for_adults OR (u.child AND c.person_id IS NOT NULL) THEN NULL
                WHEN u.child IS NOT TRUE OR u.heads THEN NULL
                ELSE u.organisation_id END AS organisation_id,
           CASE WHEN c.acts_for_adults OR (u.child AND c.person_id IS NOT NULL) THEN c.relation
                WHEN u.child IS NOT TRUE OR u.heads THEN 'SELF'
                WHEN u.organisation_id IS NOT NULL THEN 'INSTITUTION'
                WHEN m.person_id IS NULL OR m.person_id = u.person_id THEN 'SELF'
                ELSE 'CAREGIVER' END AS relation
    FROM unit u
    LEFT JOIN carer c ON c.enrolment_id = u.enrolment_id
    LEFT JOIN chosen_member m ON m.enrolment_id = u.enrolment_id
)
INSERT INTO programmes_recipient
       (enrolment_id, person_id, organisation_id, relation, valid_from, proof,
        recorded_at, recorded_by)
SELECT enrolment_id, person_id, organisation_id, relation, %(on)s, '', %(at)s, %(by)s
FROM choice
"""


def insert_statement(*, rule: str, persons: bool) -> str:
    """Give the statement that inserts one recipient for each row of `staged_enrolment`.

    Grain: one recipient per staged enrolment; a group in which nobody lives gets none.
    Columns read: `staged_enrolment(enrolment_id, person_id, household_id)`: `household_id` is the
        enrolled group, or the home group of an enrolled person (null when they have none).

    Args:
        rule: one of `definition.RECIPIENT_RULES`.
        persons: whether the programme assists persons.
    """
    if persons:
        return _PEOPLE.format(members=_MEMBERS)
    organisation = "g.organisation_id IS NOT NULL" if rule == "organisation" else "false"
    return _GROUPS.format(members=_MEMBERS, organisation=organisation)


def parameters(*, rule: str, on: date, at: datetime, by: str) -> dict[str, Any]:
    """Give the statement's parameters.

    >>> from datetime import UTC
    >>> at = datetime(2026, 2, 28, tzinfo=UTC)
    >>> parameters(rule="head", on=date(2026, 2, 28), at=at, by="x")["adult_born"]
    datetime.date(2008, 2, 28)
    """
    return {
        "women_first": rule in (FEMALE_CAREGIVER, "self"),
        "adult_born": years_before(on, ADULT_YEARS),
        "on": on,
        "at": at,
        "by": by,
    }


def years_before(day: date, years: int) -> date:
    """Give the latest birth date of somebody who is `years` old on a day.

    >>> years_before(date(2024, 2, 29), 18), years_before(date(2023, 2, 28), 3)
    (datetime.date(2006, 2, 28), datetime.date(2020, 2, 28))
    """
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
