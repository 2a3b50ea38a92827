"""Identity numbers, and two records of one human, over the API."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Router, Schema

from amana.access.sealing import decrypt_text
from amana.api.access import allows
from amana.identity import commands
from amana.identity.queries import list_identifiers
from amana.kernel import clock
from amana.registry import queries as registry

router = Router(tags=["Identity"])


class NumberIn(Schema):
    """A number that a person claims."""

    scheme: str
    number: str
    issuer: str = ""
    on: date


class HowIn(Schema):
    """How a number was verified, or why it was rejected."""

    words: str


class MergeIn(Schema):
    """Two records of one human: the loser points to the survivor from now on."""

    loser: str
    survivor: str
    reason: str
    on: date


class UnmergeIn(Schema):
    """The record that speaks for itself again."""

    loser: str
    on: date


@router.get("/people/{reference}/identifiers", response=list[dict[str, Any]])
@allows("identity.view_identifiers")
def identifiers(request: HttpRequest, reference: str) -> list[dict[str, Any]]:
    """List a person's identity numbers."""
    actor = request.actor  # type: ignore[attr-defined]
    person = registry.get_person(actor=actor, reference=reference)
    return [
        {
            "id": row.pk,
            "scheme": row.scheme.code,
            "issuer": row.issuer,
            "number": decrypt_text(row.number),
            "status": row.status,
            "verified_by": row.verified_by,
            "valid_from": row.valid_from.isoformat() if row.valid_from else None,
            "valid_to": row.valid_to.isoformat() if row.valid_to else None,
        }
        for row in list_identifiers(actor=actor, person=person)
    ]


@router.post("/people/{reference}/identifiers")
@allows("identity.verify")
def claim_number(request: HttpRequest, reference: str, given: NumberIn) -> dict[str, Any]:
    """Record a number that a person claims."""
    row = commands.claim_number(
        actor=request.actor,  # type: ignore[attr-defined]
        person=reference,
        at=clock.now(),
        **given.dict(),
    )
    return {"id": row.pk, "status": row.status}


@router.post("/identifiers/{identifier_id}/verify")
@allows("identity.verify")
def verify_number(request: HttpRequest, identifier_id: int, given: HowIn) -> dict[str, Any]:
    """Mark a number as verified."""
    commands.verify_number(
        actor=request.actor,  # type: ignore[attr-defined]
        identifier_id=identifier_id,
        verified_by=given.words,
        at=clock.now(),
    )
    return {"id": identifier_id, "status": "VERIFIED"}


@router.post("/identifiers/{identifier_id}/reject")
@allows("identity.verify")
def reject_number(request: HttpRequest, identifier_id: int, given: HowIn) -> dict[str, Any]:
    """Mark a number as not this person's."""
    commands.reject_number(
        actor=request.actor,  # type: ignore[attr-defined]
        identifier_id=identifier_id,
        reason=given.words,
        at=clock.now(),
    )
    return {"id": identifier_id, "status": "REJECTED"}


@router.post("/people/merge")
@allows("identity.merge")
def merge_people(request: HttpRequest, given: MergeIn) -> dict[str, Any]:
    """Make one human of two records; nothing is destroyed."""
    row = commands.merge_people(
        actor=request.actor,  # type: ignore[attr-defined]
        at=clock.now(),
        **given.dict(),
    )
    return {"survivor": str(row.survivor.reference), "loser": str(row.loser.reference)}


@router.post("/people/unmerge")
@allows("identity.merge")
def unmerge_person(request: HttpRequest, given: UnmergeIn) -> dict[str, Any]:
    """Undo a merge."""
    row = commands.unmerge_person(
        actor=request.actor,  # type: ignore[attr-defined]
        at=clock.now(),
        **given.dict(),
    )
    return {"person": str(row.reference)}
