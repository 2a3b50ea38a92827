"""Changing people and households one at a time: members, moves, deaths, merges."""

from __future__ import annotations

from datetime import date, datetime

from django.db.models import Count, Q

from amana.access import outbox, scope
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import BadInput, Conflict, Where
from amana.kernel.references import decode_reference
from amana.kernel.text_source import nearest, some
from amana.places.models import Area
from amana.registry import queries
from amana.registry.live_dictionary import get_dictionary
from amana.registry.models import Death, Group, Membership, Person, Residence, SourceKey

CHANGE = "registry.change_people"


class AlreadyMember(Conflict):
    """The person is in this group already."""

    code = "ALREADY_MEMBER"


class UsualElsewhere(Conflict):
    """The person is a usual member of another household."""

    code = "USUAL_ELSEWHERE"


class NotMember(Conflict):
    """The person is not in this group."""

    code = "NOT_MEMBER"


class AreaNotHere(BadInput):
    """The area does not exist, or not on that day."""

    code = "AREA_UNKNOWN"


class DeathContradicts(Conflict):
    """What is known of this death does not allow the news."""

    code = "DEATH_CONTRADICTS"


@command(CHANGE)
def add_member(
    *,
    actor: Actor,
    group: str,
    person: str,
    role: str,
    presence: str,
    on: date,
    at: datetime,
    moving: bool = False,
) -> Membership:
    """Let a person join a group from a day on.

    Args:
        group, person: references or `source:external-id`.
        role: code of the core list `role`.
        presence: USUAL, ABSENT, PART or VISITOR.
        moving: end a usual membership elsewhere on the same day; without it that is refused.

    Raises:
        AlreadyMember, UsualElsewhere, BadInput: told with the way out.
    """
    home = queries.get_group(actor=actor, reference=group)
    who = Person.objects.select_for_update().get(
        pk=queries.get_person(actor=actor, reference=person).pk
    )
    scope.require(actor, CHANGE, area_id=home.area_id)
    _check_words(role, presence)
    if Membership.objects.filter(group=home, person=who, valid_to__isnull=True).exists():
        raise AlreadyMember(
            f"{who.reference} is in {home.reference} already.",
            mend="Remove the membership first to change role or presence.",
        )
    if presence == Membership.Presence.USUAL:
        elsewhere = Membership.objects.filter(
            person=who, presence=Membership.Presence.USUAL, valid_to__isnull=True
        ).select_related("group")
        for membership in elsewhere:
            if not moving:
                raise UsualElsewhere(
                    f"{who.reference} is a usual member of {membership.group.reference}.",
                    mend="Say that the person moves, or choose PART, ABSENT or VISITOR.",
                )
            _end(membership, on=on, at=at)
    made = Membership.objects.create(
        person=who, group=home, role=role, presence=presence, valid_from=on, recorded_at=at
    )
    _settle(who)
    note(subject=str(home.reference), area_id=home.area_id, person=str(who.reference))
    return made


@command(CHANGE)
def remove_member(*, actor: Actor, group: str, person: str, on: date, at: datetime) -> None:
    """Let a person leave a group on a day; they stay in the registry."""
    home = queries.get_group(actor=actor, reference=group)
    who = queries.get_person(actor=actor, reference=person)
    scope.require(actor, CHANGE, area_id=home.area_id)
    membership = (
        Membership.objects.select_for_update()
        .filter(group=home, person=who, valid_to__isnull=True)
        .first()
    )
    if membership is None:
        raise NotMember(f"{who.reference} is not in {home.reference}.", mend="Check both.")
    _end(membership, on=on, at=at)
    _settle(who)
    note(subject=str(home.reference), area_id=home.area_id, person=str(who.reference))


@command(CHANGE)
def move_household(
    *,
    actor: Actor,
    group: str,
    area: str,
    on: date,
    at: datetime,
    kind: str = "FIXED",
    address: str = "",
    landmark: str = "",
) -> Group:
    """Record that a household lives in another area from a day on, its usual members with it.

    The actor's scope must cover both areas: work moves with the family.

    Args:
        area: code of the area, valid on `on`.
        kind: FIXED, MOVING or NONE.
    """
    found = queries.get_group(actor=actor, reference=group)
    home = Group.objects.select_for_update().get(pk=found.pk)
    there = _get_area(area, on)
    for area_id in {home.area_id, there.pk}:
        scope.require(actor, CHANGE, area_id=area_id)
    if kind not in Residence.Kind.values:
        raise BadInput(f"“{kind}” is not a kind of residence.", mend=some(Residence.Kind.values))
    open_one = Residence.objects.filter(group=home, valid_to__isnull=True).first()
    if open_one is not None:
        if open_one.valid_from > on:
            raise Conflict(
                f"The household moved on {open_one.valid_from} already.",
                mend="Give a later day.",
            )
        open_one.valid_to = on
        open_one.save(update_fields=["valid_to"])
    elif home.area_id is not None:
        Residence.objects.create(
            group=home,
            area_id=home.area_id,
            valid_from=min(home.facts_on or on, on),
            valid_to=on,
            recorded_at=at,
            submission_id=home.submission_id,
        )
    Residence.objects.create(
        group=home,
        kind=kind,
        area=there,
        address=address[:300],
        landmark=landmark[:200],
        valid_from=on,
        recorded_at=at,
    )
    before = home.area_id
    home.area = there
    home.save(update_fields=["area"])
    moved = Person.objects.filter(group=home).update(area=there)
    outbox.announce(
        "registry.HouseholdMoved",
        {"group": str(home.reference), "from": before, "to": there.pk, "on": str(on)},
    )
    note(subject=str(home.reference), area_id=there.pk, from_area=before, people=moved)
    return home


@command("registry.record_death")
def record_death(
    *,
    actor: Actor,
    person: str,
    status: str,
    died_on: date | None,
    on: date,
    at: datetime,
) -> Death:
    """Record news of a death: REPORTED holds payments, VERIFIED exits, MISTAKEN reinstates.

    Args:
        status: REPORTED, VERIFIED or MISTAKEN.
        died_on: the day of death, when it is known.
        on: the day the news came.

    Raises:
        DeathContradicts: MISTAKEN without news of a death; REPORTED once it is verified.
        BadInput: a death in the future, or before the person was born.
    """
    who = Person.objects.select_for_update().get(
        pk=queries.get_person(actor=actor, reference=person).pk
    )
    scope.require(actor, "registry.record_death", area_id=who.area_id)
    if status not in Death.Status.values:
        raise BadInput(f"“{status}” is not news of a death.", mend=some(Death.Status.values))
    if died_on is not None and died_on > on:
        raise BadInput("The day of death lies in the future.", mend=f"Give a day up to {on}.")
    if died_on is not None and who.birth_earliest is not None and died_on < who.birth_earliest:
        raise BadInput(
            "The day of death is before the birth.", mend="Check both dates with the family."
        )
    if status == Death.Status.MISTAKEN and not who.death_status:
        raise DeathContradicts("No death is recorded of this person.", mend="Check the reference.")
    if status == Death.Status.REPORTED and who.death_status == Person.DeathStatus.VERIFIED:
        raise DeathContradicts("This death is verified already.", mend="Nothing is left to do.")
    death = Death.objects.create(
        person=who, status=status, died_on=died_on, reported_on=on, recorded_at=at
    )
    who.death_status = "" if status == Death.Status.MISTAKEN else status
    who.save(update_fields=["death_status"])
    outbox.announce(
        "registry.DeathRecorded",
        {
            "person": str(who.reference),
            "status": status,
            "died_on": None if died_on is None else str(died_on),
        },
    )
    note(subject=str(who.reference), area_id=who.area_id, status=status)
    return death


@command("identity.merge")  # part of that act; identity declares it
def point_to_survivor(
    *, actor: Actor, loser: Person, survivor: Person, on: date, at: datetime
) -> None:
    """Let one record speak for two: the loser's open memberships end, its row points away.

    Rows merged into the loser before point to the new survivor too, so that one step always finds
    who speaks for a human.
    """
    locked = {
        row.pk: row
        for row in Person.objects.select_for_update()
        .filter(pk__in=[loser.pk, survivor.pk])
        .order_by("pk")
    }
    if any(row.survivor_id is not None for row in locked.values()):
        raise Conflict("One of the two was merged meanwhile.", mend="Look again.")
    for membership in Membership.objects.filter(person=loser, valid_to__isnull=True):
        _end(membership, on=max(on, membership.valid_from), at=at)
    Person.objects.filter(Q(pk=loser.pk) | Q(survivor=loser)).update(survivor=survivor)
    Person.objects.filter(pk=loser.pk).update(group=None)
    outbox.announce(
        "registry.PersonMerged",
        {"loser": str(loser.reference), "survivor": str(survivor.reference)},
    )
    note(subject=str(survivor.reference), area_id=survivor.area_id, loser=str(loser.reference))


@command("identity.merge")  # part of that act; identity declares it
def release_from_survivor(
    *, actor: Actor, loser: Person, merged_at: datetime, on: date, at: datetime
) -> None:
    """Let a merged record speak for itself again, in the groups the merge took it out of."""
    Person.objects.filter(pk=loser.pk).update(survivor=None)
    ended = Membership.objects.filter(person=loser, ended_at=merged_at)
    for membership in ended:
        Membership.objects.create(
            person=loser,
            group_id=membership.group_id,
            role=membership.role,
            presence=membership.presence,
            valid_from=on,
            recorded_at=at,
        )
    loser.refresh_from_db()
    _settle(loser)
    note(subject=str(loser.reference), area_id=loser.area_id, groups=len(ended))


def find_row(*, reference: str) -> Person | None:
    """Find the very row a reference or source key names, even when another speaks for it."""
    if ":" in reference:
        source, _, external_id = reference.partition(":")
        key = SourceKey.objects.filter(
            source=source.strip(), external_id=external_id.strip(), person__isnull=False
        ).first()
        return None if key is None else key.person
    _, key_number = decode_reference(reference, prefix="PN")
    return Person.objects.filter(pk=key_number).first()


def _end(membership: Membership, *, on: date, at: datetime) -> None:
    if on < membership.valid_from:
        raise BadInput(
            f"The membership began on {membership.valid_from}, after {on}.",
            mend="Give a day on or after its beginning.",
        )
    membership.valid_to, membership.ended_at = on, at
    membership.save(update_fields=["valid_to", "ended_at"])
    _count_usual(membership.group_id)


def _settle(person: Person) -> None:
    """Bring the fast path of a person, and the counts of their groups, to their memberships."""
    usual = (
        Membership.objects.filter(
            person=person, presence=Membership.Presence.USUAL, valid_to__isnull=True
        )
        .select_related("group")
        .first()
    )
    person.group = usual.group if usual else None
    if usual is not None and usual.group.area_id is not None:
        person.area_id = usual.group.area_id
    person.save(update_fields=["group", "area"])
    for group_id in Membership.objects.filter(person=person).values_list("group_id", flat=True):
        _count_usual(group_id)


def _count_usual(group_id: int) -> None:
    count = Membership.objects.filter(
        group_id=group_id, presence=Membership.Presence.USUAL, valid_to__isnull=True
    ).aggregate(n=Count("pk"))["n"]
    Group.objects.filter(pk=group_id).update(usual_count=count)


def _get_area(code: str, on: date) -> Area:
    found = (
        Area.objects.filter(Q(valid_to__isnull=True) | Q(valid_to__gt=on), code=code)
        .filter(valid_from__lte=on)
        .first()
    )
    if found is None:
        raise AreaNotHere(
            f"There is no area “{code}” on {on}.",
            where=Where(field="area"),
            mend="Use a code of areas.csv that is valid on that day.",
        )
    return found


def _check_words(role: str, presence: str) -> None:
    lists = get_dictionary().code_lists
    for name, word in (("role", role), ("presence", presence)):
        known = list(lists[name].codes)
        if word not in known:
            raise BadInput(
                f"“{word}” is not a code of {name}.",
                where=Where(field=name),
                mend=nearest(word, known) or f"Codes: {some(known)}.",
            )
