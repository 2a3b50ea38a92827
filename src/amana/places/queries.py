"""What others read of places; what lies within an actor's scope is `access.territory`."""

from __future__ import annotations

from amana.places.models import Area, Country, Level


def find_country() -> Country | None:
    """Find what the applied blueprint says of the country, or None before the first."""
    return Country.objects.first()


def list_levels() -> list[Level]:
    """List the levels of areas, from the top."""
    return list(Level.objects.order_by("depth"))


def list_ancestors(area: Area) -> list[Area]:
    """List the areas above one, from the top, without itself."""
    above = Area.objects.in_bulk([key for key in area.path if key != area.pk])
    return [above[key] for key in area.path if key in above]
