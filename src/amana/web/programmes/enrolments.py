"""Enrolments: the list of a programme, one enrolment with its moves, and the acts on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import scope, territory
from amana.kernel import clock
from amana.programmes import commands
from amana.programmes.models import Enrolment, Recipient
from amana.programmes.queries import enrolments as enrolled
from amana.web.forms import Form
from amana.web.pages import page
from amana.web.programmes import telling
from amana.web.programmes.views import CRUMBS
from amana.web.tables import Column, Empty, Filter, Table
from amana.web.words import in_language, say_date

VIEW_DECISIONS = "programmes.view_decisions"
CHANGE = "programmes.change_enrolment"
CHANGE_RECIPIENT = "programmes.change_recipient"

#: Reasons offered for each act, as codes that stay the same; labels are translated.
REASONS: dict[str, list[tuple[str, Any]]] = {
    "suspend": [
        ("UNDER_REVIEW", _l("Something is under review")),
        ("RECIPIENT_MISSING", _l("Nobody can collect")),
        ("NOT_COLLECTED", _l("Payments were not collected")),
        ("CONDITION_MISSED", _l("A condition was missed after a warning")),
    ],
    "reinstate": [
        ("REVIEW_CLOSED", _l("The review found nothing against it")),
        ("RECIPIENT_FOUND", _l("Somebody can collect again")),
        ("APPEAL_UPHELD", _l("A complaint or appeal was upheld")),
    ],
    "exit": [
        ("NO_LONGER_ELIGIBLE", _l("No longer eligible")),
        ("DIED", _l("The person has died")),
        ("MOVED_AWAY", _l("Moved out of the programme's area")),
        ("LEFT", _l("Left at their own wish")),
        ("ENROLLED_IN_ERROR", _l("Enrolled in error")),
    ],
}


@page("programmes.view_decisions", purpose="eligibility")
def enrolments(request: HttpRequest, code: str) -> HttpResponse:
    """List the enrolments of a programme in the actor's areas."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_programme_for(actor=actor, code=code)

    def in_area(rows: Any, area_code: str) -> Any:
        area = (
            territory.list_areas(actor=actor, permission=VIEW_DECISIONS)
            .filter(code=area_code)
            .first()
        )
        return rows.filter(area__path__contains=[area.pk]) if area else rows.none()

    table = Table(
        request,
        rows=enrolled.list_enrolments(actor=actor).filter(programme=found),
        columns=(
            Column(
                "reference",
                _l("Enrolment"),
                kind="reference",
                link=lambda row: reverse("programmes:enrolment", args=[row.reference]),
            ),
            Column("who", _l("Who"), value=lambda row: telling.name_of(row.group or row.person)),
            Column("area", _l("Area"), value=lambda row: row.area.name if row.area else ""),
            Column(
                "state",
                _l("State"),
                kind="status",
                status=lambda row: telling.ENROLMENT_STATES[row.state],
                sort="state",
            ),
            Column("since", _l("Since"), kind="date", sort="since"),
        ),
        filters=(
            Filter(
                "state",
                _l("State"),
                lambda rows, v: rows.filter(state=v),
                choices=[(c, words) for c, (words, _m) in telling.ENROLMENT_STATES.items()],
            ),
            Filter(
                "area",
                _l("Area"),
                in_area,
                choices=territory.list_filter_areas(
                    actor=actor,
                    permission=VIEW_DECISIONS,
                    selected=request.GET.get("area", ""),
                ),
            ),
        ),
        count_words=lambda n, text: (
            ngettext("%(n)s enrolment", "%(n)s enrolments", n) % {"n": text}
        ),
        empty=Empty(
            _("Nobody is enrolled yet"),
            _("An approved list is enrolled from the page of its run."),
        ),
        filename=f"enrolments-{found.code}",
    )
    title = in_language(found.title)
    crumbs = [
        CRUMBS,
        {"title": title, "url": reverse("programmes:programme", args=[found.code])},
        {"title": _("Enrolments")},
    ]
    return table.export() or render(
        request,
        "programmes/enrolments.html",
        {"table": table, "programme": found, "title": title, "crumbs": crumbs},
    )


@page("programmes.view_decisions", purpose="eligibility")
def enrolment(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one enrolment: how it stands, who collects, and everything that happened."""
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_enrolment_for(actor=actor, reference=reference)
    unit = found.group or found.person
    sentence, mark = telling.enrolled_sentence(found)
    code, area_id = found.programme.code, found.area_id
    may_change = scope.allows(actor, CHANGE, programme=code, area_id=area_id)
    state = found.state
    events = [
        {
            "at": move.at,
            "text": _("%(state)s from %(day)s: %(reason)s")
            % {
                "state": telling.ENROLMENT_STATES[move.after][0],
                "day": say_date(move.on),
                "reason": _reason_words(move.reason),
            },
            "by": move.username,
            "note": move.note,
        }
        for move in found.moves.order_by("-id")
    ]
    recipients = found.recipients.select_related("person", "organisation").order_by("-id")
    return render(
        request,
        "programmes/enrolment.html",
        {
            "enrolment": found,
            "unit": unit,
            "name": telling.name_of(unit),
            "unit_url": telling.page_of(unit) if unit else "",
            "title": in_language(found.programme.title),
            "sentence": sentence,
            "mark": mark,
            "state": telling.ENROLMENT_STATES[state],
            "events": events,
            "recipients": [_recipient_row(row) for row in recipients],
            "may_suspend": may_change and state == Enrolment.State.ACTIVE,
            "may_reinstate": may_change and state == Enrolment.State.SUSPENDED,
            "may_exit": may_change and state != Enrolment.State.EXITED,
            "may_change_recipient": state != Enrolment.State.EXITED
            and scope.allows(actor, CHANGE_RECIPIENT, programme=code, area_id=area_id),
            "crumbs": _crumbs(found),
        },
    )


def _crumbs(found: Enrolment) -> list[dict[str, Any]]:
    return [
        CRUMBS,
        {
            "title": in_language(found.programme.title),
            "url": reverse("programmes:programme", args=[found.programme.code]),
        },
        {
            "title": _("Enrolments"),
            "url": reverse("programmes:enrolments", args=[found.programme.code]),
        },
        {"title": str(found.reference)},
    ]


def _reason_words(code: str) -> str:
    for reasons in REASONS.values():
        for known, words in reasons:
            if known == code:
                return str(words)
    if code == "SELECTED":
        return _("selected in an approved list")
    return code.replace("_", " ").lower()


def _recipient_row(row: Recipient) -> dict[str, Any]:
    payee = row.person or row.organisation
    return {
        "name": telling.name_of(row.person) if row.person else str(payee),
        "url": telling.page_of(row.person) if row.person else "",
        "relation": telling.RELATIONS[row.relation],
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "proof": row.proof,
    }


class MoveForm(Form):
    """A step in the life of an enrolment: why, and what the people were told."""

    reason = forms.ChoiceField(label=_l("Why?"), widget=forms.RadioSelect)
    notice = forms.CharField(
        label=_l("What were they told?"),
        help_text=_l("In the words of the notice; they have the right to know and to object."),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=500,
    )

    def __init__(self, *args: Any, act: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = REASONS[act]  # type: ignore[attr-defined]
        if act == "reinstate":
            del self.fields["notice"]


class RecipientForm(Form):
    """Who collects from now on, and what shows that they may."""

    person = forms.CharField(
        label=_l("Who will collect?"),
        help_text=_l("Reference of the person, PN-…, or source:key."),
        max_length=120,
    )
    relation = forms.ChoiceField(
        label=_l("What are they to the beneficiary?"),
        choices=[(c, w) for c, w in telling.RELATIONS.items() if c != "INSTITUTION"],
        widget=forms.RadioSelect,
    )
    proof = forms.CharField(
        label=_l("What shows that they may?"),
        help_text=_l("A guardian's letter, a court's order; not needed for the person themselves."),
        required=False,
        max_length=200,
    )


def _act(
    request: HttpRequest,
    reference: str,
    *,
    act: str,
    heading: str,
    warning: str,
    button: str,
    do: Callable[[Enrolment, dict[str, Any]], object],
) -> HttpResponse:
    actor = request.actor  # type: ignore[attr-defined]
    found = enrolled.get_enrolment_for(actor=actor, reference=reference)
    form: Form
    if act == "recipient":
        form = RecipientForm(request.POST or None)
    else:
        form = MoveForm(request.POST or None, act=act)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            do(found, form.cleaned_data)
        if not form.errors:
            messages.success(request, _("Done. It is written in the history below."))
            return redirect("programmes:enrolment", reference=found.reference)
    return render(
        request,
        "programmes/move.html",
        {
            "enrolment": found,
            "form": form,
            "heading": heading,
            "warning": warning,
            "button": button,
            "is_harmful": act in ("suspend", "exit"),
            "name": telling.name_of(found.group or found.person),
            "crumbs": _crumbs(found),
        },
    )


@page(CHANGE)
def suspend(request: HttpRequest, reference: str) -> HttpResponse:
    """Hold an enrolment for a time."""

    def do(found: Enrolment, given: dict[str, Any]) -> object:
        return commands.suspend_enrolment(
            actor=request.actor,  # type: ignore[attr-defined]
            enrolment=str(found.reference),
            reason=given["reason"],
            notice=given["notice"],
            notice_on=clock.today(),
            on=clock.today(),
            at=clock.now(),
        )

    return _act(
        request,
        reference,
        act="suspend",
        heading=_("Suspend this enrolment"),
        warning=_("Nothing is paid until it is reinstated."),
        button=_("Suspend"),
        do=do,
    )


@page(CHANGE)
def reinstate(request: HttpRequest, reference: str) -> HttpResponse:
    """Let a suspended enrolment be paid again."""

    def do(found: Enrolment, given: dict[str, Any]) -> object:
        return commands.reinstate_enrolment(
            actor=request.actor,  # type: ignore[attr-defined]
            enrolment=str(found.reference),
            reason=given["reason"],
            words="",
            on=clock.today(),
            at=clock.now(),
        )

    return _act(
        request,
        reference,
        act="reinstate",
        heading=_("Reinstate this enrolment"),
        warning=_("It is paid again from the next payroll."),
        button=_("Reinstate"),
        do=do,
    )


@page(CHANGE)
def exit_(request: HttpRequest, reference: str) -> HttpResponse:
    """Close an enrolment for ever."""

    def do(found: Enrolment, given: dict[str, Any]) -> object:
        return commands.exit_enrolment(
            actor=request.actor,  # type: ignore[attr-defined]
            enrolment=str(found.reference),
            reason=given["reason"],
            notice=given["notice"],
            notice_on=clock.today(),
            on=clock.today(),
            at=clock.now(),
        )

    return _act(
        request,
        reference,
        act="exit",
        heading=_("Close this enrolment"),
        warning=_("It cannot be opened again: a return is a new enrolment, and the place is free."),
        button=_("Close the enrolment for ever"),
        do=do,
    )


@page(CHANGE_RECIPIENT)
def recipient(request: HttpRequest, reference: str) -> HttpResponse:
    """Let somebody else collect."""

    def do(found: Enrolment, given: dict[str, Any]) -> object:
        return commands.change_recipient(
            actor=request.actor,  # type: ignore[attr-defined]
            enrolment=str(found.reference),
            relation=given["relation"],
            person=given["person"],
            proof=given["proof"],
            on=clock.today(),
            at=clock.now(),
        )

    return _act(
        request,
        reference,
        act="recipient",
        heading=_("Change who collects"),
        warning=_("Who collects now stops collecting today. Payments go to the new one's account."),
        button=_("Change who collects"),
        do=do,
    )
