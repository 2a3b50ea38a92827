"""Steps in the life of one enrolment, and the change of who collects."""

from __future__ import annotations

from datetime import date, datetime
from typing import Final

from amana.access import outbox, scope
from amana.kernel.command import Actor, command, note
from amana.places.models import Organisation
from amana.programmes import lifecycle, queries
from amana.programmes.errors import NoticeMissing, RecipientUnfit
from amana.programmes.models import Enrolment, EnrolmentMove, Recipient
from amana.registry.models import Person

CHANGE: Final = "programmes.change_enrolment"
CHANGE_RECIPIENT: Final = "programmes.change_recipient"


@command(CHANGE)
def suspend_enrolment(
    *,
    actor: Actor,
    enrolment: str,
    reason: str,
    notice: str,
    notice_on: date,
    on: date,
    at: datetime,
) -> Enrolment:
    """Hold an enrolment for a time; nothing is paid for it until it is reinstated.

    Args:
        reason: code of the reason, UPPER_SNAKE.
        notice: what the people were told; kept with the move.
        notice_on: the day they were told, not after `on`.

    Raises:
        NoticeMissing: nobody was told before it takes effect.
        MoveNotAllowed: it is not active.
    """
    _require_notice(notice, notice_on, on)
    return _move(actor, enrolment, "SUSPENDED", reason, notice, notice_on, on, at)


@command(CHANGE)
def reinstate_enrolment(
    *, actor: Actor, enrolment: str, reason: str, words: str, on: date, at: datetime
) -> Enrolment:
    """Let a suspended (or pending, or stand-by) enrolment be paid again from a day on.

    Raises:
        MoveNotAllowed: it is active already, or closed.
    """
    return _move(actor, enrolment, "ACTIVE", reason, words, None, on, at)


@command(CHANGE)
def exit_enrolment(
    *,
    actor: Actor,
    enrolment: str,
    reason: str,
    notice: str,
    notice_on: date,
    on: date,
    at: datetime,
) -> Enrolment:
    """Close an enrolment for ever; its recipient ends with it, and its place is free.

    Raises:
        NoticeMissing: nobody was told before it takes effect.
        MoveNotAllowed: it is closed already.
    """
    _require_notice(notice, notice_on, on)
    found = _move(actor, enrolment, "EXITED", reason, notice, notice_on, on, at)
    _end_recipient(found, on)
    return found


@command(CHANGE_RECIPIENT)
def change_recipient(
    *,
    actor: Actor,
    enrolment: str,
    relation: str,
    person: str | None = None,
    organisation: str | None = None,
    proof: str,
    on: date,
    at: datetime,
) -> Recipient:
    """Let somebody else collect for an enrolment from a day on; the one before ends that day.

    Args:
        relation: code of `RecipientRelation`.
        person: reference or `source:external-id` of the person; or
        organisation: code of the organisation. Exactly one of the two.
        proof: what was shown: a guardian's letter, a court's order, the beneficiary's word.

    Raises:
        RecipientUnfit: nobody or two are named, they are dead, or no proof is given.
    """
    found = _lock(actor, enrolment, CHANGE_RECIPIENT)
    if (person is None) == (organisation is None):
        raise RecipientUnfit(
            "Name one person or one organisation.", mend="Fill in exactly one of the two."
        )
    if relation not in Recipient.Relation.values:
        raise RecipientUnfit(
            f"“{relation}” is not a relation.",
            mend=f"Choose one of {', '.join(Recipient.Relation.values)}.",
        )
    if relation != Recipient.Relation.SELF and not proof.strip():
        raise RecipientUnfit(
            "There is no proof that they may collect.",
            mend="Write what was shown: a guardian's letter, a court's order.",
        )
    who = _payee(person)
    body = None
    if organisation is not None:
        body = Organisation.objects.filter(code=organisation).first()
        if body is None:
            raise RecipientUnfit(f"There is no organisation “{organisation}”.")
    if found.state == Enrolment.State.EXITED:
        lifecycle.require_move("EXITED", "ACTIVE")
    _end_recipient(found, on)
    note(subject=str(found.reference), programme=found.programme.code, area_id=found.area_id)
    return Recipient.objects.create(
        enrolment=found,
        person=who,
        organisation=body,
        relation=relation,
        valid_from=on,
        proof=proof.strip(),
        recorded_at=at,
        recorded_by=actor.username,
    )


def _end_recipient(enrolment: Enrolment, on: date) -> None:
    recipient = Recipient.objects.filter(enrolment=enrolment, valid_to__isnull=True).first()
    if recipient is not None:
        recipient.valid_to = max(on, recipient.valid_from)
        recipient.save(update_fields=["valid_to"])


def _payee(reference: str | None) -> Person | None:
    if reference is None:
        return None
    person = queries.find_person(reference)
    if person is None:
        raise RecipientUnfit(
            f"There is no person {reference}.", mend="Copy the reference from their page."
        )
    if person.death_status == Person.DeathStatus.VERIFIED:
        raise RecipientUnfit("This person has died.", mend="Choose somebody else.")
    return person


def _require_notice(notice: str, notice_on: date, on: date) -> None:
    if not notice.strip():
        raise NoticeMissing(
            "Nobody has been told.", mend="Write the notice that was given, in its own words."
        )
    if notice_on > on:
        raise NoticeMissing(
            f"The notice of {notice_on} comes after the day it takes effect, {on}.",
            mend="Give notice first, or let it take effect later.",
        )


def _lock(actor: Actor, reference: str, permission: str) -> Enrolment:
    found = queries.get_enrolment(reference, lock=True)
    scope.require(actor, permission, programme=found.programme.code, area_id=found.area_id)
    return found


def _move(
    actor: Actor,
    reference: str,
    after: str,
    reason: str,
    words: str,
    notice_on: date | None,
    on: date,
    at: datetime,
) -> Enrolment:
    found = _lock(actor, reference, CHANGE)
    before = found.state
    lifecycle.require_move(before, after)
    found.state = after
    found.since = on
    found.reason = reason
    if after == Enrolment.State.EXITED:
        found.exited_on = on
    if after == Enrolment.State.ACTIVE and found.active_from is None:
        found.active_from = on
    found.save(update_fields=["state", "since", "reason", "exited_on", "active_from"])
    EnrolmentMove.objects.create(
        enrolment=found,
        before=before,
        after=after,
        on=on,
        at=at,
        reason=reason,
        note=words.strip(),
        notice_on=notice_on,
        username=actor.username,
    )
    note(
        subject=str(found.reference),
        programme=found.programme.code,
        area_id=found.area_id,
        before=before,
        after=after,
        reason=reason,
    )
    outbox.announce(
        "programmes.EnrolmentMoved",
        {"enrolment": str(found.reference), "before": before, "after": after, "reason": reason},
    )
    return found
