"""The life of a payment: its states, the moves between them, and what a bank's word means.

A payment moves along

    PREPARED ─→ APPROVED ─→ INSTRUCTED ─→ ACCEPTED ─→ PAID ─→ RETURNED
       ↕           │             └────────────┴─────→ REJECTED
      HELD ────────┴→ CANCELLED

Statuses from providers come late, twice and in the wrong order. Instead of trusting the order in
which they reach us, `state_after` folds **all** statuses ever received about a payment in the order
in which the provider says it sent them. The result depends only on the set of statuses, so a
repeated or delayed file changes nothing it should not.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Final, NamedTuple


class PaymentState(StrEnum):
    """Where a payment stands. Codes are stored and never change.

    PREPARED: in a payroll that nobody has approved yet.
    HELD: kept back, with a reason; it joins the payroll when released before approval, and a
        later, supplementary payroll when released after.
    APPROVED: in a frozen payroll; the obligation stands.
    INSTRUCTED: in a file for the provider.
    ACCEPTED: the provider has taken the order and not yet said how it ended.
    PAID: the provider says the money has gone to the payee.
    REJECTED: the provider says that it did not pay; a supplementary payroll may pay again.
    RETURNED: paid, and then the money came back.
    CANCELLED: never to be paid by this payment; its entitlements are free to be paid by another.
    """

    PREPARED = "PREPARED"
    HELD = "HELD"
    APPROVED = "APPROVED"
    INSTRUCTED = "INSTRUCTED"
    ACCEPTED = "ACCEPTED"
    PAID = "PAID"
    REJECTED = "REJECTED"
    RETURNED = "RETURNED"
    CANCELLED = "CANCELLED"


class Outcome(StrEnum):
    """What one status says about one payment."""

    PENDING = "PENDING"
    PAID = "PAID"
    REJECTED = "REJECTED"


S = PaymentState

MOVES: Final[dict[PaymentState, frozenset[PaymentState]]] = {
    S.PREPARED: frozenset({S.HELD, S.APPROVED, S.CANCELLED}),
    S.HELD: frozenset({S.PREPARED, S.CANCELLED}),
    S.APPROVED: frozenset({S.INSTRUCTED, S.CANCELLED}),
    S.INSTRUCTED: frozenset({S.ACCEPTED, S.PAID, S.REJECTED, S.RETURNED}),
    S.ACCEPTED: frozenset({S.PAID, S.REJECTED, S.RETURNED}),
    S.PAID: frozenset({S.RETURNED}),
    # The provider corrects itself: a later "paid" outweighs an earlier "rejected", and a late
    # copy of an earlier "paid" makes the rejection a return.
    S.REJECTED: frozenset({S.PAID, S.RETURNED}),
    S.RETURNED: frozenset({S.PAID}),
    S.CANCELLED: frozenset(),
}
"""Every legal move; the database holds the same table and refuses all others."""

UNPAID_AFTER_INSTRUCTION: Final = frozenset({S.REJECTED, S.RETURNED})
"""States from which the entitlements may be carried by a supplementary payroll."""

OUTCOMES: Final[dict[str, Outcome]] = {
    "RCVD": Outcome.PENDING,  # received
    "PDNG": Outcome.PENDING,  # checks go on
    "ACTC": Outcome.PENDING,  # technical checks passed
    "PATC": Outcome.PENDING,  # some of the signatures needed
    "ACCP": Outcome.PENDING,  # customer profile checked
    "ACFC": Outcome.PENDING,  # funds checked
    "ACIS": Outcome.PENDING,  # cheque issued
    "ACPD": Outcome.PENDING,  # published for settlement
    "ACSP": Outcome.PENDING,  # settlement in process
    "ACWC": Outcome.PENDING,  # accepted with a change
    "ACWP": Outcome.PENDING,  # accepted, not yet posted to the payee
    "PRES": Outcome.PENDING,  # presented to the payee
    "BLCK": Outcome.PENDING,  # neither posted nor sent back
    "PART": Outcome.PENDING,  # group level: some accepted, some not
    "ACSC": Outcome.PAID,  # settled on the debtor's account
    "ACCC": Outcome.PAID,  # settled on the payee's account
    "CPUC": Outcome.PAID,  # cash picked up by the payee
    "RJCT": Outcome.REJECTED,
    "CANC": Outcome.REJECTED,  # cancelled at the provider before it was paid
}
"""ISO 20022 external status codes, and what each means for the payee's money."""


DUPLICATE_REASONS: Final = frozenset({"AM05", "DU01", "DU02", "DU03", "DU04", "DU05", "DUPL"})
"""Reasons by which a provider refuses a *copy*: it has the original already. Such a refusal says
nothing against the payment, and to pay again because of it would be to pay twice."""


def outcome_of(code: str, reason_code: str) -> Outcome:
    """Tell what a status means for the payee's money.

    >>> outcome_of("RJCT", "AC04").value, outcome_of("RJCT", "DU01").value
    ('REJECTED', 'PENDING')
    """
    outcome = OUTCOMES[code]
    if outcome is Outcome.REJECTED and reason_code in DUPLICATE_REASONS:
        return Outcome.PENDING
    return outcome


class Account(StrEnum):
    """Accounts of the ledger of transfers."""

    BUDGET = "BUDGET"
    PAYABLE = "PAYABLE"
    CLEARING = "CLEARING"
    PAID = "PAID"
    RETURNED = "RETURNED"


class Posting(NamedTuple):
    """The ledger movement that a move of state makes: debit, credit, kind."""

    debit: Account
    credit: Account
    kind: str


POSTINGS: Final[dict[tuple[PaymentState, PaymentState], Posting]] = {
    (S.PREPARED, S.APPROVED): Posting(Account.BUDGET, Account.PAYABLE, "COMMITTED"),
    (S.APPROVED, S.CANCELLED): Posting(Account.PAYABLE, Account.BUDGET, "RELEASED"),
    (S.APPROVED, S.INSTRUCTED): Posting(Account.PAYABLE, Account.CLEARING, "INSTRUCTED"),
    (S.INSTRUCTED, S.PAID): Posting(Account.CLEARING, Account.PAID, "PAID"),
    (S.ACCEPTED, S.PAID): Posting(Account.CLEARING, Account.PAID, "PAID"),
    (S.INSTRUCTED, S.REJECTED): Posting(Account.CLEARING, Account.PAYABLE, "REJECTED"),
    (S.ACCEPTED, S.REJECTED): Posting(Account.CLEARING, Account.PAYABLE, "REJECTED"),
    (S.INSTRUCTED, S.RETURNED): Posting(Account.CLEARING, Account.RETURNED, "RETURNED"),
    (S.ACCEPTED, S.RETURNED): Posting(Account.CLEARING, Account.RETURNED, "RETURNED"),
    (S.PAID, S.RETURNED): Posting(Account.PAID, Account.RETURNED, "RETURNED"),
    (S.REJECTED, S.PAID): Posting(Account.PAYABLE, Account.PAID, "CORRECTED"),
    (S.REJECTED, S.RETURNED): Posting(Account.PAYABLE, Account.RETURNED, "CORRECTED"),
    (S.RETURNED, S.PAID): Posting(Account.RETURNED, Account.PAID, "CORRECTED"),
}
"""Moves that move money or an obligation; the others (held, released, accepted) post nothing."""

CARRIED_FORWARD: Final[dict[PaymentState, Posting]] = {
    S.REJECTED: Posting(Account.PAYABLE, Account.BUDGET, "CARRIED_FORWARD"),
    S.RETURNED: Posting(Account.RETURNED, Account.BUDGET, "CARRIED_FORWARD"),
}
"""What is posted when a supplementary payroll takes over an unpaid payment's entitlements: the old
obligation is released, and the new payment makes its own when it is approved."""


def can_move(before: PaymentState, after: PaymentState) -> bool:
    """Tell whether a payment may move from one state to another.

    >>> can_move(PaymentState.PAID, PaymentState.RETURNED)
    True
    >>> can_move(PaymentState.PAID, PaymentState.ACCEPTED)
    False
    """
    return after in MOVES[before]


def state_after(outcomes: Iterable[Outcome]) -> PaymentState:
    """Give the state of an instructed payment after all statuses known about it.

    Args:
        outcomes: what each status says, in the order in which the *provider* sent them (its
            message time, then the order inside the message), not in the order they reached us.

    Returns:
        INSTRUCTED without any status; ACCEPTED with nothing but pending ones; else what the last
        decisive status says, where a rejection after a payment is a return.

    >>> state_after([Outcome.PENDING, Outcome.PAID, Outcome.PENDING]).value
    'PAID'
    >>> state_after([Outcome.PAID, Outcome.REJECTED]).value
    'RETURNED'
    """
    state = S.INSTRUCTED
    ever_paid = False
    for outcome in outcomes:
        if outcome is Outcome.PAID:
            state, ever_paid = S.PAID, True
        elif outcome is Outcome.REJECTED:
            state = S.RETURNED if ever_paid else S.REJECTED
        elif state is S.INSTRUCTED:
            state = S.ACCEPTED
    return state
