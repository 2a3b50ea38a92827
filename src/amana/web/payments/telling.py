"""Words of payments on pages: states with their marks, kinds of events, accounts of the ledger."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext, pgettext_lazy

from amana.payments import queries
from amana.payments.models import Payment, Payroll
from amana.payments.reconciliation import Tally
from amana.web.words import in_language, say_amount, say_number

PAYROLL_STATES: dict[str, tuple[Any, str]] = {
    "PREPARED": (pgettext_lazy("payroll", "waits for approval"), "waits"),
    "APPROVED": (pgettext_lazy("payroll", "approved"), "active"),
    "INSTRUCTED": (pgettext_lazy("payroll", "with the providers"), "active"),
    "DISCARDED": (pgettext_lazy("payroll", "discarded"), "none"),
}
PAYMENT_STATES: dict[str, tuple[Any, str]] = {
    "PREPARED": (pgettext_lazy("payment", "prepared"), "none"),
    "HELD": (pgettext_lazy("payment", "held"), "waits"),
    "APPROVED": (pgettext_lazy("payment", "approved"), "active"),
    "INSTRUCTED": (pgettext_lazy("payment", "sent to the provider"), "active"),
    "ACCEPTED": (pgettext_lazy("payment", "accepted by the provider"), "active"),
    "PAID": (pgettext_lazy("payment", "paid"), "done"),
    "REJECTED": (pgettext_lazy("payment", "rejected by the provider"), "harm"),
    "RETURNED": (pgettext_lazy("payment", "returned"), "harm"),
    "CANCELLED": (pgettext_lazy("payment", "cancelled"), "none"),
}
EVENTS = {
    "APPROVED": _l("Approved"),
    "INSTRUCTED": _l("Written into a file for the provider"),
    "HELD": _l("Held"),
    "RELEASED": _l("Released"),
    "CARRIED_FORWARD": _l("Carried forward to a supplementary payroll"),
    "DISCARDED": _l("The payroll was discarded"),
}
OUTCOMES: dict[str, tuple[Any, str]] = {
    "PAID": (pgettext_lazy("status", "paid"), "done"),
    "REJECTED": (pgettext_lazy("status", "rejected"), "harm"),
    "PENDING": (pgettext_lazy("status", "on its way"), "active"),
}
CONFLICTS = {
    "UNKNOWN": _l("No payment of this file has that reference"),
    "AMOUNT_DIFFERS": _l("The provider speaks of another amount"),
    "BATCH_DIFFERS": _l("The provider names another batch"),
    "PAID_AFTER_RETRY": _l("Paid after all, and already carried forward to another payment"),
}
LEDGER = {
    "BUDGET": _l("Budget"),
    "PAYABLE": _l("Owed to people"),
    "CLEARING": _l("With the provider"),
    "PAID": _l("Paid"),
    "RETURNED": _l("Came back"),
}
SHORTFALLS = {
    "AMOUNT_UNKNOWN": _l("A fact the amount needs is not known"),
    "NOT_ASSESSED": _l("Not in the snapshot the amounts come from"),
}
#: Reasons of providers that come up most, in plain words; others are shown by their code.
PROVIDER_REASONS = {
    "AC01": _l("the account number is wrong"),
    "AC04": _l("the account is closed"),
    "AC06": _l("the account is blocked"),
    "AG01": _l("the account does not take transfers"),
    "AM04": _l("not enough money on our account"),
    "AM05": _l("a copy of a payment the provider has already"),
    "BE01": _l("the name does not fit the account"),
    "BE05": _l("the payee could not be found"),
    "MD07": _l("the account holder has died"),
    "MS02": _l("no reason given by the payee"),
    "MS03": _l("no reason given by the provider"),
    "NARR": _l("in the provider's own words"),
}


def provider_reason(code: str, words: str = "") -> str:
    """Write why a provider rejected something: the plain words, then its own."""
    plain = str(PROVIDER_REASONS.get(code, code))
    return " · ".join(part for part in (plain, words) if part)


def money(amount_minor: int, payroll: Payroll) -> str:
    """Write an amount of a payroll with its currency, for a sentence."""
    return f"{say_amount(amount_minor, payroll.minor_digits, exact=False)} {payroll.currency}"


def counted(tally: Tally, payroll: Payroll) -> str:
    """Write “1,204 payments (4,214,000 XTS)”."""
    words = ngettext("%(n)s payment (%(sum)s)", "%(n)s payments (%(sum)s)", tally.count)
    return words % {"n": say_number(tally.count), "sum": money(tally.minor, payroll)}


def approve_label(tally: Tally, payroll: Payroll) -> str:
    """Write the words of the button that approves."""
    return _("Approve %(payments)s") % {"payments": counted(tally, payroll)}


def title_of(payroll: Payroll) -> str:
    """Name a payroll: the programme, its period, and whether it is supplementary."""
    name = f"{in_language(payroll.programme.title)} {payroll.period}"
    if payroll.sequence > 1:
        return _("%(payroll)s, supplementary %(n)s") % {"payroll": name, "n": payroll.sequence - 1}
    return name


def payee_name(payment: Payment) -> str:
    """Name the payee as the payment does; those without a name by their reference."""
    if payment.payee_name:
        return payment.payee_name
    if payment.payee_person is not None:
        return str(payment.payee_person.reference)
    return _("nobody named")


def state_sentence(payment: Payment) -> tuple[str, str]:
    """Say how a payment stands, in a sentence, with its mark."""
    words, mark = PAYMENT_STATES[payment.state]
    amount = money(payment.amount_minor, payment.payroll)
    if payment.state == Payment.State.HELD:
        reason = queries.words_of_hold(payment.held_reason)
        return _("%(amount)s held: %(reason)s") % {"amount": amount, "reason": reason}, mark
    return _("%(amount)s %(state)s") % {"amount": amount, "state": words}, mark
