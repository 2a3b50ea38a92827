"""What programmes add to every snapshot: what our own programmes give, and who applied when."""

from __future__ import annotations

from typing import Final

from amana.registry.contributions import Contribution, contribute

#: Enrolments that give something on the day asked about; a merged person's count for the survivor.
_PEOPLE: Final = (
    "SELECT COALESCE(p.survivor_id, p.id) AS unit_id, x.code AS value"
    " FROM programmes_enrolment e JOIN programmes_programme x ON x.id = e.programme_id"
    " JOIN registry_person p ON p.id = e.person_id"
    " WHERE e.active_from <= {as_of} AND (e.exited_on IS NULL OR e.exited_on > {as_of})"
    " AND COALESCE(p.survivor_id, p.id) IN (SELECT s.id FROM registry_person s WHERE {only})"
)
_GROUPS: Final = (
    "SELECT e.group_id AS unit_id, x.code AS value"
    " FROM programmes_enrolment e JOIN programmes_programme x ON x.id = e.programme_id"
    " WHERE e.group_id IS NOT NULL AND e.active_from <= {as_of}"
    " AND (e.exited_on IS NULL OR e.exited_on > {as_of}) AND {only}"
)
_APPLIED: Final = (
    "SELECT group_id AS unit_id, min(received_on) AS value FROM programmes_application"
    " WHERE state = 'RECEIVED' AND group_id IS NOT NULL AND received_on <= {as_of} AND {only}"
    " GROUP BY group_id"
)

contribute(
    Contribution(
        column="receives",
        table="people",
        type="list",
        key="s.id",
        sql=_PEOPLE,
        title="Programmes received",
    )
)
contribute(
    Contribution(
        column="receives",
        table="groups",
        type="list",
        key="e.group_id",
        sql=_GROUPS,
        title="Programmes received",
    )
)
contribute(
    Contribution(
        column="oldest_application",
        table="groups",
        type="date",
        key="group_id",
        sql=_APPLIED,
        title="Date of the oldest application",
    )
)
