"""What payments tell elsewhere: work that waits, figures, a household's payments, search."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import scope
from amana.kernel.command import Actor
from amana.payments import queries
from amana.payments.models import Payment, Payroll
from amana.payments.states import PaymentState
from amana.registry.models import Group, Person
from amana.web import providers
from amana.web.finding import Destination, finder
from amana.web.payments import telling
from amana.web.words import in_language, say_amount, say_number

Subject = Group | Person
SHOWN = 100


def _waiting(actor: Actor, permission: str, **wanted: Any) -> QuerySet[Payroll]:
    rows = Payroll.objects.filter(**wanted).select_related("programme").order_by("prepared_at")
    return scope.within_programmes(rows, actor, permission)


def _work(rows: list[Payroll], sentence: str) -> Iterator[providers.Work]:
    if rows:
        url = (
            reverse("payments:payroll", args=[rows[0].reference])
            if len(rows) == 1
            else f"{reverse('payments:payrolls')}?state={rows[0].state}"
        )
        yield providers.Work(
            count=len(rows),
            sentence=sentence,
            url=url,
            oldest_at=rows[0].approved_at or rows[0].prepared_at,
        )


@providers.work("payments.approve_payroll")
def payrolls_to_approve(actor: Actor) -> Iterator[providers.Work]:
    """Say which payrolls others prepared wait for this actor's signature."""
    rows = _waiting(actor, "payments.approve_payroll", state=Payroll.State.PREPARED)
    payable = rows.exclude(prepared_by=actor.username).filter(payments__state=PaymentState.PREPARED)
    found = list(payable.distinct())
    yield from _work(
        found,
        ngettext("payroll waits for your approval", "payrolls wait for your approval", len(found)),
    )


@providers.work("payments.export_payroll")
def payrolls_to_export(actor: Actor) -> Iterator[providers.Work]:
    """Say which approved payrolls are in no file for a provider yet."""
    found = list(_waiting(actor, "payments.export_payroll", state=Payroll.State.APPROVED))
    yield from _work(
        found,
        ngettext(
            "approved payroll waits to be exported",
            "approved payrolls wait to be exported",
            len(found),
        ),
    )


@providers.work("payments.hold_payment")
def held_payments(actor: Actor) -> Iterator[providers.Work]:
    """Say how many payments of payrolls still open are held."""
    rows = (
        _waiting(actor, "payments.hold_payment", state=Payroll.State.PREPARED)
        .filter(payments__state=PaymentState.HELD)
        .annotate(number=Count("payments"))
        .order_by("prepared_at")
    )
    found = list(rows)
    if found:
        count = sum(row.number for row in found)
        url = (
            f"{reverse('payments:payments', args=[found[0].reference])}?state=HELD"
            if len(found) == 1
            else f"{reverse('payments:payrolls')}?state=PREPARED"
        )
        yield providers.Work(
            count=count,
            sentence=ngettext("payment is held: see why", "payments are held: see why", count),
            url=url,
            oldest_at=found[0].prepared_at,
        )


@providers.work("payments.prepare_payroll")
def payments_to_retry(actor: Actor) -> Iterator[providers.Work]:
    """Say how many payments did not reach their payees and are in no later payroll."""
    rows = (
        _waiting(actor, "payments.prepare_payroll", state=Payroll.State.INSTRUCTED)
        .filter(
            payments__state__in=[PaymentState.REJECTED, PaymentState.RETURNED],
            payments__lines__live=True,
        )
        .annotate(number=Count("payments", distinct=True))
        .order_by("prepared_at")
    )
    found = list(rows)
    if found:
        count = sum(row.number for row in found)
        url = (
            reverse("payments:payroll", args=[found[0].reference])
            if len(found) == 1
            else f"{reverse('payments:payrolls')}?state=INSTRUCTED"
        )
        yield providers.Work(
            count=count,
            sentence=ngettext(
                "payment did not arrive: pay it again",
                "payments did not arrive: pay them again",
                count,
            ),
            url=url,
            oldest_at=found[0].approved_at,
        )


@providers.figures(queries.VIEW)
def paid_this_month(actor: Actor, on: date) -> Iterator[providers.Figure]:
    """Say what was paid for this month and the one before."""
    months = [f"{on:%Y-%m}", f"{date(on.year - (on.month == 1), (on.month - 2) % 12 + 1, 1):%Y-%m}"]
    rows = queries.list_payments(actor=actor).filter(
        payroll__period__in=months, state=PaymentState.PAID
    )
    found = {
        (period, currency): (count, int(total), digits)
        for period, currency, digits, count, total in rows.values_list(
            "payroll__period", "currency", "payroll__minor_digits"
        )
        .annotate(number=Count("id"), total=Sum("amount_minor"))
        .order_by()
    }
    for month, before in (months, (months[1], "")):
        for (period, currency), (count, total, digits) in sorted(found.items()):
            if period != month:
                continue
            earlier = found.get((before, currency))
            yield providers.Figure(
                label=_("Paid for %(month)s (%(currency)s)")
                % {"month": month, "currency": currency},
                value=say_amount(total, digits, exact=False),
                url=f"{reverse('payments:payrolls')}?period={month}",
                trend=_trend(count, earlier[1] if earlier else None, digits),
            )
        if any(period == month for period, _currency in found):
            return


def _trend(count: int, earlier_minor: int | None, digits: int) -> str:
    words = ngettext("%(n)s payment", "%(n)s payments", count) % {"n": say_number(count)}
    if earlier_minor is None:
        return words
    return _("%(payments)s; the month before %(sum)s") % {
        "payments": words,
        "sum": say_amount(earlier_minor, digits, exact=False),
    }


def _payments_of(actor: Actor, subject: Subject) -> QuerySet[Payment]:
    if isinstance(subject, Group):
        return queries.list_payments_to(actor=actor, group_id=subject.pk)
    return queries.list_payments_to(actor=actor, person_ids=[subject.pk])


@providers.sentences(queries.VIEW, order=30)
def latest_payment(actor: Actor, subject: Subject, on: date) -> Iterator[providers.Sentence]:
    """Say of each programme how the latest payment stands."""
    seen: set[str] = set()
    for payment in _payments_of(actor, subject)[:12]:
        payroll = payment.payroll
        if payroll.programme.code in seen or payment.state == Payment.State.CANCELLED:
            continue
        seen.add(payroll.programme.code)
        sentence, mark = telling.state_sentence(payment)
        yield providers.Sentence(
            about=in_language(payroll.programme.title),
            text=_("%(sentence)s, for %(period)s")
            % {"sentence": sentence, "period": payroll.period},
            mark={"active": "waits", "none": "waits"}.get(mark, mark),
            url=reverse("payments:payment", args=[payment.reference]),
            link=_("see"),
        )


@providers.tab(
    "payments",
    _l("Payments"),
    permission=queries.VIEW,
    order=40,
    template="payments/tab_payments.html",
)
def payments(request: HttpRequest, subject: Subject) -> dict[str, Any]:
    """Give the payments for them and to them, the latest first."""
    actor = request.actor  # type: ignore[attr-defined]
    rows = list(_payments_of(actor, subject)[: SHOWN + 1])
    return {
        "payments": [
            {
                "row": row,
                "programme": in_language(row.payroll.programme.title),
                "payee": telling.payee_name(row),
                "state": telling.PAYMENT_STATES[row.state],
                "reason": queries.words_of_hold(row.held_reason) if row.held_reason else "",
            }
            for row in rows[:SHOWN]
        ],
        "more": len(rows) > SHOWN,
    }


@finder(queries.VIEW)
def find(actor: Actor, text: str) -> Iterator[Destination]:
    """Find a payroll or payment by its reference, and a payroll by the message id of a file."""
    reference = text.strip().upper()
    if reference.startswith("PM-"):
        row = queries.list_payments(actor=actor).filter(reference=reference).first()
        if row is not None:
            yield Destination(
                url=reverse("payments:payment", args=[row.reference]),
                title=str(row.reference),
                words=telling.payee_name(row),
                exact=True,
            )
    if reference.startswith("PR-"):
        wanted = Q(reference=reference) | Q(files__message_id__iexact=reference)
        found = queries.list_payrolls(actor=actor).filter(wanted).distinct().first()
        if found is not None:
            yield Destination(
                url=reverse("payments:payroll", args=[found.reference]),
                title=str(found.reference),
                words=telling.title_of(found),
                exact=True,
            )
