"""Households, people and their facts, over the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from amana.api.access import allows
from amana.api.pages import Page, page_of
from amana.kernel import clock
from amana.registry import commands, queries
from amana.registry.models import Group, Person

router = Router(tags=["Registry"])


class CorrectionIn(Schema):
    """What is corrected: variable → value as people write it (null: not known after all)."""

    values: dict[str, str | None]
    reason: str
    on: date


class MemberIn(Schema):
    """Who joins a household, and how; `moving` ends a usual membership elsewhere."""

    person: str
    role: str
    presence: str = "USUAL"
    on: date
    moving: bool = False


class LeavingIn(Schema):
    """Who leaves a household, and when."""

    person: str
    on: date


class MoveIn(Schema):
    """Where a household lives from a day on."""

    area: str
    on: date
    kind: str = "FIXED"
    address: str = ""
    landmark: str = ""


class DeathIn(Schema):
    """News of a death: REPORTED, VERIFIED or MISTAKEN."""

    status: str
    died_on: date | None = None
    on: date


class ReasonIn(Schema):
    """Why."""

    reason: str


def group_as_dict(row: Group) -> dict[str, Any]:
    """Give a household as lists show it."""
    return {
        "reference": str(row.reference),
        "kind": row.kind,
        "name": row.display_name,
        "area": row.area.code if row.area else None,
        "usual_members": row.usual_count,
    }


def person_as_dict(row: Person) -> dict[str, Any]:
    """Give a person as lists show them; both birth dates are null when nothing is known."""
    return {
        "reference": str(row.reference),
        "name": row.display_name,
        "sex": row.sex or None,
        "birth_earliest": row.birth_earliest.isoformat() if row.birth_earliest else None,
        "birth_latest": row.birth_latest.isoformat() if row.birth_latest else None,
        "birth_known": row.birth_known,
        "death": row.death_status or None,
        "household": str(row.group.reference) if row.group else None,
        "area": row.area.code if row.area else None,
    }


def facts_as_list(subject: Group | Person) -> list[dict[str, Any]]:
    """Give what is known, each with its source, its day and whether it is stale."""
    return [
        {
            "variable": fact.code,
            "value": fact.value,
            "on": fact.on.isoformat() if fact.on else None,
            "source": fact.source,
            "submission": fact.submission,
            "stale": fact.is_stale,
        }
        for fact in queries.list_facts(subject=subject, on=clock.today())
    ]


def _evidence(subject: Group | Person) -> list[dict[str, Any]]:
    return [
        {
            "submission": str(row.submission.reference),
            "form": row.submission.form,
            "source": row.submission.source,
            "channel": row.submission.channel,
            "collected_on": row.submission.collected_on.isoformat(),
            "redacted": row.submission.redacted_at is not None,
        }
        for row in queries.list_evidence(subject=subject)[:100]
    ]


@router.get("/households", response=Page)
@allows(queries.VIEW)
def list_households(
    request: HttpRequest,
    q: str = "",
    area: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List households, perhaps of one area with everything below it, or by name."""
    rows = queries.list_groups(actor=request.actor)  # type: ignore[attr-defined]
    if q:
        rows = queries.filter_by_name(rows, q)
    if area:
        rows = rows.filter(area__path__contains=_path_of(area))
    return page_of(rows, render=group_as_dict, cursor=cursor, limit=limit)


@router.get("/people", response=Page)
@allows(queries.VIEW)
def list_people(
    request: HttpRequest,
    q: str = "",
    area: str = "",
    cursor: str | None = None,
    limit: int = 50,
) -> dict[str, Any]:
    """List people, perhaps of one area, or by name in any spelling."""
    rows = queries.list_people(actor=request.actor)  # type: ignore[attr-defined]
    if q:
        rows = queries.filter_by_name(rows, q)
    if area:
        rows = rows.filter(area__path__contains=_path_of(area))
    return page_of(rows, render=person_as_dict, cursor=cursor, limit=limit)


def _path_of(code: str) -> list[int]:
    from amana.places.models import Area

    found = Area.objects.filter(code=code, valid_to__isnull=True).values_list("pk", flat=True)
    return list(found) or [0]


@router.get("/households/{reference}")
@allows(queries.VIEW)
def get_household(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Give a household (by reference or source:external-id): members, facts and evidence."""
    group = queries.get_group(actor=request.actor, reference=reference)  # type: ignore[attr-defined]
    members = [
        {
            "person": str(row.person.reference),
            "name": row.person.display_name,
            "role": row.role,
            "presence": row.presence,
            "since": row.valid_from.isoformat(),
        }
        for row in queries.list_members(group=group)
    ]
    return {
        **group_as_dict(group),
        "source_keys": queries.list_source_keys(subject=group),
        "members": members,
        "facts": facts_as_list(group),
        "evidence": _evidence(group),
    }


@router.get("/people/{reference}")
@allows(queries.VIEW)
def get_person(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Give a person (by reference or source:external-id): groups, facts and evidence."""
    actor = request.actor  # type: ignore[attr-defined]
    person = queries.get_person(actor=actor, reference=reference)
    groups = [
        {
            "group": str(row.group.reference),
            "role": row.role,
            "presence": row.presence,
            "from": row.valid_from.isoformat(),
            "to": row.valid_to.isoformat() if row.valid_to else None,
        }
        for row in queries.list_memberships(person=person)
    ]
    return {
        **person_as_dict(person),
        "source_keys": queries.list_source_keys(subject=person),
        "groups": groups,
        "facts": facts_as_list(person),
        "evidence": _evidence(person),
    }


@router.post("/households/{reference}/corrections")
@allows("registry.correct_facts")
def correct_household(request: HttpRequest, reference: str, given: CorrectionIn) -> dict[str, Any]:
    """Correct what is known of a household: new evidence, given by the caller."""
    return _correct(request, reference, given)


@router.post("/people/{reference}/corrections")
@allows("registry.correct_facts")
def correct_person(request: HttpRequest, reference: str, given: CorrectionIn) -> dict[str, Any]:
    """Correct what is known of a person: new evidence, given by the caller."""
    return _correct(request, reference, given)


def _correct(request: HttpRequest, reference: str, given: CorrectionIn) -> dict[str, Any]:
    told = commands.correct_facts(
        actor=request.actor,  # type: ignore[attr-defined]
        reference=reference,
        values=given.values,
        reason=given.reason,
        on=given.on,
        at=clock.now(),
    )
    told.refresh_from_db(fields=["reference"])
    return {"submission": str(told.reference)}


@router.post("/households/{reference}/members")
@allows("registry.change_people")
def add_member(request: HttpRequest, reference: str, given: MemberIn) -> dict[str, Any]:
    """Let a person join a household."""
    made = commands.add_member(
        actor=request.actor,  # type: ignore[attr-defined]
        group=reference,
        person=given.person,
        role=given.role,
        presence=given.presence,
        on=given.on,
        at=clock.now(),
        moving=given.moving,
    )
    return {"person": str(made.person.reference), "group": str(made.group.reference)}


@router.post("/households/{reference}/members/leave")
@allows("registry.change_people")
def remove_member(request: HttpRequest, reference: str, given: LeavingIn) -> dict[str, Any]:
    """Let a person leave a household."""
    commands.remove_member(
        actor=request.actor,  # type: ignore[attr-defined]
        group=reference,
        person=given.person,
        on=given.on,
        at=clock.now(),
    )
    return {"person": given.person, "group": reference}


@router.post("/households/{reference}/move")
@allows("registry.change_people")
def move_household(request: HttpRequest, reference: str, given: MoveIn) -> dict[str, Any]:
    """Record that a household lives elsewhere from a day on."""
    moved = commands.move_household(
        actor=request.actor,  # type: ignore[attr-defined]
        group=reference,
        at=clock.now(),
        **given.dict(),
    )
    return group_as_dict(moved)


@router.post("/people/{reference}/death")
@allows("registry.record_death")
def record_death(request: HttpRequest, reference: str, given: DeathIn) -> dict[str, Any]:
    """Record news of a death, or that it was a mistake."""
    told = commands.record_death(
        actor=request.actor,  # type: ignore[attr-defined]
        person=reference,
        at=clock.now(),
        **given.dict(),
    )
    return {"person": str(told.person.reference), "status": told.status}


@router.post("/submissions/{reference}/redact")
@allows("registry.redact")
def redact_submission(request: HttpRequest, reference: str, given: ReasonIn) -> dict[str, Any]:
    """Empty a submission for ever, leaving its hash and the reason."""
    row = commands.redact_submission(
        actor=request.actor,  # type: ignore[attr-defined]
        reference=reference,
        reason=given.reason,
        at=clock.now(),
    )
    return {"submission": str(row.reference), "sha256": bytes(row.sha256).hex()}
