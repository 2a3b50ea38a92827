"""Compare what was ordered, what providers say, and what the ledger holds, to the cent.

Three sources that are written apart from each other tell about one payroll: the control sums of
its instruction files, the states of its payments, and the balances of its ledger accounts. When
every cent is accounted for, all three say the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from amana.payments.states import Account, PaymentState

S = PaymentState


@dataclass(frozen=True, slots=True)
class Tally:
    """A count of payments and their sum in minor units."""

    count: int = 0
    minor: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.count + other.count, self.minor + other.minor)


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """What became of a payroll.

    Args:
        instructed: what the files ordered.
        paid, rejected, pending, returned: what became of it, by the states of the payments.
        not_instructed: approved and in no file yet.
        held: kept back with a reason; not part of what was approved.
        difference_minor: the cents nobody can account for; 0 when the payroll balances. The sum of
            the absolute differences between files, states and ledger, so that a surplus in one
            place never hides a gap in another.
        differences: each difference that is not zero, by name: `files` (ordered, less what became
            of it), and one per ledger account (`PAID`, `CLEARING`, …).
    """

    instructed: Tally
    paid: Tally
    rejected: Tally
    pending: Tally
    returned: Tally
    not_instructed: Tally
    held: Tally
    difference_minor: int
    differences: dict[str, int]

    @property
    def is_balanced(self) -> bool:
        """Tell whether every cent is accounted for."""
        return self.difference_minor == 0


def reconcile(
    *,
    files: Tally,
    payments: Mapping[PaymentState, Tally],
    balances: Mapping[Account, int],
) -> Reconciliation:
    """Reconcile one payroll.

    Args:
        files: transfers and control sums of its instruction files, as written into them.
        payments: its payments by state.
        balances: per ledger account, debits less credits of the movements of its payments, in
            minor units; what a supplementary payroll took over is left out (it is in the balance
            of that payroll).

    Worked example, in minor units: three payments of 1000 are ordered; one is paid, one rejected,
    one not answered. The ledger holds COMMITTED thrice (BUDGET → PAYABLE), INSTRUCTED thrice
    (PAYABLE → CLEARING), PAID once (CLEARING → PAID), REJECTED once (CLEARING → PAYABLE). A
    movement debits its first account and credits its second:

    >>> result = reconcile(
    ...     files=Tally(3, 3000),
    ...     payments={S.PAID: Tally(1, 1000), S.REJECTED: Tally(1, 1000),
    ...               S.INSTRUCTED: Tally(1, 1000)},
    ...     balances={Account.BUDGET: 3000, Account.PAYABLE: -1000, Account.CLEARING: -1000,
    ...               Account.PAID: -1000},
    ... )
    >>> result.pending, result.difference_minor
    (Tally(count=1, minor=1000), 0)
    """

    def of(*states: PaymentState) -> Tally:
        return sum((payments.get(state, Tally()) for state in states), Tally())

    paid, rejected, returned = of(S.PAID), of(S.REJECTED), of(S.RETURNED)
    pending, not_instructed = of(S.INSTRUCTED, S.ACCEPTED), of(S.APPROVED)
    outcome = paid + rejected + pending + returned
    expected = {
        Account.PAID: paid.minor,
        Account.RETURNED: returned.minor,
        Account.CLEARING: pending.minor,
        Account.PAYABLE: rejected.minor + not_instructed.minor,
        Account.BUDGET: -(outcome.minor + not_instructed.minor),
    }
    differences = {"files": files.minor - outcome.minor}
    for account, minor in expected.items():
        differences[account.value] = -balances.get(account, 0) - minor
    differences = {name: minor for name, minor in differences.items() if minor}
    return Reconciliation(
        instructed=files,
        paid=paid,
        rejected=rejected,
        pending=pending,
        returned=returned,
        not_instructed=not_instructed,
        held=of(S.HELD),
        difference_minor=sum(abs(minor) for minor in differences.values()),
        differences=differences,
    )
