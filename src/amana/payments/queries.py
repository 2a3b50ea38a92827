"""Every read of payments that others use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum

from amana.access import scope
from amana.kernel.command import Actor
from amana.payments import holds
from amana.payments.errors import PaymentNotFound, PayrollNotFound
from amana.payments.models import (
    InstructionFile,
    Payment,
    PaymentLine,
    Payroll,
    Shortfall,
    StatusLine,
    StatusMessage,
)
from amana.payments.reconciliation import Reconciliation, Tally, reconcile
from amana.payments.states import Account, PaymentState
from amana.places.bulk import cursor
from amana.programmes.models import Programme

VIEW: Final = "payments.view"


@dataclass(frozen=True, slots=True)
class PayrollFigures:
    """The payments of a payroll by state, and what of them is to be approved or held."""

    by_state: dict[PaymentState, Tally]

    def of(self, *states: PaymentState) -> Tally:
        """Give the payments in any of the states."""
        return sum((self.by_state.get(state, Tally()) for state in states), Tally())

    @property
    def all(self) -> Tally:
        """Give all payments that are not cancelled."""
        return self.of(*(state for state in PaymentState if state is not PaymentState.CANCELLED))

    @property
    def payable(self) -> Tally:
        """Give the payments that approval would pay."""
        return self.of(PaymentState.PREPARED)

    @property
    def held(self) -> Tally:
        """Give the payments that are held."""
        return self.of(PaymentState.HELD)


@dataclass(frozen=True, slots=True)
class HeldGroup:
    """Payments held for one reason: the words, the way out, and how many."""

    reason: str
    says: str
    mend: str
    tally: Tally


def list_payrolls(*, actor: Actor) -> QuerySet[Payroll]:
    """List the payrolls of the actor's programmes, newest first; discarded ones last asked for."""
    return scope.within_programmes(
        Payroll.objects.select_related("programme").order_by("-id"), actor, VIEW
    )


def get_payroll(
    *, actor: Actor, reference: str, permission: str = VIEW, lock: bool = False
) -> Payroll:
    """Get a payroll by its reference, within the actor's programmes.

    Args:
        lock: keep others from changing it until the transaction ends.

    Raises:
        PayrollNotFound: there is none that the actor may see.
        NotPermitted: the actor may see it and not do this with it.
    """
    rows = Payroll.objects.filter(reference=reference.strip().upper())
    if lock:
        rows = rows.select_for_update(of=("self",))
    found = rows.select_related("programme").first()
    if found is None or not any(
        scope.allows(actor, one, programme=found.programme.code) for one in (permission, VIEW)
    ):
        raise PayrollNotFound(
            f"There is no payroll {reference}.",
            mend="Copy the reference from its page; it begins with PR.",
        )
    scope.require(actor, permission, programme=found.programme.code)
    return found


def find_payroll_of(programme: Programme, period: str) -> Payroll | None:
    """Find the regular payroll of a programme and period that is not discarded."""
    return (
        Payroll.objects.filter(programme=programme, period=period, sequence=1)
        .exclude(state=Payroll.State.DISCARDED)
        .select_related("programme")
        .first()
    )


def payroll_figures(payroll: Payroll) -> PayrollFigures:
    """Count and add up the payments of a payroll by state."""
    rows = (
        Payment.objects.filter(payroll=payroll)
        .values_list("state")
        .annotate(number=Count("id"), total=Sum("amount_minor"))
        .order_by()
    )
    return PayrollFigures(
        {PaymentState(state): Tally(count, int(total)) for state, count, total in rows}
    )


def unpaid_of(payroll: Payroll) -> Tally:
    """Count what a frozen payroll did not bring to people and no later payroll carries yet."""
    states = [PaymentState.REJECTED, PaymentState.RETURNED, PaymentState.HELD]
    carrying = PaymentLine.objects.filter(payment=OuterRef("pk"), live=True)
    found = Payment.objects.filter(Exists(carrying), payroll=payroll, state__in=states).aggregate(
        number=Count("id"), total=Sum("amount_minor")
    )
    return Tally(found["number"], int(found["total"] or 0))


def held_groups(payroll: Payroll) -> list[HeldGroup]:
    """Count the held payments of a payroll by reason, most frequent first."""
    rows = (
        Payment.objects.filter(payroll=payroll, state=PaymentState.HELD)
        .values_list("held_reason")
        .annotate(number=Count("id"), total=Sum("amount_minor"))
        .order_by("-number", "held_reason")
    )
    return [
        HeldGroup(reason, words_of_hold(reason), str(holds.MENDS[reason]), Tally(n, int(total)))
        for reason, n, total in rows
    ]


def words_of_hold(reason: str) -> str:
    """Give the words of a reason for which payments are held."""
    return str(holds.REASONS[reason])


def list_payments(
    *, actor: Actor, payroll: Payroll | None = None, permission: str = VIEW
) -> QuerySet[Payment]:
    """List payments within the actor's programmes and areas, of one payroll or of all."""
    rows = Payment.objects.select_related(
        "payroll__programme", "payee_person", "payee_organisation", "channel_version__channel"
    )
    if payroll is not None:
        rows = rows.filter(payroll=payroll)
    rows = scope.within_programmes(rows, actor, permission, field="payroll__programme__code")
    return scope.within_areas(rows, actor, permission).order_by("id")


def get_payment(*, actor: Actor, reference: str, permission: str = VIEW) -> Payment:
    """Get a payment by its reference, within the actor's programmes and areas.

    Raises:
        PaymentNotFound: there is none that the actor may see.
    """
    rows = list_payments(actor=actor, permission=permission)
    found = rows.filter(reference=reference.strip().upper()).first()
    if found is None:
        raise PaymentNotFound(
            f"There is no payment {reference}.",
            mend="Copy the reference from its page; it begins with PM.",
        )
    return found


def list_payments_to(
    *,
    actor: Actor,
    person_ids: list[int] | None = None,
    group_id: int | None = None,
) -> QuerySet[Payment]:
    """List the payments for a household or persons: those for their enrolments, and to them.

    A merged person's payments are those of every row that stands for the same human.
    """
    wanted = Q(pk__in=[])
    if group_id is not None:
        wanted |= Q(lines__entitlement__enrolment__group_id=group_id)
    if person_ids:
        for field in ("payee_person", "lines__entitlement__enrolment__person"):
            wanted |= Q(**{f"{field}__in": person_ids})
            wanted |= Q(**{f"{field}__survivor__in": person_ids})
    return (
        list_payments(actor=actor)
        .filter(wanted)
        .order_by("-payroll__covers_from", "-id")
        .distinct()
    )


def list_shortfalls(payroll: Payroll) -> QuerySet[Shortfall]:
    """List the enrolments that got nothing in a payroll because something is not known."""
    return payroll.shortfalls.select_related("enrolment").order_by("id")


def list_lines(payment: Payment) -> QuerySet[PaymentLine]:
    """List what a payment is for: its lines with their entitlements and enrolments."""
    return payment.lines.select_related(
        "entitlement__enrolment__group", "entitlement__enrolment__person", "entitlement__programme"
    ).order_by("id")


def list_files(payroll: Payroll) -> QuerySet[InstructionFile]:
    """List the instruction files of a payroll in the order they were written."""
    return payroll.files.select_related("channel_version__channel").order_by("message_id")


def list_messages(payroll: Payroll) -> QuerySet[StatusMessage]:
    """List the status messages about a payroll, as they were received."""
    return (
        StatusMessage.objects.filter(file__payroll=payroll)
        .select_related("channel", "file")
        .order_by("id")
    )


def list_conflicts(payroll: Payroll) -> QuerySet[StatusLine]:
    """List what providers said about a payroll and Amana did not believe or could not place."""
    return (
        StatusLine.objects.filter(message__file__payroll=payroll)
        .exclude(conflict="")
        .select_related("payment", "message")
        .order_by("id")
    )


_BALANCES: Final = """
SELECT a.kind, sum(CASE WHEN a.id = m.debit_id THEN m.amount_minor ELSE -m.amount_minor END)
FROM payments_ledgermovement m
JOIN payments_ledgeraccount a ON a.id IN (m.debit_id, m.credit_id)
WHERE m.payroll_id = %s AND m.kind <> 'CARRIED_FORWARD'
GROUP BY a.kind
"""


def reconcile_payroll(*, actor: Actor, reference: str) -> Reconciliation:
    """Reconcile a payroll: files, states of payments and ledger, to the cent.

    Raises:
        PayrollNotFound: there is none that the actor may see.
    """
    payroll = get_payroll(actor=actor, reference=reference)
    files = payroll.files.aggregate(number=Sum("count"), total=Sum("total_minor"))
    with cursor() as cur:
        cur.execute(_BALANCES, [payroll.pk])
        balances: dict[Account, int] = {Account(kind): int(minor) for kind, minor in cur.fetchall()}
    return reconcile(
        files=Tally(files["number"] or 0, int(files["total"] or 0)),
        payments=payroll_figures(payroll).by_state,
        balances=balances,
    )


def payroll_summary(payroll: Payroll) -> dict[str, Any]:
    """Give what faces say of a payroll: the keys of `amana payroll prepare`."""
    figures = payroll_figures(payroll)
    return {
        "payroll": str(payroll.reference),
        "payments": figures.all.count,
        "total_minor": figures.all.minor,
        "currency": payroll.currency,
        "held": figures.held.count,
    }
