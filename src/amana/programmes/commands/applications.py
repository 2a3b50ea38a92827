"""Applications: somebody asks for one programme, for several, or for all they may get."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from amana.access import scope
from amana.kernel.command import Actor, command, note
from amana.programmes import queries
from amana.programmes.errors import UnitNotFound
from amana.programmes.models import Application
from amana.registry.models import Group

RECORD = "programmes.record_application"


@command(RECORD)
def record_application(
    *,
    actor: Actor,
    reference: str,
    programmes: Sequence[str] = (),
    received_on: date,
    at: datetime,
) -> Application:
    """Record that a household or person applies; the day it was received counts.

    Args:
        reference: of the household or person, or `source:external-id`.
        programmes: codes; none means everything they may be entitled to.

    Raises:
        UnitNotFound: there is no such household or person.
        ProgrammeNotFound: one of the codes is not a programme.
    """
    unit = queries.find_unit(reference)
    if unit is None:
        raise UnitNotFound(
            f"There is nobody with the reference {reference}.", mend="Copy it from their page."
        )
    scope.require(actor, RECORD, area_id=unit.area_id)
    codes = sorted(set(programmes))
    for code in codes:
        queries.get_programme(code)
    application = Application.objects.create(
        group=unit if isinstance(unit, Group) else None,
        person=None if isinstance(unit, Group) else unit,
        programmes=codes,
        received_on=received_on,
        recorded_at=at,
        recorded_by=actor.username,
    )
    note(subject=str(unit.reference), area_id=unit.area_id, programmes=codes)
    return application
