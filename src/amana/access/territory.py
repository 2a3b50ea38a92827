"""Areas, organisations and offices as far as an actor's scope goes.

Places stand below access and know no actors, so the scoped reads of them are here.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Count, Q, QuerySet

from amana.access import scope
from amana.kernel.command import Actor
from amana.kernel.errors import NotFound
from amana.places.models import Area, Office, Organisation
from amana.places.queries import list_levels

VIEW = "places.view_areas"


def list_areas(*, actor: Actor, permission: str = VIEW) -> QuerySet[Area]:
    """List the areas of today within the actor's scope for a permission."""
    pieces = scope.reaches(actor, permission)
    rows = Area.objects.filter(valid_to__isnull=True).select_related("level")
    if not pieces:
        return rows.none()
    if any(piece.area_id is None for piece in pieces):
        return rows
    tops = [piece.area_id for piece in pieces if piece.area_id is not None]
    return rows.filter(path__overlap=tops)


def list_top_areas(*, actor: Actor) -> QuerySet[Area]:
    """List where the actor's part of the tree begins: the top of the country, or of each scope."""
    pieces = scope.reaches(actor, VIEW)
    rows = _with_children(list_areas(actor=actor))
    if any(piece.area_id is None for piece in pieces):
        return rows.filter(parent__isnull=True)
    return rows.filter(pk__in=[piece.area_id for piece in pieces])


def list_children(*, actor: Actor, area: Area) -> QuerySet[Area]:
    """List the areas directly below one."""
    return _with_children(list_areas(actor=actor)).filter(parent=area)


def _with_children(rows: QuerySet[Area]) -> QuerySet[Area]:
    counted = Count("children", filter=Q(children__valid_to__isnull=True))
    return rows.annotate(child_count=counted).order_by("name")


def get_area(*, actor: Actor, code: str) -> Area:
    """Get an area of today by its code.

    Raises:
        NotFound: there is none within the actor's scope.
    """
    area = list_areas(actor=actor).select_related("parent").filter(code=code).first()
    if area is None:
        raise NotFound(f"There is no area with the code {code}.", mend="See the tree of areas.")
    return area


def list_filter_areas(
    *, actor: Actor, permission: str, selected: str = "", limit: int = 200
) -> list[tuple[str, str]]:
    """List (code, name) of areas to choose from above a list: the upper levels of the scope.

    As many whole levels as fit into `limit`, at least one, indented by level; an area of a deeper
    level is added when it is the one selected.
    """
    rows = list_areas(actor=actor, permission=permission)
    chosen: list[Area] = []
    for level in list_levels():
        found = list(rows.filter(level=level)[: limit + 1])
        if chosen and len(chosen) + len(found) > limit:
            break
        chosen.extend(found[:limit])
    if selected and all(area.code != selected for area in chosen):
        chosen.extend(rows.filter(code=selected)[:1])
    return [(area.code, name) for area, name in _in_tree_order(chosen)]


def _in_tree_order(areas: Sequence[Area]) -> list[tuple[Area, str]]:
    names = {area.pk: area.name for area in areas}
    keyed = sorted(areas, key=lambda area: [names.get(key, "") for key in area.path])
    tops = min((len(area.path) for area in keyed), default=1)
    return [(area, "\u2003" * (len(area.path) - tops) + area.name) for area in keyed]


def list_organisations(*, actor: Actor) -> QuerySet[Organisation]:
    """List organisations with the number of their offices."""
    rows = Organisation.objects.select_related("area").annotate(office_count=Count("offices"))
    return rows if scope.holds(actor, VIEW) else rows.none()


def list_offices(*, actor: Actor) -> QuerySet[Office]:
    """List the offices that serve the actor's areas."""
    rows = Office.objects.select_related("organisation", "area")
    return scope.within_areas(rows, actor, VIEW)
