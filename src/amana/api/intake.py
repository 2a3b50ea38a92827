"""Forms, and files that come in, over the API."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from django.conf import settings
from django.http import FileResponse, HttpRequest
from django.utils.text import get_valid_filename
from ninja import File, Form, Router
from ninja.files import UploadedFile as NinjaFile

from amana.access.models import Run
from amana.api.access import allows
from amana.api.pages import Page, page_of
from amana.intake import commands, queries
from amana.intake import models as intake
from amana.kernel import clock
from amana.kernel.errors import NotFound
from amana.kernel.home import make_folder

router = Router(tags=["Intake"])
NAME_MAX = 100


def form_as_dict(row: intake.Form) -> dict[str, Any]:
    """Give a form as the API shows it."""
    return {
        "form": row.code,
        "version": row.version,
        "title": row.title,
        "source": row.source,
        "channel": row.channel,
        "legal_basis": {"kind": row.legal_basis_kind, "text": row.legal_basis},
        "mapping": row.definition.get("mapping"),
    }


def import_as_dict(run: Run) -> dict[str, Any]:
    """Give an import as the API shows it; counts are null until it is done."""
    details = queries.find_details(run)
    return {
        "run": str(run.reference),
        "form": run.subject,
        "file": run.params.get("file", ""),
        "state": run.state,
        "rows": details.row_count if details else None,
        "accepted": details.accepted_count if details else None,
        "rejected": details.rejected_count if details else None,
        "households": details.household_count if details else None,
        "people": details.person_count if details else None,
        "has_errors_file": bool(details and details.errors_file),
        "error": run.error,
        "started_at": run.started_at.isoformat(),
    }


@router.get("/forms", response=list[dict[str, Any]])
@allows(queries.VIEW)
def list_forms(request: HttpRequest) -> list[dict[str, Any]]:
    """List the forms in force."""
    return [form_as_dict(row) for row in queries.list_forms()]


@router.get("/imports", response=Page)
@allows(queries.VIEW)
def list_imports(
    request: HttpRequest, cursor: str | None = None, limit: int = 50
) -> dict[str, Any]:
    """List imports."""
    rows = queries.list_imports(actor=request.actor)  # type: ignore[attr-defined]
    return page_of(rows, render=import_as_dict, cursor=cursor, limit=limit)


@router.get("/imports/{reference}")
@allows(queries.VIEW)
def get_import(request: HttpRequest, reference: str) -> dict[str, Any]:
    """Tell how an import stands."""
    actor = request.actor  # type: ignore[attr-defined]
    return import_as_dict(queries.get_import(actor=actor, reference=reference))


@router.get("/imports/{reference}/errors")
@allows(queries.VIEW)
def get_errors(request: HttpRequest, reference: str) -> FileResponse:
    """Give the refused rows of an import as CSV: file, row, column, value, code, reason, mend."""
    actor = request.actor  # type: ignore[attr-defined]
    details = queries.find_details(queries.get_import(actor=actor, reference=reference))
    path = Path(settings.AMANA_HOME) / (details.errors_file if details else "")
    if details is None or not details.errors_file or not path.is_file():
        raise NotFound("This import has no errors file.", mend="See its counts.")
    return FileResponse(path.open("rb"), filename=path.name, content_type="text/csv")


@router.post("/imports")
@allows(commands.IMPORT)
def import_file(
    request: HttpRequest,
    form: Form[str],
    file: File[NinjaFile],
    people: File[NinjaFile] = None,  # type: ignore[assignment]
    collected_on: Form[date | None] = None,
) -> dict[str, Any]:
    """Import a file (and the people's file of two) and answer when it is done.

    The answer is that of `amana import`; `errors_file` is the address of the refused rows.
    """
    folder = Path(
        tempfile.mkdtemp(prefix="upload-", dir=make_folder(Path(settings.AMANA_HOME) / "work"))
    )
    try:
        result = commands.import_file(
            actor=request.actor,  # type: ignore[attr-defined]
            form=form,
            path=_keep(file, folder, "file"),
            people_path=_keep(people, folder, "people") if people else None,
            collected_on=collected_on,
            file_name=file.name,
            on=clock.today(),
            at=clock.now(),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    answer = result.as_dict()
    if result.errors_file is not None:
        answer["errors_file"] = f"/api/imports/{result.run.reference}/errors"
    return answer


def _keep(upload: NinjaFile, folder: Path, name: str) -> Path:
    """Write an upload into a private folder, under the name its sender gave it, made harmless."""
    path = make_folder(folder / name) / get_valid_filename(upload.name or name)[-NAME_MAX:]
    with path.open("wb") as target:
        for chunk in upload.chunks():
            target.write(chunk)
    return path
