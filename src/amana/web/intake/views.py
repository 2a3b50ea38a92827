"""Files that come in: the list, one import with its progress and errors."""

from __future__ import annotations

import csv
import os
import shutil
import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from django import forms
from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import scope
from amana.access.models import Run
from amana.intake import commands, queries
from amana.intake.models import FileImport
from amana.kernel import clock
from amana.kernel.errors import NotFound
from amana.kernel.home import make_folder
from amana.web import background
from amana.web.access.runs import STATES
from amana.web.forms import DateInput, Form
from amana.web.pages import page
from amana.web.tables import Column, Empty, Filter, Table
from amana.web.words import in_language

SHOWN_ERRORS = 50
READ_ERRORS = 20_000
IMPORT = "intake.import_file"
UPLOAD_LIMIT_BYTES = 500 * 1024 * 1024


def _count(name: str) -> Any:
    def read(row: Run) -> int | None:
        details = queries.find_details(row)
        return getattr(details, name) if details else None

    return read


def _file_words(row: Run) -> str:
    details = queries.find_details(row)
    return details.file_name if details else str(row.params.get("file", row.subject))


@page(queries.VIEW)
def imports(request: HttpRequest) -> HttpResponse:
    """List imports, newest first."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=queries.list_imports(actor=actor),
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
                "rows",
                _l("Rows"),
                lambda rows, _value: rows.filter(file_import__rejected_count__gt=0),
                choices=[("refused", _("some were refused"))],
            ),
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
        {"table": table, "may_import": scope.holds(actor, IMPORT)},
    )


@page(queries.VIEW)
def file_import(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one import: progress while it works, then counts and what was refused."""
    actor = request.actor  # type: ignore[attr-defined]
    run = queries.get_import(actor=actor, reference=reference)
    details = queries.find_details(run)
    going = run.state in {Run.State.RUNNING, Run.State.WAITING}
    errors, waiting_count = _read_errors(details) if details and details.errors_file else ([], 0)
    return render(
        request,
        "intake/import.html",
        {
            "run": run,
            "details": details,
            "file_words": _file_words(run),
            "going": going,
            "may_cancel": going and scope.holds(actor, "access.cancel_run"),
            "may_import": scope.holds(actor, IMPORT),
            "errors": errors,
            "waiting_count": waiting_count,
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


def _read_errors(details: FileImport) -> tuple[list[dict[str, str]], int]:
    """Read the first refused rows of an errors file, and count those that only wait for others.

    A person whose household was refused has nothing wrong of their own: they are counted apart.
    Nothing when the file is no longer kept.
    """
    try:
        path = _errors_path(details)
    except NotFound:
        return [], 0
    shown: list[dict[str, str]] = []
    waiting_count = 0
    with path.open(newline="", encoding="utf-8-sig") as file:
        for row in islice(csv.DictReader(file), READ_ERRORS):
            if row.get("code") == "HOUSEHOLD_REFUSED":
                waiting_count += 1
            elif len(shown) < SHOWN_ERRORS:
                shown.append(row)
    return shown, waiting_count


@page(queries.VIEW, purpose="mend an import")
def errors_file(request: HttpRequest, reference: str) -> HttpResponse | FileResponse:
    """Give the file of refused rows: row, column, value, reason."""
    actor = request.actor  # type: ignore[attr-defined]
    run = queries.get_import(actor=actor, reference=reference)
    details = queries.find_details(run)
    if details is None or not details.errors_file:
        raise NotFound(_("No row of this file was refused."))
    path = _errors_path(details)
    return FileResponse(
        path.open("rb"), as_attachment=True, filename=path.name, content_type="text/csv"
    )


class ImportForm(Form):
    """A file and the form it answers."""

    form = forms.ChoiceField(
        label=_l("Form"),
        help_text=_l("It says which column is what. Forms come with the blueprint."),
    )
    file = forms.FileField(
        label=_l("File"),
        help_text=_l("CSV, XLSX or Parquet, also as .gz; of households, or one row a person."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.parquet,.gz"}),
    )
    people = forms.FileField(
        label=_l("File of people"),
        required=False,
        help_text=_l("Only when households and people come in two files."),
        widget=forms.FileInput(attrs={"accept": ".csv,.xlsx,.parquet,.gz"}),
    )
    collected_on = forms.DateField(
        label=_l("Collected on"),
        required=False,
        help_text=_l("Only when the form does not say it."),
        widget=DateInput(),
    )
    field_names = {"collected_on": "collected_on", "FILE": "file", "--people": "people"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = [
            (one.code, f"{in_language(one.title) or one.code} ({one.version})")
            for one in queries.list_forms()
            if one.definition.get("mapping")
        ]
        first = [("", _("Choose a form"))] if len(known) != 1 else []
        self.fields["form"].choices = [*first, *known]  # type: ignore[attr-defined]

    def clean_file(self) -> UploadedFile[bytes]:
        """Refuse files no page should take."""
        given: UploadedFile[bytes] = self.cleaned_data["file"]
        if given.size and given.size > UPLOAD_LIMIT_BYTES:
            raise forms.ValidationError(
                _("The file is larger than 500 MB. Import it from the command line: amana import.")
            )
        return given


def _keep(upload: UploadedFile[bytes], folder: Path, name: str) -> Path:
    """Write an upload into a private folder, under its sender's name for it, made harmless.

    The name is told in messages and in the errors file.
    """
    path = make_folder(folder / name) / get_valid_filename(upload.name or name)[-100:]
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        for chunk in upload.chunks():
            file.write(chunk)
    return path


@page(IMPORT)
def new_import(request: HttpRequest) -> HttpResponse:
    """Take a file and import it through a form; long files go on by themselves."""
    actor = request.actor  # type: ignore[attr-defined]
    form = ImportForm.of(request)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        folder = Path(
            tempfile.mkdtemp(prefix="upload-", dir=make_folder(settings.AMANA_HOME / "work"))
        )
        path = _keep(given["file"], folder, "file")
        people = _keep(given["people"], folder, "people") if given["people"] else None
        today, now = clock.today(), clock.now()
        with form.refusals():
            run = background.start(
                lambda: commands.import_file(
                    actor=actor,
                    form=given["form"],
                    path=path,
                    people_path=people,
                    collected_on=given["collected_on"],
                    file_name=given["file"].name,
                    on=today,
                    at=now,
                ),
                actor=actor,
                kind=queries.KIND,
                afterwards=lambda: shutil.rmtree(folder, ignore_errors=True),
            )
        if not form.errors:
            return redirect("intake:import", reference=run.reference)
    return render(request, "intake/new_import.html", {"form": form})
