"""What others read of intake: forms in force, and imports with what became of their rows."""

from __future__ import annotations

from datetime import datetime

from django.db.models import Max, QuerySet

from amana.access import scope
from amana.access.models import Run
from amana.intake.models import FileImport, Form
from amana.kernel.command import Actor
from amana.kernel.errors import NotFound

VIEW = "intake.view_imports"
KIND = "import"


def list_forms() -> list[Form]:
    """List each form once, in the version that is in force (the one published last)."""
    newest = Form.objects.values("code").annotate(newest=Max("pk")).values("newest")
    return list(Form.objects.filter(pk__in=newest).order_by("code"))


def list_imports(*, actor: Actor) -> QuerySet[Run]:
    """List the runs of imports; nothing when the actor may not see imports."""
    if not scope.holds(actor, VIEW):
        return Run.objects.none()
    return Run.objects.filter(kind=KIND).select_related("file_import__form")


def get_import(*, actor: Actor, reference: str) -> Run:
    """Get the run of one import.

    Raises:
        NotFound: there is none, or it is not the actor's to see.
    """
    rows = list_imports(actor=actor).filter(reference=reference.strip().upper())
    found: Run | None = rows.first()
    if found is None:
        raise NotFound(f"There is no import {reference}.", mend="See the list of imports.")
    return found


def list_with_refused_rows(*, actor: Actor, since: datetime) -> list[FileImport]:
    """List the latest import of each file name since a moment whose rows were partly refused.

    A file imported again under its name is judged by its last import.
    """
    rows = FileImport.objects.filter(run__in=list_imports(actor=actor), at__gte=since)
    newest = rows.order_by().values("form__code", "file_name").annotate(newest=Max("pk"))
    return list(rows.filter(pk__in=newest.values("newest"), rejected_count__gt=0).order_by("-id"))


def find_details(run: Run) -> FileImport | None:
    """Find what was in the file of an import that came to its end; None before."""
    return getattr(run, "file_import", None)
