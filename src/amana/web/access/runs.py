"""Long operations: what goes on, how far it is, how it ended."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext, pgettext_lazy
from django.views.decorators.http import require_POST

from amana.access import commands, queries, scope
from amana.access.models import Run
from amana.web.pages import page
from amana.web.tables import Column, Empty, Filter, Table
from amana.web.words import say_number

STATES: dict[str, tuple[Any, str]] = {
    Run.State.WAITING: (pgettext_lazy("run", "waits"), "waits"),
    Run.State.RUNNING: (pgettext_lazy("run", "going on"), "active"),
    Run.State.DONE: (pgettext_lazy("run", "done"), "done"),
    Run.State.FAILED: (pgettext_lazy("run", "failed"), "harm"),
    Run.State.CANCELLED: (pgettext_lazy("run", "stopped"), "waits"),
}
KINDS = {
    "import": _l("Import"),
    "snapshot": _l("Snapshot"),
    "score": _l("Scoring"),
    "target": _l("Targeting"),
    "enrol": _l("Enrolment"),
    "payroll": _l("Payroll"),
    "export": _l("Payment files"),
    "ingest": _l("Bank statuses"),
    "reconcile": _l("Reconciliation"),
}


def kind_words(kind: str) -> str:
    """Name a kind of run for people."""
    return str(KINDS.get(kind, kind.replace("_", " ").replace("-", " ").capitalize()))


COLUMNS = (
    Column(
        "reference",
        _l("Run"),
        kind="reference",
        link=lambda row: reverse("access:run", args=[row.reference]),
    ),
    Column("kind", _l("What"), value=lambda row: kind_words(row.kind), sort="kind"),
    Column("subject", _l("About"), value=lambda row: row.subject or row.programme),
    Column("state", _l("State"), kind="status", status=lambda row: STATES[row.state], sort="state"),
    Column("done_count", _l("Done"), kind="number"),
    Column("username", _l("Who"), sort="username"),
    Column("started_at", _l("Started"), kind="moment"),
)


@page("access.view_runs")
def runs(request: HttpRequest) -> HttpResponse:
    """List runs, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=queries.list_runs(actor=actor),
        columns=COLUMNS,
        filters=(
            Filter(
                "kind",
                _l("What"),
                lambda rows, v: rows.filter(kind=v),
                choices=list(KINDS.items()),
            ),
            Filter(
                "state",
                _l("State"),
                lambda rows, v: rows.filter(state=v),
                choices=[(code, words) for code, (words, _mark) in STATES.items()],
            ),
        ),
        count_words=lambda n, text: ngettext("%(n)s run", "%(n)s runs", n) % {"n": text},
        empty=Empty(
            _("No long work was started yet"),
            _("Imports, snapshots, targeting and payrolls appear here with their progress."),
        ),
        filename="runs",
    )
    return table.export() or render(request, "access/runs.html", {"table": table})


def result_pairs(run: Run) -> list[tuple[str, str]]:
    """List what a run answered, its numbers written for people; nested parts are left out."""
    pairs = []
    for key, value in run.result.items():
        if isinstance(value, (bool, dict | list)) or value in (None, ""):
            continue
        text = say_number(value) if isinstance(value, int | float) else str(value)
        pairs.append((key.replace("_", " ").capitalize(), text))
    return pairs


@page("access.view_runs")
def run(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one run: progress while it works, result or error when it ended."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_run(actor=actor, reference=reference)
    going = found.state in {Run.State.RUNNING, Run.State.WAITING}
    return render(
        request,
        "access/run.html",
        {
            "run": found,
            "kind": kind_words(found.kind),
            "state": STATES[found.state],
            "going": going,
            "may_cancel": going and scope.holds(actor, "access.cancel_run"),
            "result": result_pairs(found),
        },
    )


@page("access.cancel_run")
@require_POST
def cancel(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a run to stop."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_run(actor=actor, reference=reference)
    commands.cancel_run(actor=actor, reference=found.reference)
    messages.warning(
        request, _("Asked to stop. It stops at its next step, and nothing of it is written.")
    )
    return redirect("access:run", reference=found.reference)
