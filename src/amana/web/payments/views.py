"""The list of payrolls, one payroll with everything about it, and its payments."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import scope, territory
from amana.payments import queries
from amana.payments.models import Payroll
from amana.payments.reconciliation import Reconciliation, Tally
from amana.payments.states import PaymentState
from amana.programmes import queries as programmes
from amana.web.pages import page
from amana.web.payments import telling
from amana.web.tables import Column, Empty, Filter, Table
from amana.web.words import in_language, say_date, say_moment, say_number

CRUMBS = {"title": _l("Payments"), "url": "/payments/"}
LISTED = 50


def crumbs_of(payroll: Payroll) -> list[dict[str, Any]]:
    """Give where we are, from the list of payrolls to this one."""
    url = reverse("payments:payroll", args=[payroll.reference])
    return [CRUMBS, {"title": telling.title_of(payroll), "url": url}]


def _programme_and_kind(row: Payroll) -> str:
    name = in_language(row.programme.title)
    return _("%(programme)s, supplementary") % {"programme": name} if row.sequence > 1 else name


@page(queries.VIEW)
def payrolls(request: HttpRequest) -> HttpResponse:
    """List the payrolls of the actor's programmes, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=queries.list_payrolls(actor=actor),
        columns=(
            Column(
                "reference",
                _l("Payroll"),
                kind="reference",
                link=lambda row: reverse("payments:payroll", args=[row.reference]),
            ),
            Column("title", _l("Programme"), value=_programme_and_kind),
            Column("period", _l("Period"), kind="reference", sort="period"),
            Column(
                "state",
                _l("State"),
                kind="status",
                status=lambda row: telling.PAYROLL_STATES[row.state],
                sort="state",
            ),
            Column(
                "payments",
                _l("Payments"),
                kind="number",
                value=lambda row: row.counts.get("payments"),
            ),
            Column(
                "total_minor",
                _l("Amount"),
                kind="money",
                value=lambda row: row.counts.get("total_minor"),
            ),
            Column("currency", _l("In")),
            Column("pay_on", _l("Paid on"), kind="date", sort="pay_on"),
        ),
        filters=(
            Filter(
                "programme",
                _l("Programme"),
                lambda rows, v: rows.filter(programme__code=v),
                choices=[
                    (row.code, in_language(row.title))
                    for row in programmes.list_programmes(actor=actor).filter(external=False)
                ],
            ),
            Filter(
                "state",
                _l("State"),
                lambda rows, v: rows.filter(state=v),
                choices=[(c, words) for c, (words, _m) in telling.PAYROLL_STATES.items()],
            ),
            Filter("period", _l("Period"), lambda rows, v: rows.filter(period=v.strip())),
        ),
        count_words=lambda n, text: ngettext("%(n)s payroll", "%(n)s payrolls", n) % {"n": text},
        empty=Empty(
            _("No payroll was prepared yet"),
            _("Once a programme has enrolled people, its payroll is prepared month by month."),
        ),
        filename="payrolls",
    )
    return table.export() or render(
        request,
        "payments/payrolls.html",
        {
            "table": table,
            "may_prepare": scope.holds(actor, "payments.prepare_payroll"),
            "may_ingest": scope.holds(actor, "payments.ingest_status"),
        },
    )


@page(queries.VIEW)
def payroll(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a payroll: what it comes to, what is held and why, files, answers, reconciliation."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payroll(actor=actor, reference=reference)
    figures = queries.payroll_figures(found)
    state = found.state
    frozen = state in (Payroll.State.APPROVED, Payroll.State.INSTRUCTED)

    def may(permission: str) -> bool:
        return scope.allows(actor, f"payments.{permission}", programme=found.programme.code)

    own = found.prepared_by == actor.username
    again = queries.unpaid_of(found) if frozen else Tally()
    shortfalls = queries.list_shortfalls(found)
    reconciled = (
        queries.reconcile_payroll(actor=actor, reference=str(found.reference)) if frozen else None
    )
    return render(
        request,
        "payments/payroll.html",
        {
            "payroll": found,
            "title": telling.title_of(found),
            "programme": in_language(found.programme.title),
            "state": telling.PAYROLL_STATES[state],
            "figures": _figures(found, figures),
            "held": queries.held_groups(found),
            "shortfalls": shortfalls[:LISTED],
            "shortfall_words": telling.SHORTFALLS,
            "approve_label": telling.approve_label(figures.payable, found),
            "is_prepared": state == Payroll.State.PREPARED,
            "is_frozen": frozen,
            "can_approve": state == Payroll.State.PREPARED
            and may("approve_payroll")
            and not own
            and figures.payable.count > 0,
            "is_own": own and state == Payroll.State.PREPARED,
            "may_hold": may("hold_payment") and state == Payroll.State.PREPARED,
            "may_discard": may("discard_payroll")
            and state == Payroll.State.PREPARED
            and found.sequence == 1,
            "may_export": may("export_payroll") and frozen,
            "may_ingest": may("ingest_status") and state == Payroll.State.INSTRUCTED,
            "may_retry": may("prepare_payroll") and frozen and again.count > 0,
            "may_supplement": may("prepare_payroll") and frozen and again.count == 0,
            "retry_label": _("Pay %(payments)s again")
            % {"payments": telling.counted(again, found)},
            "files": [
                {
                    "row": file,
                    "channel": in_language(file.channel_version.channel.title)
                    or file.channel_version.channel.code,
                }
                for file in queries.list_files(found)
            ],
            "answers": [
                {"row": read, "odd": read.counts["unmatched"] + read.counts["conflicts"]}
                for read in queries.list_messages(found)
            ],
            "conflicts": [
                {"row": line, "words": telling.CONFLICTS.get(line.conflict, line.conflict)}
                for line in queries.list_conflicts(found)[:LISTED]
            ],
            "reconciled": reconciled,
            "rows": _reconciliation_rows(found, reconciled) if reconciled else [],
            "others": list(
                queries.list_payrolls(actor=actor)
                .filter(programme=found.programme, period=found.period)
                .exclude(pk=found.pk)
            ),
            "summary": _summary(found),
            "crumbs": [CRUMBS, {"title": telling.title_of(found)}],
        },
    )


def _figures(found: Payroll, figures: queries.PayrollFigures) -> list[dict[str, Any]]:
    """Give the totals at the top, each with its count, its sum and the list behind it."""
    url = reverse("payments:payments", args=[found.reference])
    parts: list[tuple[str, Tally, str]] = [(_("Payments"), figures.all, url)]
    for state in PaymentState:
        tally = figures.of(state)
        if tally.count and state is not PaymentState.CANCELLED:
            words = str(telling.PAYMENT_STATES[state.value][0])
            parts.append((words.capitalize(), tally, f"{url}?state={state.value}"))
    return [
        {
            "label": label,
            "value": say_number(tally.count),
            "sum": telling.money(tally.minor, found),
            "url": link,
        }
        for label, tally, link in parts
    ]


def _summary(found: Payroll) -> list[tuple[Any, ...]]:
    pairs: list[tuple[Any, ...]] = [
        (_("Period"), found.period),
        (_("Paid on or after"), say_date(found.pay_on)),
        (_("Prepared"), f"{say_moment(found.prepared_at)} · {found.prepared_by}"),
    ]
    if found.approved_at:
        pairs.append((_("Approved"), f"{say_moment(found.approved_at)} · {found.approved_by}"))
        pairs.append((_("Hash of what was approved"), found.sha256))
    if found.basis.get("snapshot"):
        pairs.append((_("Amounts from the snapshot"), found.basis["snapshot"]))
    pairs.append((_("Rules"), _("version %(v)s") % {"v": found.version.version}))
    if found.supplements_id and found.supplements:
        url = reverse("payments:payroll", args=[found.supplements.reference])
        pairs.append((_("Supplements"), str(found.supplements.reference), url))
    return pairs


def _reconciliation_rows(found: Payroll, result: Reconciliation) -> list[dict[str, Any]]:
    url = reverse("payments:payments", args=[found.reference])
    rows = [
        (_("Ordered in files"), result.instructed, ""),
        (_("Paid"), result.paid, "PAID"),
        (_("Rejected"), result.rejected, "REJECTED"),
        (_("Returned"), result.returned, "RETURNED"),
        (_("Not answered yet"), result.pending, "INSTRUCTED"),
    ]
    return [
        {"label": label, "tally": tally, "url": f"{url}?state={state}" if state else ""}
        for label, tally, state in rows
    ]


@page(queries.VIEW, purpose="payment")
def payments_of(request: HttpRequest, reference: str) -> HttpResponse:
    """List the payments of a payroll within the actor's areas."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payroll(actor=actor, reference=reference)
    held = queries.held_groups(found)
    why = Column(
        "held_reason",
        _l("Held because"),
        value=lambda row: queries.words_of_hold(row.held_reason) if row.held_reason else "",
    )

    def in_area(rows: Any, code: str) -> Any:
        areas = territory.list_areas(actor=actor, permission=queries.VIEW)
        area = areas.filter(code=code).first()
        return rows.filter(area__path__contains=[area.pk]) if area else rows.none()

    table = Table(
        request,
        rows=queries.list_payments(actor=actor, payroll=found).select_related("area"),
        columns=(
            Column(
                "reference",
                _l("Payment"),
                kind="reference",
                link=lambda row: reverse("payments:payment", args=[row.reference]),
            ),
            Column("payee", _l("Payee"), value=telling.payee_name),
            Column("area", _l("Area"), value=lambda row: row.area.name if row.area else ""),
            Column(
                "channel",
                _l("Channel"),
                value=lambda row: (
                    in_language(row.channel_version.channel.title) if row.channel_version else ""
                ),
            ),
            Column(
                "state",
                _l("State"),
                kind="status",
                status=lambda row: telling.PAYMENT_STATES[row.state],
                sort="state",
            ),
            *((why,) if held else ()),
            Column(
                "amount_minor",
                _("Amount (%(currency)s)") % {"currency": found.currency},
                kind="money",
                minor_digits=found.minor_digits,
                sort="amount_minor",
            ),
        ),
        filters=(
            Filter(
                "state",
                _l("State"),
                lambda rows, v: rows.filter(state=v),
                choices=[(c, words) for c, (words, _m) in telling.PAYMENT_STATES.items()],
            ),
            Filter(
                "reason",
                _l("Held because"),
                lambda rows, v: rows.filter(held_reason=v),
                choices=[(group.reason, group.says) for group in held],
            ),
            Filter(
                "area",
                _l("Area"),
                in_area,
                choices=territory.list_filter_areas(
                    actor=actor, permission=queries.VIEW, selected=request.GET.get("area", "")
                ),
            ),
        ),
        count_words=lambda n, text: ngettext("%(n)s payment", "%(n)s payments", n) % {"n": text},
        empty=Empty(_("No payments here"), _("Nothing in this payroll fits these filters.")),
        filename=f"payments-{found.reference}",
    )
    return table.export() or render(
        request,
        "payments/payments.html",
        {
            "table": table,
            "payroll": found,
            "title": telling.title_of(found),
            "crumbs": [*crumbs_of(found), {"title": _("Payments")}],
        },
    )
