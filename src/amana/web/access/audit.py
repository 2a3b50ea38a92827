"""The audit trail: who did what, when, about what; and whether the trail is whole."""

from __future__ import annotations

import json
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import queries
from amana.access.models import AuditEvent
from amana.kernel.errors import NotFound
from amana.web.pages import page
from amana.web.tables import Column, Empty, Filter, Table


def _start_of(text: str) -> datetime:
    zone = ZoneInfo(settings.TIME_ZONE)
    return datetime.combine(date.fromisoformat(text), time.min, tzinfo=zone)


def _end_of(text: str) -> datetime:
    return datetime.combine(date.fromisoformat(text), time.max, tzinfo=ZoneInfo(settings.TIME_ZONE))


COLUMNS = (
    Column(
        "at",
        _l("When"),
        kind="moment",
        link=lambda row: reverse("access:event", args=[row.pk]),
    ),
    Column("username", _l("Who"), sort="username"),
    Column("channel", _l("Through")),
    Column("command", _l("What"), sort="command"),
    Column("subject", _l("About"), kind="reference"),
    Column("programme", _l("Programme")),
    Column("area", _l("Area"), value=lambda row: row.area.name if row.area else ""),
)
FILTERS = (
    Filter("actor", _l("Who"), lambda rows, v: rows.filter(username__iexact=v)),
    Filter("command", _l("What"), lambda rows, v: rows.filter(command__icontains=v)),
    Filter("subject", _l("About"), lambda rows, v: rows.filter(subject__iexact=v)),
    Filter("from", _l("From"), lambda rows, v: rows.filter(at__gte=_start_of(v)), kind="date"),
    Filter("to", _l("To"), lambda rows, v: rows.filter(at__lte=_end_of(v)), kind="date"),
)


@page("access.view_audit")
def audit(request: HttpRequest) -> HttpResponse:
    """List what was done, newest first, and check the chain when asked."""
    actor = request.actor  # type: ignore[attr-defined]
    table = Table(
        request,
        rows=queries.list_audit_events(actor=actor),
        columns=COLUMNS,
        filters=FILTERS,
        count_words=lambda n, text: ngettext("%(n)s act", "%(n)s acts", n) % {"n": text},
        empty=Empty(
            _("Nothing was done yet"),
            _("Every command leaves one line here, whether by page, command line, API or job."),
        ),
        filename="audit",
    )
    if exported := table.export():
        return exported
    chain = queries.verify_audit_chain() if "verify" in request.GET else None
    return render(request, "access/audit.html", {"table": table, "chain": chain})


@page("access.view_audit")
def event(request: HttpRequest, key: int) -> HttpResponse:
    """Show one act with its counts, digest and place in the chain."""
    actor = request.actor  # type: ignore[attr-defined]
    found: AuditEvent | None = queries.list_audit_events(actor=actor).filter(pk=key).first()
    if found is None:
        raise NotFound(_("There is no such act in the trail."), mend=_("See the audit trail."))
    details = json.dumps(found.details, indent=2, ensure_ascii=False, sort_keys=True)
    return render(request, "access/event.html", {"event": found, "details": details})
