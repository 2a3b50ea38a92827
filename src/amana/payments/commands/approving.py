"""Approval of a payroll by another person than the one who prepared it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from amana.access import separation
from amana.kernel.command import Actor, command, note
from amana.payments import moving, queries
from amana.payments.commands.preparing import PREPARE
from amana.payments.errors import (
    NothingToApprove,
    PayrollApprovedByOther,
    PayrollChanged,
    PayrollNotPrepared,
)
from amana.payments.freezing import payroll_digest
from amana.payments.models import Payroll
from amana.places.bulk import cursor

APPROVE: Final = "payments.approve_payroll"
HOLD: Final = "payments.hold_payment"

#: Prepared payments for which something came up since: death, merger, suspension, closed account.
CHANGED: Final = """
SELECT p.id AS payment_id,
       CASE WHEN person.death_status <> '' OR bool_or(unit.death_status <> '')
                 THEN 'DEATH_REPORTED'
            WHEN bool_or(e.state <> 'ACTIVE') THEN 'SUSPENDED'
            WHEN bool_or(survivor_enrolment.id IS NOT NULL) THEN 'SAME_PERSON_TWICE'
            WHEN person.survivor_id IS NOT NULL THEN 'PAYEE_MERGED'
            ELSE 'NO_ACCOUNT' END AS held_reason
FROM payments_payment p
JOIN payments_paymentline l ON l.payment_id = p.id AND l.live
JOIN payments_entitlement t ON t.id = l.entitlement_id
JOIN programmes_enrolment e ON e.id = t.enrolment_id
LEFT JOIN registry_person unit ON unit.id = e.person_id
LEFT JOIN programmes_enrolment survivor_enrolment
     ON survivor_enrolment.programme_id = e.programme_id
     AND survivor_enrolment.person_id = unit.survivor_id AND survivor_enrolment.state <> 'EXITED'
LEFT JOIN registry_person person ON person.id = p.payee_person_id
LEFT JOIN registry_account a ON a.id = p.account_id
WHERE p.payroll_id = %(payroll)s AND p.state = 'PREPARED'
  AND (e.state <> 'ACTIVE' OR unit.death_status <> '' OR person.death_status <> ''
       OR person.survivor_id IS NOT NULL OR survivor_enrolment.id IS NOT NULL
       OR a.valid_to IS NOT NULL OR a.status = 'REJECTED')
GROUP BY p.id, person.death_status, person.survivor_id
"""


#: Keeps the payees and the people enrolled as they are until the approval is written: a merger or
#: the news of a death waits for it, or is seen by it.
LOCK_PEOPLE: Final = """
SELECT count(*) FROM (
    SELECT 1 FROM registry_person WHERE id IN (
        SELECT p.payee_person_id FROM payments_payment p
        WHERE p.payroll_id = %(payroll)s AND p.state = 'PREPARED'
        UNION
        SELECT e.person_id FROM payments_payment p
        JOIN payments_paymentline l ON l.payment_id = p.id
        JOIN payments_entitlement t ON t.id = l.entitlement_id
        JOIN programmes_enrolment e ON e.id = t.enrolment_id
        WHERE p.payroll_id = %(payroll)s AND p.state = 'PREPARED')
    ORDER BY id FOR SHARE
) locked
"""


@command(APPROVE)
def approve_payroll(
    *,
    actor: Actor,
    payroll: str,
    at: datetime,
    expected_count: int | None = None,
    expected_minor: int | None = None,
) -> Payroll:
    """Approve and freeze a payroll; from now on its payments never change.

    Approving again is answered with the same payroll to the same person, so that a double click is
    harmless. Held payments stay behind and are carried by a supplementary payroll once released.

    Args:
        expected_count, expected_minor: what the approver was shown; when the payroll differs by
            now, it is not approved.

    Raises:
        SamePerson: the actor prepared it.
        PayrollApprovedByOther: somebody else approved it already.
        PayrollChanged: it is not what was shown, or something came up for some of its people.
        NothingToApprove: every payment is held.
    """
    found = queries.get_payroll(actor=actor, reference=payroll, permission=APPROVE, lock=True)
    note(subject=str(found.reference), programme=found.programme.code)
    separation.require_other_person(
        actor,
        act=APPROVE,
        not_with=PREPARE,
        done_by=found.prepared_by,
        programme=found.programme.code,
        always=True,
        words="You prepared this payroll, so you cannot approve it.",
    )
    if found.state in (Payroll.State.APPROVED, Payroll.State.INSTRUCTED):
        if found.approved_by == actor.username:
            note(already=True)
            return found
        raise PayrollApprovedByOther(
            f"{found.reference} was approved by {found.approved_by} already.",
            mend="Nothing is left to do.",
        )
    if found.state != Payroll.State.PREPARED:
        raise PayrollNotPrepared(f"{found.reference} was discarded.", mend="Prepare it anew.")
    with cursor() as cur:
        cur.execute("SELECT id FROM payments_payment WHERE payroll_id = %s FOR UPDATE", [found.pk])
        cur.execute(LOCK_PEOPLE, {"payroll": found.pk})
        _refuse_changed(cur, found)
        cur.execute(
            "SELECT count(*), COALESCE(sum(amount_minor), 0) FROM payments_payment"
            " WHERE payroll_id = %s AND state = 'PREPARED'",
            [found.pk],
        )
        count, total = cur.fetchone()
        total = int(total)
        if not count:
            raise NothingToApprove(
                f"Every payment of {found.reference} is held.",
                mend="Release those that may be paid, then approve.",
            )
        if (expected_count, expected_minor) != (None, None) and (
            expected_count,
            expected_minor,
        ) != (count, total):
            raise PayrollChanged(
                f"{found.reference} now has {count} payments of {total} minor units; you were "
                f"shown {expected_count} of {expected_minor}.",
                mend="Look at it again, then approve.",
            )
        _refuse_wrong_sums(cur, found)
        found.sha256 = payroll_digest(cur, found.pk)
        found.state = Payroll.State.APPROVED
        found.approved_by = actor.username
        found.approved_at = at
        found.approved_count = count
        found.approved_minor = total
        found.pay_on = max(found.pay_on, at.date())
        found.save()
        moving.stage_moves(cur)
        cur.execute(
            "INSERT INTO moved (payment_id, before, after, kind)"
            " SELECT id, 'PREPARED', 'APPROVED', 'APPROVED' FROM payments_payment"
            " WHERE payroll_id = %s AND state = 'PREPARED'",
            [found.pk],
        )
        moving.move_payments(cur, at=at, by=actor.username)
    note(digest=found.sha256, payments=count, total_minor=total)
    return found


@command(HOLD)
def recheck_payroll(*, actor: Actor, payroll: str, at: datetime) -> int:
    """Hold the prepared payments for which something came up since; return how many.

    Raises:
        PayrollNotPrepared: the payroll is frozen or discarded.
    """
    found = queries.get_payroll(actor=actor, reference=payroll, permission=HOLD, lock=True)
    if found.state != Payroll.State.PREPARED:
        raise PayrollNotPrepared(f"{found.reference} is frozen.", mend="Nothing can be held now.")
    with cursor() as cur:
        moving.stage_moves(cur)
        cur.execute(
            "INSERT INTO moved (payment_id, before, after, kind, held_reason)"
            f" SELECT payment_id, 'PREPARED', 'HELD', 'HELD', held_reason FROM ({CHANGED}) changed",
            {"payroll": found.pk},
        )
        held = moving.move_payments(cur, at=at, by=actor.username)
    note(subject=str(found.reference), programme=found.programme.code, held=held)
    return held


def _refuse_changed(cur: Any, payroll: Payroll) -> None:
    cur.execute(f"SELECT count(*) FROM ({CHANGED}) changed", {"payroll": payroll.pk})
    changed = cur.fetchone()[0]
    if changed:
        raise PayrollChanged(
            f"Since {payroll.reference} was prepared something came up for {changed} of its "
            "payments: a death, a merger, a suspension or a closed account.",
            mend=f"Check it again, so that they are held: amana payroll recheck "
            f"{payroll.reference}.",
        )


def _refuse_wrong_sums(cur: Any, payroll: Payroll) -> None:
    """Check once more, before money is promised, that every payment is the sum of live lines."""
    cur.execute(
        """
        SELECT count(*) FROM payments_payment p
        LEFT JOIN (SELECT l.payment_id, sum(l.amount_minor) AS total
                   FROM payments_paymentline l JOIN payments_payment q ON q.id = l.payment_id
                   WHERE q.payroll_id = %(payroll)s AND l.live GROUP BY 1) lines
               ON lines.payment_id = p.id
        WHERE p.payroll_id = %(payroll)s AND p.state = 'PREPARED'
          AND lines.total IS DISTINCT FROM p.amount_minor
        """,
        {"payroll": payroll.pk},
    )
    wrong = cur.fetchone()[0]
    if wrong:
        raise PayrollChanged(
            f"{wrong} payments of {payroll.reference} are not the sum of their lines.",
            mend="Do not pay: tell the maintainers.",
        )
