"""Enrolments, runs and applications as lists, within the actor's programmes and areas."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count, Q, QuerySet

from amana.access import scope
from amana.kernel.command import Actor
from amana.places.models import Area
from amana.programmes.errors import EnrolmentNotFound, ProgrammeNotFound, TargetingRunNotFound
from amana.programmes.models import (
    Application,
    Enrolment,
    Programme,
    ProgrammeVersion,
    TargetingRun,
)
from amana.programmes.queries.catalogue import VIEW, get_programme, list_programmes
from amana.programmes.queries.results import VIEW as VIEW_DECISIONS
from amana.programmes.queries.units import get_enrolment, get_targeting_run
from amana.registry.models import Group, Person

OPEN = ("PENDING", "WAITLISTED", "STAND_BY", "ACTIVE", "SUSPENDED")


@dataclass(frozen=True, slots=True)
class AreaEnrolments:
    """Open enrolments of a programme in one area of a level, and the places there, if counted."""

    name: str
    code: str
    active: int
    suspended: int
    places: int | None = None


def list_with_counts(*, actor: Actor) -> QuerySet[Programme]:
    """List programmes with `active_count`, the enrolments that are active now."""
    return list_programmes(actor=actor).annotate(
        active_count=Count("enrolments", filter=Q(enrolments__state="ACTIVE"))
    )


def get_programme_for(*, actor: Actor, code: str) -> Programme:
    """Get a programme the actor may see.

    Raises:
        ProgrammeNotFound: there is none within the actor's scope.
    """
    found = get_programme(code)
    if not scope.allows(actor, VIEW, programme=found.code):
        raise ProgrammeNotFound(
            f"There is no programme “{code}” in your scope.",
            mend="Ask an administrator for a role that includes it.",
        )
    return found


def list_runs(*, actor: Actor) -> QuerySet[TargetingRun]:
    """List targeting runs of the actor's programmes, the latest first."""
    rows = TargetingRun.objects.select_related("run", "programme", "version", "snapshot")
    return scope.within_programmes(rows.order_by("-id"), actor, VIEW)


def get_run_for(*, actor: Actor, reference: str) -> TargetingRun:
    """Get a targeting run of the actor's programmes.

    Raises:
        TargetingRunNotFound: there is none within the actor's scope.
    """
    found = get_targeting_run(reference)
    if not scope.allows(actor, VIEW, programme=found.programme.code):
        raise TargetingRunNotFound(
            f"There is no targeting run {reference} in your scope.",
            mend="Copy the reference from its page.",
        )
    return found


def list_enrolments(*, actor: Actor, permission: str = VIEW_DECISIONS) -> QuerySet[Enrolment]:
    """List enrolments within the actor's programmes and areas."""
    rows = Enrolment.objects.select_related("programme", "group", "person", "area")
    return scope.within_areas(scope.within_programmes(rows, actor, permission), actor, permission)


def get_enrolment_for(*, actor: Actor, reference: str) -> Enrolment:
    """Get an enrolment within the actor's programmes and areas.

    Raises:
        EnrolmentNotFound: there is none there.
    """
    found = get_enrolment(reference)
    if not scope.allows(
        actor, VIEW_DECISIONS, programme=found.programme.code, area_id=found.area_id
    ):
        raise EnrolmentNotFound(
            f"There is no enrolment {reference} in your areas.",
            mend="Copy the reference from its page.",
        )
    return found


def list_open_of(unit: Group | Person) -> QuerySet[Enrolment]:
    """List the open enrolments of a household or person, and of a household's members."""
    rows = Enrolment.objects.exclude(state="EXITED").select_related("programme", "group", "person")
    if isinstance(unit, Person):
        return rows.filter(Q(person=unit) | Q(person__survivor=unit)).order_by("id")
    members = Q(
        person__memberships__group=unit,
        person__memberships__valid_to__isnull=True,
        person__memberships__presence__in=["USUAL", "PART"],
    )
    return rows.filter(Q(group=unit) | members).order_by("id").distinct()


def list_applications(unit: Group | Person, programme: Programme) -> QuerySet[Application]:
    """List a unit's applications for a programme, or for everything, that wait for a decision."""
    rows = Application.objects.filter(
        Q(programmes=[]) | Q(programmes__contains=[programme.code]),
        state=Application.State.RECEIVED,
    )
    rows = rows.filter(group=unit) if isinstance(unit, Group) else rows.filter(person=unit)
    return rows.order_by("received_on", "id")


def count_by_area(
    programme: Programme,
    *,
    actor: Actor,
    level: str,
    version: ProgrammeVersion | None = None,
    year: int = 0,
) -> list[AreaEnrolments]:
    """Count open enrolments of a programme by the areas of a level, within the actor's scope.

    Args:
        version: when its places are by this level, they are given too, those of `year`.
    """
    quotas: dict[int | None, int] = {}
    if version is not None:
        rows = version.quotas.filter(year__in=(0, year), area__level__code=level).order_by("year")
        quotas = {row.area_id: row.places for row in rows}
    counted = (
        list_enrolments(actor=actor, permission=VIEW)
        .filter(programme=programme, state__in=OPEN)
        .order_by()
        .values("area__path", "state")
        .annotate(n=Count("id"))
    )
    areas = {area.pk: area for area in Area.objects.filter(level__code=level)}
    found: dict[int | None, dict[str, int]] = {}
    for row in counted:
        path = row["area__path"] or []
        top = next((pk for pk in path if pk in areas), None)
        counts = found.setdefault(top, {"ACTIVE": 0, "SUSPENDED": 0})
        counts[row["state"]] = counts.get(row["state"], 0) + row["n"]
    listed = [
        AreaEnrolments(
            areas[top].name if top is not None else "",
            areas[top].code if top is not None else "",
            counts["ACTIVE"],
            counts["SUSPENDED"],
            quotas.get(top, 0) if quotas else None,
        )
        for top, counts in found.items()
    ]
    return sorted(listed, key=lambda row: (row.code == "", row.name))


def get_unit_for(*, actor: Actor, programme: Programme, reference: str) -> Group | Person:
    """Get the unit of a programme that a reference means, within the actor's scope.

    Raises:
        UnitNotFound: nobody has it, or not within the scope.
    """
    from amana.programmes.queries.explaining import require_view, unit_for

    unit = unit_for(programme, reference)
    require_view(actor, programme, unit)
    return unit
