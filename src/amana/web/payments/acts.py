"""What officers do with payrolls: prepare, approve, export, read answers, pay again."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from amana.access import scope
from amana.access.models import Run
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import AmanaError, NotFound
from amana.kernel.home import make_folder
from amana.payments import commands, queries
from amana.payments.models import Payroll
from amana.payments.reconciliation import Tally
from amana.programmes import queries as programmes
from amana.web import background
from amana.web.forms import Form
from amana.web.pages import page
from amana.web.payments import telling
from amana.web.payments.views import CRUMBS, crumbs_of
from amana.web.words import in_language, say_number

UPLOAD_LIMIT_BYTES = 500 * 1024 * 1024


class PrepareForm(Form):
    """Which programme, which month."""

    programme = forms.ChoiceField(label=_l("Which programme?"), widget=forms.RadioSelect)
    period = forms.CharField(
        label=_l("Which month?"), help_text=_l("Written as 2026-11."), max_length=20
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["programme"].choices = [  # type: ignore[attr-defined]
            (row.code, in_language(row.title))
            for row in programmes.list_programmes(actor=actor).filter(external=False)
            if scope.allows(actor, "payments.prepare_payroll", programme=row.code)
        ]


@page("payments.prepare_payroll")
def prepare(request: HttpRequest) -> HttpResponse:
    """Ask for programme and month, and prepare the payroll."""
    actor = request.actor  # type: ignore[attr-defined]
    initial = {
        "programme": request.GET.get("programme", ""),
        "period": request.GET.get("period", f"{clock.today():%Y-%m}"),
    }
    form = PrepareForm.of(request, actor=actor, initial=initial)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        programme = programmes.get_programme(given["programme"])
        existing = queries.find_payroll_of(programme, given["period"].strip())
        if existing is not None:
            messages.info(request, _("This payroll was prepared before. Here it is."))
            return redirect("payments:payroll", reference=existing.reference)
        with form.refusals():
            run = background.start(
                lambda: commands.prepare_payroll(
                    actor=actor,
                    programme=programme.code,
                    period=given["period"],
                    at=clock.now(),
                ),
                actor=actor,
                kind="payroll",
            )
            return _after(request, run)
    return render(
        request,
        "payments/prepare.html",
        {"form": form, "crumbs": [CRUMBS, {"title": _("Prepare a payroll")}]},
    )


def _after(request: HttpRequest, run: Run) -> HttpResponse:
    """Go to the payroll a run made, or to the run while it works."""
    run.refresh_from_db()
    if run.state != Run.State.DONE:
        return redirect("access:run", reference=run.reference)
    found = Payroll.objects.select_related("programme").get(reference=run.result["payroll"])
    figures = queries.payroll_figures(found)
    messages.success(
        request,
        _("Prepared: %(payments)s, %(held)s of them held. Another person approves it.")
        % {
            "payments": telling.counted(figures.all, found),
            "held": say_number(figures.held.count),
        },
    )
    return redirect("payments:payroll", reference=found.reference)


class ApproveForm(Form):
    """What the approver was shown, so that nothing else is approved."""

    count = forms.IntegerField(widget=forms.HiddenInput)
    minor = forms.IntegerField(widget=forms.HiddenInput)


@page("payments.approve_payroll")
def approve(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for the signature, naming what is signed; a second click changes nothing."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payroll(
        actor=actor, reference=reference, permission="payments.approve_payroll"
    )
    figures = queries.payroll_figures(found)
    shown = {"count": figures.payable.count, "minor": figures.payable.minor}
    form = ApproveForm.of(request, initial=shown)
    if request.method == "POST" and form.is_valid():
        already = found.state != Payroll.State.PREPARED
        with form.refusals():
            approved = commands.approve_payroll(
                actor=actor,
                payroll=str(found.reference),
                at=clock.now(),
                expected_count=form.cleaned_data["count"],
                expected_minor=form.cleaned_data["minor"],
            )
        if not form.errors:
            if not already:
                messages.success(
                    request,
                    _("Approved: %(payments)s. Nothing of it changes any more.")
                    % {
                        "payments": telling.counted(
                            Tally(approved.approved_count or 0, approved.approved_minor or 0),
                            approved,
                        )
                    },
                )
            return redirect("payments:payroll", reference=found.reference)
    if found.state in (Payroll.State.APPROVED, Payroll.State.INSTRUCTED) and not form.errors:
        return redirect("payments:payroll", reference=found.reference)
    return render(
        request,
        "payments/approve.html",
        {
            "form": form,
            "shown": shown,
            "payroll": found,
            "title": telling.title_of(found),
            "label": telling.approve_label(figures.payable, found),
            "payable": figures.payable,
            "held": figures.held,
            "held_words": telling.counted(figures.held, found),
            "is_own": found.prepared_by == actor.username,
            "crumbs": [*crumbs_of(found), {"title": _("Approve")}],
        },
    )


@page("payments.hold_payment")
@require_POST
def recheck(request: HttpRequest, reference: str) -> HttpResponse:
    """Hold the payments for which something came up since the payroll was prepared."""
    held = commands.recheck_payroll(
        actor=request.actor,  # type: ignore[attr-defined]
        payroll=reference,
        at=clock.now(),
    )
    words = ngettext("%(n)s payment was held.", "%(n)s payments were held.", held)
    text = words % {"n": say_number(held)} if held else _("Nothing came up since.")
    messages.success(request, text)
    return redirect("payments:payroll", reference=reference)


class ReasonForm(Form):
    """Why, for those who ask later."""

    reason = forms.CharField(
        label=_l("Why?"),
        help_text=_l("It is kept with the payment, for those who ask later."),
        widget=forms.Textarea(attrs={"rows": 2}),
        max_length=300,
    )


@page("payments.discard_payroll")
def discard(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask why, then discard a payroll nobody has approved."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payroll(
        actor=actor, reference=reference, permission="payments.discard_payroll"
    )
    form = ReasonForm.of(request)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            commands.discard_payroll(
                actor=actor,
                payroll=str(found.reference),
                reason=form.cleaned_data["reason"],
                at=clock.now(),
            )
        if not form.errors:
            messages.success(request, _("Discarded. The month can be prepared anew."))
            return redirect("payments:payroll", reference=found.reference)
    figures = queries.payroll_figures(found)
    return render(
        request,
        "payments/act.html",
        {
            "form": form,
            "heading": _("Discard this payroll"),
            "under": telling.title_of(found),
            "words": _(
                "%(payments)s are cancelled. Nobody was promised anything yet; the month can be "
                "prepared anew."
            )
            % {"payments": telling.counted(figures.all, found)},
            "button": _("Discard %(payments)s") % {"payments": telling.counted(figures.all, found)},
            "is_harmful": True,
            "back": found.reference,
            "crumbs": [*crumbs_of(found), {"title": _("Discard")}],
        },
    )


@page("payments.export_payroll")
@require_POST
def export(request: HttpRequest, reference: str) -> HttpResponse:
    """Write the providers' files, to be downloaded from the payroll's page."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payroll(
        actor=actor, reference=reference, permission="payments.export_payroll"
    )
    run = background.start(
        lambda: commands.export_payroll(
            actor=actor,
            payroll=str(found.reference),
            folder=commands.exports_folder(str(found.reference)),
            at=clock.now(),
        ),
        actor=actor,
        kind="export",
    )
    run.refresh_from_db()
    if run.state != Run.State.DONE:
        return redirect("access:run", reference=run.reference)
    count = run.result["files"]
    words = ngettext("%(n)s file is ready below.", "%(n)s files are ready below.", count)
    messages.success(request, words % {"n": say_number(count)})
    return redirect("payments:payroll", reference=found.reference)


@page("payments.export_payroll", purpose="payment")
def download(request: HttpRequest, reference: str, name: str) -> HttpResponse | FileResponse:
    """Give one file of a payroll, as it was exported; it is written again when it is gone."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_payroll(
        actor=actor, reference=reference, permission="payments.export_payroll"
    )
    file = queries.list_files(found).filter(name=name).first()
    if file is None:
        raise NotFound(
            _("This payroll has no such file."), mend=_("Download it from the payroll's page.")
        )
    path = commands.exports_folder(str(found.reference)) / file.name
    if not path.is_file():
        commands.export_payroll(
            actor=actor, payroll=str(found.reference), folder=path.parent, at=clock.now()
        )
    kind = "text/csv" if path.suffix == ".csv" else "application/xml"
    return FileResponse(path.open("rb"), as_attachment=True, filename=file.name, content_type=kind)


class StatusForm(Form):
    """A file of a provider."""

    file = forms.FileField(
        label=_l("Which file did the provider send?"),
        help_text=_l("A status report (pain.002, XML), or the CSV of a mobile money provider."),
        max_length=200,
    )

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse a file too large for the page; the command line takes those."""
        given: UploadedFile[bytes] = self.cleaned_data["file"]
        if (given.size or 0) > UPLOAD_LIMIT_BYTES:
            raise forms.ValidationError(
                _("The file is too large for this page. Use amana payments ingest FILE.")
            )
        return given


@page("payments.ingest_status")
def ingest(request: HttpRequest) -> HttpResponse:
    """Take a status file and read it."""
    actor = request.actor  # type: ignore[attr-defined]
    form = StatusForm.of(request)
    if request.method == "POST" and form.is_valid():
        given: UploadedFile[bytes] = form.cleaned_data["file"]
        path = _store(given)
        with form.refusals():
            try:
                run = background.start(
                    lambda: commands.ingest_status(
                        actor=actor, path=path, name=given.name, at=clock.now()
                    ),
                    actor=actor,
                    kind="ingest",
                    afterwards=lambda: path.unlink(missing_ok=True),
                )
            except AmanaError as error:
                form.add_error("file", str(error))
            else:
                return _after_reading(request, run)
    return render(
        request,
        "payments/ingest.html",
        {"form": form, "crumbs": [CRUMBS, {"title": _("Read a status file")}]},
    )


def _store(given: UploadedFile[bytes]) -> Path:
    folder = Path(settings.AMANA_HOME) / "incoming"
    make_folder(folder)
    handle, name = tempfile.mkstemp(prefix="statuses-", dir=folder)
    with os.fdopen(handle, "wb") as target:
        for chunk in given.chunks():
            target.write(chunk)
    return Path(name)


def _after_reading(request: HttpRequest, run: Run) -> HttpResponse:
    run.refresh_from_db()
    if run.state != Run.State.DONE:
        return redirect("access:run", reference=run.reference)
    result = run.result
    if result["existing"]:
        messages.info(request, _("This file was read before. Nothing changed."))
    else:
        messages.success(
            request,
            _("Read: %(paid)s paid, %(rejected)s rejected, %(pending)s on their way.")
            % {key: say_number(result[key]) for key in ("paid", "rejected", "pending")},
        )
    odd = result["unmatched"] + result["conflicts"]
    if odd:
        words = ngettext(
            "%(n)s statement of the provider needs a look; see below.",
            "%(n)s statements of the provider need a look; see below.",
            odd,
        )
        messages.warning(request, words % {"n": say_number(odd)})
    for warning in result["warnings"]:
        messages.warning(request, warning)
    return redirect("payments:payroll", reference=result["payroll"])


@page("payments.prepare_payroll")
@require_POST
def retry(request: HttpRequest, reference: str) -> HttpResponse:
    """Prepare a supplementary payroll for what did not reach its payees."""
    prepared = commands.retry_rejected(
        actor=request.actor,  # type: ignore[attr-defined]
        payroll=reference,
        at=clock.now(),
    )
    if prepared.existing:
        messages.info(request, _("This supplementary payroll waits already. Here it is."))
    else:
        figures = queries.payroll_figures(prepared.payroll)
        messages.success(
            request,
            _("Prepared: %(payments)s, %(held)s of them held. Another person approves it.")
            % {
                "payments": telling.counted(figures.all, prepared.payroll),
                "held": say_number(figures.held.count),
            },
        )
    return redirect("payments:payroll", reference=prepared.payroll.reference)
