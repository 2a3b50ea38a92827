"""The country as the applied blueprint describes it: its currency, languages and levels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from amana.kernel.errors import NotFound
from amana.places.models import Country, Level


class NoBlueprint(NotFound):
    """No blueprint has been applied to this installation yet."""

    code = "NO_BLUEPRINT"


@dataclass(frozen=True, slots=True)
class CountryFacts:
    """What rooms need to know of the country.

    Args:
        currency: ISO 4217 code; minor_digits: digits of its smallest unit.
        languages: of the blueprint's texts, the first being that of plain texts.
        levels: codes of the levels of areas, from the top.
        unit_kind: the kind of group that is registered (household).
    """

    blueprint: str
    version: str
    title: Mapping[str, str]
    country: str
    currency: str
    minor_digits: int
    languages: Sequence[str]
    unit_kind: str
    calendar: str
    levels: Sequence[str]


def find_country() -> CountryFacts | None:
    """Find the country's facts; None before the first blueprint is applied."""
    row = Country.objects.first()
    if row is None:
        return None
    return CountryFacts(
        blueprint=row.blueprint,
        version=row.version,
        title=row.title,
        country=row.country,
        currency=row.currency,
        minor_digits=row.minor_digits,
        languages=tuple(row.languages),
        unit_kind=row.unit_kind,
        calendar=row.calendar,
        levels=tuple(Level.objects.order_by("depth").values_list("code", flat=True)),
    )


def get_country() -> CountryFacts:
    """Get the country's facts.

    Raises:
        NoBlueprint: none was applied yet.
    """
    found = find_country()
    if found is None:
        raise NoBlueprint(
            "No blueprint has been applied to this installation yet.",
            mend="Run: amana apply blueprints/demo",
        )
    return found
