"""The home page, a work list, and the one search of the top bar."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _l

from amana.access import scope
from amana.access.models import Run
from amana.kernel import clock
from amana.kernel.errors import AmanaError
from amana.web import menu, providers
from amana.web.access.runs import kind_words
from amana.web.finding import find_destinations
from amana.web.pages import page

menu.add(order=0, title=_l("Home"), url="home", permission="", icon="home")


@page("", reason="everyone has a home page; it shows only what each may do")
def home(request: HttpRequest) -> HttpResponse:
    """Show what waits for this user, the work going on, and three figures of their month."""
    actor = request.actor  # type: ignore[attr-defined]
    running = []
    if scope.holds(actor, "access.view_runs"):
        running = list(
            Run.objects.filter(state__in=[Run.State.RUNNING, Run.State.WAITING]).order_by("-id")[:5]
        )
    return render(
        request,
        "amana/home.html",
        {
            "work": providers.work_for(actor),
            "running": [{"run": run, "kind": kind_words(run.kind)} for run in running],
            "figures": providers.figures_for(actor, clock.today()),
        },
    )


@page("", reason="each kind of thing is found only by those who may see it")
def search(request: HttpRequest) -> HttpResponse:
    """Go to the one thing a reference or source key names, or list the people a name may mean."""
    words = request.GET.get("q", "").strip()
    actor = request.actor  # type: ignore[attr-defined]
    problem: AmanaError | None = None
    found = []
    if words:
        try:
            found = find_destinations(actor=actor, words=words[:120])
        except AmanaError as error:
            problem = error
    if len(found) == 1 and found[0].exact:
        return redirect(found[0].url)
    return render(
        request,
        "amana/search.html",
        {"words": words, "found": found, "problem": problem},
    )
