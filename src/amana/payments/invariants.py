"""What must always hold of money, beyond what constraints say."""

from __future__ import annotations

from django.db import connection

from amana.kernel.invariants import FOUND_MAX, invariant
from amana.payments.freezing import payroll_digest
from amana.payments.models import Payroll
from amana.places.bulk import cursor


def _references(query: str) -> list[str]:
    with connection.cursor() as cur:
        cur.execute(f"{query} LIMIT {FOUND_MAX}")
        return [str(row[0]) for row in cur.fetchall()]


@invariant("payments.lines_add_up", "A payment is the sum of its lines")
def find_uneven_payments() -> list[str]:
    """List payments whose lines do not add up to them."""
    return _references(
        """
        SELECT p.reference
          FROM payments_payment p
          LEFT JOIN payments_paymentline l ON l.payment_id = p.id
         GROUP BY p.id
        HAVING p.amount_minor <> COALESCE(sum(l.amount_minor), 0)
        """
    )


@invariant("payments.never_more_than_due", "Live payments of an entitlement never exceed it")
def find_overpaid_entitlements() -> list[str]:
    """List payments that carry more of an entitlement than it is worth."""
    return _references(
        """
        SELECT p.reference
          FROM payments_paymentline l
          JOIN payments_entitlement e ON e.id = l.entitlement_id
          JOIN payments_payment p ON p.id = l.payment_id
         WHERE l.live AND l.amount_minor > e.amount_minor
        """
    )


@invariant(
    "payments.files_match", "A file for the bank holds exactly the payments instructed by it"
)
def find_uneven_files() -> list[str]:
    """List files whose count or sum is not that of their payments."""
    return _references(
        """
        SELECT f.message_id
          FROM payments_instructionfile f
          LEFT JOIN payments_payment p ON p.file_id = f.id
         GROUP BY f.id
        HAVING (f.count, f.total_minor)
            <> (count(p.id), COALESCE(sum(p.amount_minor), 0)::bigint)
        """
    )


@invariant("payments.maker_and_checker", "Nobody approved a payroll they prepared")
def find_one_person_payrolls() -> list[str]:
    """List payrolls with one person in both parts, whatever the case of the name."""
    return _references(
        """
        SELECT reference FROM payments_payroll
         WHERE approved_by <> '' AND lower(approved_by) = lower(prepared_by)
        """
    )


@invariant("payments.none_lost", "Every entitlement stands in exactly one live line")
def find_lost_entitlements() -> list[str]:
    """List enrolments with an entitlement that no live payment carries: somebody goes without."""
    return _references(
        """
        SELECT DISTINCT e.reference
          FROM payments_entitlement t
          JOIN programmes_enrolment e ON e.id = t.enrolment_id
         WHERE t.voided_at IS NULL
           AND NOT EXISTS (SELECT 1 FROM payments_paymentline l
                            WHERE l.entitlement_id = t.id AND l.live)
        """
    )


@invariant("payments.paid_once", "No entitlement was paid by two payments")
def find_paid_twice() -> list[str]:
    """List enrolments with an entitlement that two payments say they paid."""
    return _references(
        """
        SELECT e.reference
          FROM payments_paymentline l
          JOIN payments_payment p ON p.id = l.payment_id AND p.state = 'PAID'
          JOIN payments_entitlement t ON t.id = l.entitlement_id
          JOIN programmes_enrolment e ON e.id = t.enrolment_id
         GROUP BY t.id, e.reference
        HAVING count(*) > 1
        """
    )


@invariant("payments.ledger_agrees", "The ledger says of every payment what its state says")
def find_unposted_payments() -> list[str]:
    """List payments whose balance does not stand on the account that their state calls for."""
    return _references(
        """
        SELECT p.reference
          FROM payments_payment p
          LEFT JOIN payments_ledgermovement m
                 ON m.payment_id = p.id AND m.kind <> 'CARRIED_FORWARD'
          LEFT JOIN payments_ledgeraccount a ON a.id IN (m.debit_id, m.credit_id)
         WHERE p.state NOT IN ('PREPARED', 'HELD', 'CANCELLED')
         GROUP BY p.id
        HAVING p.amount_minor <> COALESCE(sum(
            CASE WHEN a.id = m.credit_id THEN m.amount_minor ELSE -m.amount_minor END)
            FILTER (WHERE a.kind = CASE p.state
                WHEN 'PAID' THEN 'PAID' WHEN 'RETURNED' THEN 'RETURNED'
                WHEN 'INSTRUCTED' THEN 'CLEARING' WHEN 'ACCEPTED' THEN 'CLEARING'
                ELSE 'PAYABLE' END), 0)
        """
    )


@invariant("payments.frozen", "An approved payroll is the one that was approved")
def find_changed_payrolls() -> list[str]:
    """List payrolls whose hash is no longer the one that was approved."""
    frozen = Payroll.objects.filter(state__in=["APPROVED", "INSTRUCTED"]).order_by("id")
    found = []
    with cursor() as cur:
        for payroll in frozen.iterator():
            if payroll_digest(cur, payroll.pk) != payroll.sha256:
                found.append(str(payroll.reference))
    return found[:FOUND_MAX]
