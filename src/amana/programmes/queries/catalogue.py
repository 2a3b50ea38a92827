"""Programmes and their versions, by code and day."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

from django.db.models import QuerySet

from amana.access import scope
from amana.kernel.command import Actor
from amana.programmes.definition import Definition, from_json
from amana.programmes.errors import ProgrammeNotFound, VersionNotFound
from amana.programmes.models import Programme, ProgrammeVersion

VIEW = "programmes.view"


def list_programmes(*, actor: Actor) -> QuerySet[Programme]:
    """List the programmes an actor may see, by code."""
    return scope.within_programmes(Programme.objects.order_by("code"), actor, VIEW, field="code")


def get_programme(code: str) -> Programme:
    """Get a programme by its code.

    Raises:
        ProgrammeNotFound: there is none; the nearest code is suggested.
    """
    found = Programme.objects.filter(code=code).first()
    if found is None:
        known = ", ".join(Programme.objects.order_by("code").values_list("code", flat=True)[:20])
        raise ProgrammeNotFound(
            f"There is no programme “{code}”.",
            mend=f"Known: {known}." if known else "Apply a blueprint first: amana apply DIR.",
        )
    return found


def find_version(programme: Programme, on: date) -> ProgrammeVersion | None:
    """Find the version in force on a day: published last among those that have begun.

    None before the first has begun, and from the day on which that version says it ends.
    """
    found = programme.versions.filter(valid_from__lte=on).order_by("-id").first()
    if found is None:
        return None
    ends = definition_of(found).valid_to
    return None if ends is not None and ends <= on else found


def get_version(programme: Programme, on: date) -> ProgrammeVersion:
    """Get the version in force on a day.

    Raises:
        VersionNotFound: no version has begun by then.
    """
    found = find_version(programme, on)
    if found is None:
        raise VersionNotFound(
            f"No version of {programme.code} is in force on {on}.",
            mend="Choose another day, or publish a version whose “from” and “until” include it.",
        )
    return found


def definition_of(version: ProgrammeVersion) -> Definition:
    """Give the definition of a published version; versions never change, so it is kept."""
    return _definition(version.pk, version.sha256)


@lru_cache(maxsize=256)
def _definition(pk: int, sha256: str) -> Definition:
    return from_json(ProgrammeVersion.objects.get(pk=pk).definition)


def currency_of(programme: Programme, on: date) -> str:
    """Give the currency of a programme's amounts on a day."""
    return definition_of(get_version(programme, on)).currency
