"""Files that come in: the list, one import with its progress and errors."""

from __future__ import annotations

import csv
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import scope
from amana.access.models import Run
from amana.intake.models import FileImport
from amana.kernel.command import Actor
from amana.kernel.errors import NotFound
from amana.web.access.runs import STATES
from amana.web.pages import page
from amana.web.tables import Column, Empty, Filter, Table

KIND = "import"
SHOWN_ERRORS = 50


def _details(row: Run) -> FileImport | None:
    return getattr(row, "file_import", None)


def _count(name: str) -> Any:
    def read(row: Run) -> int | None:
        details = _details(row)
        return getattr(details, name) if details else None

    return read


def _file_words(row: Run) -> str:
    details = _details(row)
    return details.file_name if details else str(row.params.get("file", row.subject))


@page("intake.view_imports")
def imports(request: HttpRequest) -> HttpResponse:
    """List imports, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=list_imports(actor),
        columns=(
            Column(
                "reference",
                _l("Import"),
                kind="reference",
                link=lambda row: reverse("intake:import", args=[row.reference]),
            ),
            Column("file", _l("File"), value=_file_words),
            Column(
                "state",
                _l("State"),
                kind="status",
                status=lambda row: STATES[row.state],
                sort="state",
            ),
            Column("rows", _l("Rows"), kind="number", value=_count("row_count")),
            Column("accepted", _l("Taken"), kind="number", value=_count("accepted_count")),
            Column("rejected", _l("Refused"), kind="number", value=_count("rejected_count")),
            Column("username", _l("Who"), sort="username"),
            Column("started_at", _l("Started"), kind="moment"),
        ),
        filters=(
            Filter(
                "state",
                _l("State"),
                lambda rows, v: rows.filter(state=v),
                choices=[(code, words) for code, (words, _mark) in STATES.items()],
            ),
        ),
        count_words=lambda n, text: ngettext("%(n)s import", "%(n)s imports", n) % {"n": text},
        empty=Empty(
            _("No file was imported yet"),
            _("A file of households or people comes in through a form of the blueprint."),
        ),
        filename="imports",
    )
    return table.export() or render(
        request,
        "intake/imports.html",
        {"table": table, "may_import": scope.holds(actor, "intake.import_file")},
    )


def list_imports(actor: Actor) -> Any:
    """List the runs of imports; whoever may see imports sees all of them."""
    if not scope.holds(actor, "intake.view_imports"):
        return Run.objects.none()
    return Run.objects.filter(kind=KIND).select_related("file_import__form")


def _get(actor: Actor, reference: str) -> Run:
    found: Run | None = list_imports(actor).filter(reference=reference.strip().upper()).first()
    if found is None:
        raise NotFound(_("There is no such import."), mend=_("See the list of imports."))
    return found


@page("intake.view_imports")
def file_import(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one import: progress while it works, then counts and what was refused."""
    actor = request.actor  # type: ignore[attr-defined]
    run = _get(actor, reference)
    details = _details(run)
    going = run.state in {Run.State.RUNNING, Run.State.WAITING}
    refused = _read_errors(details) if details and details.errors_file else ([], [])
    return render(
        request,
        "intake/import.html",
        {
            "run": run,
            "details": details,
            "file_words": _file_words(run),
            "going": going,
            "may_cancel": going and scope.holds(actor, "access.cancel_run"),
            "may_import": scope.holds(actor, "intake.import_file"),
            "errors_head": refused[0],
            "errors_rows": refused[1],
        },
    )


def _errors_path(details: FileImport) -> Path:
    home = Path(settings.AMANA_HOME).resolve()
    path = (home / details.errors_file).resolve()
    if not path.is_relative_to(home) or not path.is_file():
        raise NotFound(
            _("The errors file is no longer kept."), mend=_("Import the file again to see them.")
        )
    return path


def _read_errors(details: FileImport) -> tuple[list[str], list[list[str]]]:
    """Read the head and the first refused rows of an errors file; nothing when it is gone."""
    try:
        path = _errors_path(details)
    except NotFound:
        return [], []
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = list(islice(csv.reader(file), SHOWN_ERRORS + 1))
    return (rows[0], rows[1:]) if rows else ([], [])


@page("intake.view_imports", purpose="mend an import")
def errors_file(request: HttpRequest, reference: str) -> HttpResponse | FileResponse:
    """Give the file of refused rows: row, column, value, reason."""
    actor = request.actor  # type: ignore[attr-defined]
    run = _get(actor, reference)
    details = _details(run)
    if details is None or not details.errors_file:
        raise NotFound(_("No row of this file was refused."))
    path = _errors_path(details)
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=path.name, content_type="text/csv"
    )
