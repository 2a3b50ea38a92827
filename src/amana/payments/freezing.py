"""The hash of a payroll: what the approver signs, and what an export must still find.

It covers, for every payment that is paid: reference, payee, name, account (key and keyed hash of
its number), channel version, amount, currency and every line with its entitlement and amount.
States are left out, since they move on.
"""

from __future__ import annotations

from typing import Any, Final

#: Payments hashed together; the hash of the payroll is the hash of these hashes in order, so that
#: no single text grows beyond what the database can hold.
BLOCK: Final = 50_000

_DIGEST: Final = """
WITH line AS (
    SELECT l.payment_id,
           string_agg(l.entitlement_id || ':' || l.amount_minor, ',' ORDER BY l.entitlement_id)
               AS lines
    FROM payments_paymentline l JOIN payments_payment p ON p.id = l.payment_id
    WHERE p.payroll_id = %(payroll)s
    GROUP BY l.payment_id
),
paid AS (
    SELECT row_number() OVER (ORDER BY p.id) AS number,
           concat_ws('|', p.reference, p.payee_person_id, p.payee_organisation_id,
                     p.payee_name, p.account_id, encode(a.number_hash, 'hex'),
                     p.channel_version_id, p.amount_minor, p.currency, line.lines) AS content
    FROM payments_payment p
    JOIN line ON line.payment_id = p.id
    LEFT JOIN registry_account a ON a.id = p.account_id
    WHERE p.payroll_id = %(payroll)s AND p.held_reason = ''
),
block AS (
    SELECT (number - 1) / %(block)s AS number,
           sha256(convert_to(string_agg(content, E'\\n' ORDER BY number), 'UTF8')) AS hash
    FROM paid GROUP BY 1
)
SELECT encode(sha256(COALESCE(string_agg(hash, ''::bytea ORDER BY number), ''::bytea)), 'hex')
FROM block
"""


def payroll_digest(cur: Any, payroll_id: int) -> str:
    """Hash the payments of a payroll that are, or would be, paid."""
    cur.execute(_DIGEST, {"payroll": payroll_id, "block": BLOCK})
    return str(cur.fetchone()[0])
