"""Holding and releasing payments of a payroll that nobody has approved yet."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from amana.access import scope
from amana.kernel.command import Actor, command, note
from amana.payments import moving, queries
from amana.payments.errors import (
    PaymentNotHeld,
    PayrollNotPrepared,
    ReasonMissing,
    StillHeld,
)
from amana.payments.holds import MENDS
from amana.payments.models import HoldReason, Payment, Payroll
from amana.places.bulk import cursor
from amana.programmes import queries as programmes

HOLD: Final = "payments.hold_payment"


@command(HOLD)
def hold_payment(*, actor: Actor, payment: str, reason: str, at: datetime) -> Payment:
    """Keep one payment back, with a reason; the payroll goes on without it.

    Raises:
        PayrollNotPrepared: its payroll is approved or discarded.
        PaymentNotHeld: it is held already, or cancelled.
        ReasonMissing: no reason is given.
    """
    found = _open_payment(actor, payment)
    _require_reason(reason)
    if found.state != Payment.State.PREPARED:
        raise PaymentNotHeld(f"{found.reference} is {found.state.lower()}.", mend="Look again.")
    _move(found, "HELD", HoldReason.BY_HAND, reason, actor, at)
    return found


@command(HOLD)
def release_held(*, actor: Actor, payment: str, reason: str, at: datetime) -> Payment:
    """Let a held payment go with its payroll, when what it was held for is mended.

    A payment without account takes the payee's account of today; one held by hand, or because of a
    late answer of the provider, goes on the word of the actor, whose reason is kept.

    Raises:
        StillHeld: the death is still reported, there is still no account, …
        PayrollNotPrepared: its payroll is approved or discarded; prepare a supplementary one.
    """
    found = _open_payment(actor, payment)
    _require_reason(reason)
    if found.state != Payment.State.HELD:
        raise PaymentNotHeld(f"{found.reference} is not held.", mend="Look again.")
    _mend(found)
    _move(found, "PREPARED", HoldReason.NONE, reason, actor, at)
    return found


def _open_payment(actor: Actor, reference: str) -> Payment:
    found = queries.get_payment(actor=actor, reference=reference, permission=HOLD)
    payroll = Payroll.objects.select_for_update().get(pk=found.payroll_id)
    found = Payment.objects.select_for_update().get(pk=found.pk)
    scope.require(actor, HOLD, programme=payroll.programme.code, area_id=found.area_id)
    note(subject=str(found.reference), programme=payroll.programme.code, area_id=found.area_id)
    if payroll.state != Payroll.State.PREPARED:
        raise PayrollNotPrepared(
            f"{payroll.reference} is frozen: its payments neither stop nor start.",
            mend=f"What it holds back is carried by a supplementary payroll: "
            f"amana payroll retry {payroll.reference}.",
        )
    return found


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise ReasonMissing("No reason is given.", mend="Write why, for those who ask later.")


def _mend(payment: Payment) -> None:
    """Look again at what the payment is held for; fill in an account that is known by now."""
    channels = list(programmes.definition_of(payment.payroll.version).channels)
    with cursor() as cur:
        cur.execute(
            """
            SELECT bool_or(e.state = 'SUSPENDED'
                           OR COALESCE(e.exited_on <= t.covers_from, false)),
                   bool_or(COALESCE(u.death_status, '') <> ''),
                   min(r.person_id), min(r.organisation_id)
            FROM payments_paymentline l
            JOIN payments_entitlement t ON t.id = l.entitlement_id
            JOIN programmes_enrolment e ON e.id = t.enrolment_id
            LEFT JOIN registry_person w ON w.id = e.person_id
            LEFT JOIN registry_person u ON u.id = COALESCE(w.survivor_id, w.id)
            LEFT JOIN programmes_recipient r ON r.enrolment_id = e.id AND r.valid_to IS NULL
            WHERE l.payment_id = %s AND l.live
            """,
            [payment.pk],
        )
        suspended, unit_dead, person_id, organisation_id = cur.fetchone()
        if payment.payee_person_id is None and payment.payee_organisation_id is None:
            payment.payee_person_id = person_id
            payment.payee_organisation_id = organisation_id
        if payment.payee_person_id is not None:
            cur.execute(
                "SELECT COALESCE(s.id, p.id), COALESCE(s.display_name, p.display_name),"
                " COALESCE(s.death_status, p.death_status)"
                " FROM registry_person p LEFT JOIN registry_person s ON s.id = p.survivor_id"
                " WHERE p.id = %s",
                [payment.payee_person_id],
            )
            payment.payee_person_id, payment.payee_name, death = cur.fetchone()
        else:
            death = ""
            if payment.payee_organisation is not None:
                payment.payee_name = payment.payee_organisation.name
        refused = payment.account_id if payment.held_reason == HoldReason.ACCOUNT_REFUSED else None
        cur.execute(
            """
            SELECT a.id, v.id FROM registry_account a
            JOIN payments_channel c ON c.code = a.channel
            JOIN payments_channelversion v ON v.channel_id = c.id
            WHERE (a.person_id = %(person)s OR a.organisation_id = %(organisation)s)
              AND a.valid_to IS NULL AND a.status <> 'REJECTED'
              AND a.channel = ANY(%(channels)s) AND c.currency = %(currency)s
              AND a.id IS DISTINCT FROM %(refused)s
              AND NOT EXISTS (  -- an account the provider refused for these entitlements
                  SELECT 1 FROM payments_paymentline mine
                  JOIN payments_paymentline other ON other.entitlement_id = mine.entitlement_id
                       AND NOT other.live
                  JOIN payments_payment old ON old.id = other.payment_id
                       AND old.state IN ('REJECTED', 'RETURNED') AND old.account_id = a.id
                  JOIN payments_paymentevent v2 ON v2.payment_id = old.id
                       AND v2.reason_code LIKE 'AC%%'
                  WHERE mine.payment_id = %(payment)s AND mine.live)
            ORDER BY a.preference, a.id DESC, v.version DESC LIMIT 1
            """,
            {
                "person": payment.payee_person_id,
                "organisation": payment.payee_organisation_id,
                "channels": channels,
                "currency": payment.currency,
                "refused": refused,
                "payment": payment.pk,
            },
        )
        account = cur.fetchone()
        if account is not None:
            payment.account_id, payment.channel_version_id = account
        elif payment.channel_version_id is not None and payment.account_id is not None:
            payment.account_id = payment.channel_version_id = None
    still = (
        HoldReason.SUSPENDED
        if suspended
        else HoldReason.DEATH_REPORTED
        if unit_dead or death
        else HoldReason.NO_RECIPIENT
        if payment.payee_person_id is None and payment.payee_organisation_id is None
        else HoldReason.SAME_PERSON_TWICE
        if payment.held_reason == HoldReason.SAME_PERSON_TWICE and _is_twice(payment)
        else HoldReason.NO_ACCOUNT
        if payment.channel_version_id is None
        else None
    )
    if still is not None:
        raise StillHeld(
            f"{payment.reference} cannot be released: {queries.words_of_hold(still)}.",
            mend=str(MENDS[still]),
        )
    payment.save(
        update_fields=[
            "payee_person",
            "payee_organisation",
            "payee_name",
            "account",
            "channel_version",
        ]
    )


def _is_twice(payment: Payment) -> bool:
    """Tell whether another open enrolment of the same unit is, or was, paid for the same."""
    with cursor() as cur:
        cur.execute(
            """
            SELECT EXISTS (
                SELECT 1 FROM payments_paymentline l
                JOIN payments_entitlement t ON t.id = l.entitlement_id
                JOIN programmes_enrolment e ON e.id = t.enrolment_id
                LEFT JOIN registry_person p ON p.id = e.person_id
                JOIN programmes_enrolment o ON o.programme_id = e.programme_id AND o.id <> e.id
                LEFT JOIN registry_person q ON q.id = o.person_id
                WHERE l.payment_id = %s AND l.live
                  AND (o.group_id = e.group_id
                       OR COALESCE(q.survivor_id, q.id) = COALESCE(p.survivor_id, p.id))
                  AND (o.state <> 'EXITED' OR EXISTS (
                      SELECT 1 FROM payments_entitlement u
                      JOIN payments_paymentline w ON w.entitlement_id = u.id AND w.live
                      WHERE u.enrolment_id = o.id AND u.component = t.component
                        AND u.coverage = t.coverage AND u.voided_at IS NULL)))
            """,
            [payment.pk],
        )
        return bool(cur.fetchone()[0])


def _move(
    payment: Payment, after: str, held_reason: str, reason: str, actor: Actor, at: datetime
) -> None:
    before = payment.state
    with cursor() as cur:
        moving.stage_moves(cur)
        cur.execute(
            "INSERT INTO moved (payment_id, before, after, kind, held_reason, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                payment.pk,
                before,
                after,
                "HELD" if after == "HELD" else "RELEASED",
                held_reason,
                reason.strip()[:300],
            ],
        )
        moving.move_payments(cur, at=at, by=actor.username)
    payment.refresh_from_db()
    note(before=str(before), after=after)
