"""What must always hold of money, beyond what constraints say."""

from __future__ import annotations

from django.db import connection

from amana.kernel.invariants import FOUND_MAX, invariant


def _references(query: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(f"{query} LIMIT {FOUND_MAX}")
        return [str(row[0]) for row in cursor.fetchall()]


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
