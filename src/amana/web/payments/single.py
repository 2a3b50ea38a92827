"""One payment: who gets what for which entitlements, its trail, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from amana.access import scope
from amana.kernel import clock
from amana.payments import commands, holds, queries
from amana.payments.models import Payment, Payroll
from amana.web.pages import page
from amana.web.payments import telling
from amana.web.payments.acts import ReasonForm
from amana.web.payments.views import crumbs_of
from amana.web.words import in_language, say_date

HOLD = "payments.hold_payment"


@page(queries.VIEW, purpose="payment")
def payment(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one payment with its lines, its trail, what the provider said, and the ledger."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payment(actor=actor, reference=reference)
    payroll = found.payroll
    sentence, mark = telling.state_sentence(found)
    open_payroll = payroll.state == Payroll.State.PREPARED
    may = open_payroll and scope.allows(
        actor, HOLD, programme=payroll.programme.code, area_id=found.area_id
    )
    return render(
        request,
        "payments/payment.html",
        {
            "payment": found,
            "payroll": payroll,
            "name": telling.payee_name(found),
            "sentence": sentence,
            "mark": mark,
            "mend": holds.MENDS[found.held_reason] if found.held_reason else "",
            "why": _why(found),
            "summary": _summary(found),
            "lines": queries.list_lines(found),
            "events": _events(found),
            "statuses": [
                {
                    "row": line,
                    "outcome": telling.OUTCOMES[line.outcome],
                    "reason": telling.provider_reason(line.reason_code, line.reason),
                    "conflict": telling.CONFLICTS.get(line.conflict, ""),
                }
                for line in found.statuses.select_related("message").order_by("said_at", "id")
            ],
            "movements": [
                {
                    "row": movement,
                    "debit": telling.LEDGER[movement.debit.kind],
                    "credit": telling.LEDGER[movement.credit.kind],
                }
                for movement in found.movements.select_related("debit", "credit").order_by("id")
            ],
            "can_hold": may and found.state == Payment.State.PREPARED,
            "can_release": may and found.state == Payment.State.HELD,
            "crumbs": [*crumbs_of(payroll), {"title": str(found.reference)}],
        },
    )


def _summary(found: Payment) -> list[tuple[Any, ...]]:
    payee: tuple[Any, ...] = (_("Payee"), telling.payee_name(found))
    if found.payee_person is not None:
        payee = (*payee, reverse("registry:person", args=[found.payee_person.reference]))
    channel = found.channel_version.channel if found.channel_version else None
    account = found.account
    pairs = [
        payee,
        (_("Channel"), in_language(channel.title) or channel.code if channel else ""),
        (
            _("Account"),
            _("ends with %(end)s") % {"end": account.number_end}
            if account
            else _("none: collected with the payee's reference")
            if channel
            else _("none"),
        ),
        (_("Paid on or after"), say_date(found.payroll.pay_on)),
    ]
    if found.file is not None:
        pairs.append((_("In the file"), found.file.name))
    return pairs


def _why(found: Payment) -> str:
    """Say why a provider did not pay, in its last words about it."""
    if found.state not in (Payment.State.REJECTED, Payment.State.RETURNED):
        return ""
    last = found.events.filter(after=found.state, kind="STATUS").order_by("-id").first()
    return telling.provider_reason(last.reason_code, last.reason) if last else ""


def _events(found: Payment) -> list[dict[str, Any]]:
    events = [
        {
            "at": event.at,
            "by": event.username,
            "text": telling.EVENTS.get(event.kind)
            or _("The provider's answer: %(state)s")
            % {"state": telling.PAYMENT_STATES[event.after][0]},
            "note": telling.provider_reason(event.reason_code, event.reason),
        }
        for event in found.events.order_by("-id")
    ]
    return [
        *events,
        {
            "at": found.payroll.prepared_at,
            "by": found.payroll.prepared_by,
            "text": _("Prepared in %(payroll)s") % {"payroll": telling.title_of(found.payroll)},
        },
    ]


@page(HOLD)
def hold(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask why, then keep a payment back."""
    return _act(
        request,
        reference,
        heading=_("Hold this payment"),
        words=_("The payroll goes on without it. It is carried by a supplementary payroll later."),
        button=_("Hold it"),
        do=commands.hold_payment,
        done=_("Held."),
    )


@page(HOLD)
def release(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask why, then let a held payment go."""
    return _act(
        request,
        reference,
        heading=_("Release this payment"),
        words=_("It goes with its payroll, once that is approved."),
        button=_("Release it"),
        do=commands.release_held,
        done=_("Released."),
    )


def _act(
    request: HttpRequest,
    reference: str,
    *,
    heading: str,
    words: str,
    button: str,
    do: Callable[..., object],
    done: str,
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payment(actor=actor, reference=reference, permission=HOLD)
    form = ReasonForm.of(request)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            do(
                actor=actor,
                payment=str(found.reference),
                reason=form.cleaned_data["reason"],
                at=clock.now(),
            )
        if not form.errors:
            messages.success(request, done)
            return redirect("payments:payment", reference=found.reference)
    sentence, _mark = telling.state_sentence(found)
    return render(
        request,
        "payments/act.html",
        {
            "form": form,
            "heading": heading,
            "under": f"{telling.payee_name(found)} · {sentence}",
            "words": words,
            "button": button,
            "is_harmful": False,
            "back_payment": found.reference,
            "crumbs": [
                *crumbs_of(found.payroll),
                {
                    "title": str(found.reference),
                    "url": reverse("payments:payment", args=[found.reference]),
                },
                {"title": heading},
            ],
        },
    )
