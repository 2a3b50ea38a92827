"""Moves of many payments at once: new state, event and ledger movement in four statements.

The caller stages the moves in `moved` (`STAGE`); `move_payments` writes them. The table of
postings is `states.POSTINGS`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from amana.payments.states import CARRIED_FORWARD, POSTINGS

STAGE: Final = """
CREATE TEMP TABLE IF NOT EXISTS moved (
    payment_id bigint PRIMARY KEY, before text NOT NULL, after text NOT NULL, kind text NOT NULL,
    held_reason text NOT NULL DEFAULT '', file_id bigint,
    reason_code text NOT NULL DEFAULT '', reason text NOT NULL DEFAULT ''
) ON COMMIT DROP;
TRUNCATE moved;
"""

_UPDATE: Final = """
UPDATE payments_payment p
SET state = m.after, held_reason = m.held_reason, file_id = COALESCE(m.file_id, p.file_id)
FROM moved m
WHERE p.id = m.payment_id AND p.state = m.before AND m.before <> m.after
"""

_ACCOUNTS: Final = """
INSERT INTO payments_ledgeraccount (kind, programme_id, channel_id, currency)
SELECT DISTINCT side.kind, r.programme_id,
       CASE WHEN side.kind = 'CLEARING' THEN v.channel_id END, p.currency
FROM moved m
JOIN posting t ON t.before = m.before AND t.after = m.after AND t.event = m.kind
JOIN payments_payment p ON p.id = m.payment_id
JOIN payments_payroll r ON r.id = p.payroll_id
LEFT JOIN payments_channelversion v ON v.id = p.channel_version_id
CROSS JOIN LATERAL (VALUES (t.debit), (t.credit)) AS side(kind)
ORDER BY 1, 2, 3, 4
ON CONFLICT DO NOTHING
"""

_EVENTS: Final = """
WITH event AS (
    INSERT INTO payments_paymentevent
           (payment_id, at, before, after, kind, reason_code, reason, username)
    SELECT payment_id, %(at)s, before, after, kind, reason_code, reason, %(by)s
    FROM moved ORDER BY payment_id
    RETURNING id, payment_id, before, after, kind
)
INSERT INTO payments_ledgermovement
       (at, debit_id, credit_id, amount_minor, currency, kind, payment_id, payroll_id, event_id)
SELECT %(at)s, d.id, c.id, p.amount_minor, p.currency, t.kind, p.id, p.payroll_id, event.id
FROM event
JOIN posting t ON t.before = event.before AND t.after = event.after AND t.event = event.kind
JOIN payments_payment p ON p.id = event.payment_id
JOIN payments_payroll r ON r.id = p.payroll_id
LEFT JOIN payments_channelversion v ON v.id = p.channel_version_id
JOIN payments_ledgeraccount d ON d.kind = t.debit AND d.programme_id = r.programme_id
     AND d.currency = p.currency
     AND d.channel_id IS NOT DISTINCT FROM CASE WHEN t.debit = 'CLEARING' THEN v.channel_id END
JOIN payments_ledgeraccount c ON c.kind = t.credit AND c.programme_id = r.programme_id
     AND c.currency = p.currency
     AND c.channel_id IS NOT DISTINCT FROM CASE WHEN t.credit = 'CLEARING' THEN v.channel_id END
"""

CARRY: Final = "CARRIED_FORWARD"


def stage_moves(cur: Any) -> None:
    """Make the empty table `moved` for the moves of one step."""
    cur.execute(STAGE)


def move_payments(cur: Any, *, at: datetime, by: str) -> int:
    """Write the staged moves: states, events and ledger; return how many there were.

    Every staged payment must still be in its `before` state (the caller holds its payroll's lock).
    A row whose `before` equals `after` writes its event, and the movement of its kind if it has one
    (an unpaid payment carried forward), and leaves the state.

    Raises:
        RuntimeError: a payment was no longer in the state it was staged with.
    """
    cur.execute("ANALYZE moved")
    cur.execute("SELECT count(*), count(*) FILTER (WHERE before <> after) FROM moved")
    staged, changing = cur.fetchone()
    if not staged:
        return 0
    cur.execute("DROP TABLE IF EXISTS posting")
    cur.execute(
        "CREATE TEMP TABLE posting (before text, after text, event text, debit text, credit text,"
        " kind text) ON COMMIT DROP"
    )
    cur.executemany("INSERT INTO posting VALUES (%s, %s, %s, %s, %s, %s)", _postings())
    cur.execute(_UPDATE)
    if cur.rowcount != changing:
        raise RuntimeError(f"{changing - cur.rowcount} payments moved under our feet")
    cur.execute(_ACCOUNTS)
    cur.execute(_EVENTS, {"at": at, "by": by})
    return int(staged)


def _postings() -> list[tuple[str, str, str, str, str, str]]:
    rows = [
        (before.value, after.value, kind, posting.debit.value, posting.credit.value, posting.kind)
        for (before, after), posting in POSTINGS.items()
        for kind in EVENT_KINDS
    ]
    rows += [
        (state.value, state.value, CARRY, posting.debit.value, posting.credit.value, posting.kind)
        for state, posting in CARRIED_FORWARD.items()
    ]
    return rows


#: Kinds of events whose moves post to the ledger as `states.POSTINGS` says.
EVENT_KINDS: Final = ("APPROVED", "INSTRUCTED", "STATUS", "CANCELLED")
"""APPROVED, INSTRUCTED and CANCELLED are acts of ours; STATUS is a provider's word."""
