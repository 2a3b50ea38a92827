"""Runs, enrolments and units by their references."""

from __future__ import annotations

from amana.programmes.errors import EnrolmentNotFound, TargetingRunNotFound
from amana.programmes.models import Enrolment, TargetingRun
from amana.registry.models import Group, Person, SourceKey


def get_targeting_run(reference: str, *, lock: bool = False) -> TargetingRun:
    """Get a targeting run by its public reference.

    Args:
        lock: hold its row until the end of the transaction.

    Raises:
        TargetingRunNotFound: there is none.
    """
    rows = TargetingRun.objects.select_related("run", "programme", "version", "snapshot")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(run__reference=reference.strip().upper()).first()
    if found is None:
        raise TargetingRunNotFound(
            f"There is no targeting run {reference}.", mend="Copy the reference from its page."
        )
    return found


def get_enrolment(reference: str, *, lock: bool = False) -> Enrolment:
    """Get an enrolment by its public reference.

    Raises:
        EnrolmentNotFound: there is none.
    """
    rows = Enrolment.objects.select_related("programme")
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(reference=reference.strip().upper()).first()
    if found is None:
        raise EnrolmentNotFound(
            f"There is no enrolment {reference}.", mend="Copy the reference from its page."
        )
    return found


def find_unit(reference: str) -> Group | Person | None:
    """Find a household or person by public reference or `source:external-id`.

    A person merged into another is answered with the one who stands for them. When a source uses
    one key for a household and a person, the household is meant.
    """
    text = reference.strip()
    if ":" in text:
        source, external = text.split(":", 1)
        keys = SourceKey.objects.filter(source=source, external_id=external)
        key = keys.filter(group__isnull=False).first() or keys.first()
        if key is None:
            return None
        return key.group or _survivor(key.person)
    group = Group.objects.filter(reference=text.upper()).first()
    return group or find_person(text)


def find_person(reference: str) -> Person | None:
    """Find a person by public reference or `source:external-id`, as the one who stands for them."""
    text = reference.strip()
    if ":" in text:
        source, external = text.split(":", 1)
        key = SourceKey.objects.filter(
            source=source, external_id=external, person__isnull=False
        ).first()
        return _survivor(key.person) if key else None
    return _survivor(Person.objects.filter(reference=text.upper()).first())


def _survivor(person: Person | None) -> Person | None:
    while person is not None and person.survivor is not None:
        person = person.survivor
    return person
