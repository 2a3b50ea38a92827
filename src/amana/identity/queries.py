"""What others read of identity: a person's numbers, and who has a number."""

from __future__ import annotations

from django.db.models import QuerySet

from amana.access import scope
from amana.access.sealing import keyed_hash
from amana.identity.models import DuplicatePair, Identifier, NoIdentifier
from amana.kernel.command import Actor
from amana.registry import queries as registry
from amana.registry.models import Person
from amana.registry.numbers import normalise

VIEW = "identity.view_identifiers"


def list_identifiers(*, actor: Actor, person: Person) -> QuerySet[Identifier]:
    """List the numbers of a person, those verified first; none without the permission here."""
    rows = Identifier.objects.filter(person=person).select_related("scheme")
    if not scope.allows(actor, VIEW, area_id=person.area_id):
        return rows.none()
    return rows.order_by("-status", "scheme__code", "id")


def list_reasons(*, actor: Actor, person: Person) -> QuerySet[NoIdentifier]:
    """List why a person has no number of some schemes."""
    rows = NoIdentifier.objects.filter(person=person).select_related("scheme")
    if not scope.allows(actor, VIEW, area_id=person.area_id):
        return rows.none()
    return rows.order_by("scheme__code")


def find_by_number(*, actor: Actor, scheme: str, number: str) -> list[Person]:
    """Find the people in the actor's areas who claim a number or have it verified."""
    hashed = keyed_hash(normalise(number), scheme)
    keys = Identifier.objects.filter(
        scheme__code=scheme, number_hash=hashed, status__in=["CLAIMED", "VERIFIED"]
    ).values("person_id")
    return list(registry.list_people(actor=actor, permission=VIEW).filter(pk__in=keys))


def list_duplicates(*, actor: Actor) -> QuerySet[DuplicatePair]:
    """List pairs that may be one human and wait for a decision, both in the actor's areas."""
    rows = DuplicatePair.objects.filter(state=DuplicatePair.State.OPEN).select_related(
        "person", "other"
    )
    for field in ("person__area", "other__area"):
        rows = scope.within_areas(rows, actor, "identity.merge", field=field)
    return rows.order_by("id")
