"""Snapshots: the dated copies that scores and decisions are made on."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from amana.access import scope
from amana.engine.snapshots import open_snapshot
from amana.kernel import clock
from amana.registry import commands
from amana.registry.commands.snapshots import snapshot_folder
from amana.registry.models import Snapshot
from amana.registry.snapshots import get_snapshot
from amana.web import background
from amana.web.pages import page
from amana.web.tables import Column, Empty, Table

VIEW = "registry.view_snapshots"
TAKE = "registry.take_snapshot"


@page(VIEW)
def snapshots(request: HttpRequest) -> HttpResponse:
    """List the snapshots, the last first."""
    table = Table(
        request,
        rows=Snapshot.objects.order_by("-id"),
        columns=(
            Column(
                "reference",
                _l("Snapshot"),
                link=lambda row: reverse("registry:snapshot", args=[row.reference]),
            ),
            Column("as_of", _l("About the day"), kind="date", sort="as_of"),
            Column("household_count", _l("Households"), kind="number"),
            Column("person_count", _l("People"), kind="number"),
            Column("taken_at", _l("Taken"), kind="moment", sort="taken_at"),
        ),
        count_words=lambda n, text: ngettext("%(n)s snapshot", "%(n)s snapshots", n) % {"n": text},
        empty=Empty(
            _("No snapshots yet"),
            _("Decisions are made on a dated copy of the registry. Take one to begin."),
        ),
        filename="snapshots",
    )
    return table.export() or render(
        request,
        "registry/snapshots.html",
        {
            "table": table,
            "may_take": scope.holds(request.actor, TAKE),  # type: ignore[attr-defined]
        },
    )


@page(TAKE)
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Take a snapshot of the registry as it is now."""
    actor = request.actor  # type: ignore[attr-defined]
    started = background.start(
        lambda: commands.take_snapshot(actor=actor, at=clock.now(), on=clock.today()),
        actor=actor,
        kind="snapshot",
    )
    taken = Snapshot.objects.filter(run=started).first()
    if taken is None:
        return redirect("access:run", reference=started.reference)
    messages.success(request, _("The snapshot is taken."))
    return redirect("registry:snapshot", reference=taken.reference)


@page(VIEW)
def snapshot(request: HttpRequest, reference: str) -> HttpResponse:
    """Show what a snapshot holds, and the hash by which later results refer to it."""
    found = get_snapshot(reference)
    stored = open_snapshot(snapshot_folder(found))
    return render(
        request,
        "registry/snapshot.html",
        {
            "snapshot": found,
            "pairs": [
                (_("About the day"), found.as_of),
                (_("Households"), found.household_count),
                (_("People"), found.person_count),
                (_("Hash"), found.sha256),
                (_("Dictionary"), found.dictionary_sha256),
            ],
            "tables": [
                {"title": title, "columns": sorted(columns)}
                for title, columns in (
                    (_("Of people"), stored.schema.people),
                    (_("Of groups"), stored.schema.groups),
                    (_("Of areas"), stored.schema.areas),
                )
            ],
            "crumbs": [
                {"title": _("Snapshots"), "url": reverse("registry:snapshots")},
                {"title": found.reference},
            ],
        },
    )
