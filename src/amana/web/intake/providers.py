"""What intake tells the home page: rows of files that were refused and wait to be mended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.urls import reverse
from django.utils.translation import ngettext

from amana.intake import queries
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.web import providers

REMEMBERED = timedelta(days=30)


@providers.work("intake.import_file")
def refused_rows(actor: Actor) -> Iterator[providers.Work]:
    """Say how many imports of the last month have refused rows."""
    since = clock.now() - REMEMBERED
    found = queries.list_with_refused_rows(actor=actor, since=since)
    yield providers.Work(
        count=len(found),
        sentence=ngettext(
            "file of the last 30 days has refused rows to mend",
            "files of the last 30 days have refused rows to mend",
            len(found),
        ),
        url=reverse("intake:imports") + "?rows=refused",
        oldest_at=min((details.at for details in found), default=None),
    )
