"""Where a permission holds: which areas, offices and programmes an actor may act in.

Scope follows the role assignment: no area means the whole country, no programme means all of them.
A thing outside the actor's scope is answered exactly like a thing that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from django.db.models import Model, Q, QuerySet

from amana.access.authority import open_assignments
from amana.access.permissions import PERMISSIONS
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import NotPermitted
from amana.places.models import Area

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Reach:
    """One piece of an actor's scope; None means without limit.

    Args:
        area_id: top area of the piece; everything below it is included.
        programme: code of the one programme.
        office_id: serving office.
    """

    area_id: int | None
    programme: str | None
    office_id: int | None


def reaches(actor: Actor, permission: str) -> tuple[Reach, ...]:
    """Give the pieces of scope in which the actor holds the permission today."""
    return tuple(
        Reach(a.area_id, a.programme or None, a.office_id)
        for a in open_assignments(actor, permission, on=clock.today())
    )


def holds(actor: Actor, permission: str) -> bool:
    """Tell whether the actor holds the permission anywhere (to show or hide a menu item)."""
    return bool(reaches(actor, permission))


def allows(
    actor: Actor, permission: str, *, programme: str | None = None, area_id: int | None = None
) -> bool:
    """Tell whether the permission covers this programme and this area.

    A None subject part is not asked about; a national subject (`area_id` None) is covered by any
    assignment that covers the programme.
    """
    pieces = [
        piece
        for piece in reaches(actor, permission)
        if programme is None or piece.programme is None or piece.programme == programme
    ]
    if area_id is None or any(piece.area_id is None for piece in pieces):
        return bool(pieces)
    path = Area.objects.filter(pk=area_id).values_list("path", flat=True).first() or [area_id]
    return any(piece.area_id in path for piece in pieces)


def require(
    actor: Actor, permission: str, *, programme: str | None = None, area_id: int | None = None
) -> None:
    """Raise `NotPermitted` unless the permission covers this programme and area."""
    if not allows(actor, permission, programme=programme, area_id=area_id):
        title = PERMISSIONS.get(permission, permission)
        raise NotPermitted(
            f"Your roles do not let you do this here: {title[:1].lower()}{title[1:]}.",
            mend="Ask an administrator whose scope includes this area and programme.",
        )


def within_areas(
    rows: QuerySet[M], actor: Actor, permission: str, *, field: str = "area"
) -> QuerySet[M]:
    """Keep the rows whose area lies within the actor's scope; none without the permission.

    Rows without an area are shown to those whose scope is the whole country only.
    """
    pieces = reaches(actor, permission)
    if not pieces:
        return rows.none()
    if any(piece.area_id is None for piece in pieces):
        return rows
    tops = [piece.area_id for piece in pieces if piece.area_id is not None]
    return rows.filter(**{f"{field}__path__overlap": tops})


def within_programmes(
    rows: QuerySet[M], actor: Actor, permission: str, *, field: str = "programme__code"
) -> QuerySet[M]:
    """Keep the rows whose programme lies within the actor's scope."""
    pieces = reaches(actor, permission)
    if not pieces:
        return rows.none()
    if any(piece.programme is None for piece in pieces):
        return rows
    codes = {piece.programme for piece in pieces if piece.programme is not None}
    return rows.filter(Q(**{f"{field}__in": codes}))
