"""What every page has in common: who is asking, whether they may, and how a refusal reads.

`@page("room.act")` is on every view behind the sign-in; `@public_page("reason")` on the few before
it. Both register the view, so that a test can list every route with its permission and find those
that have none.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _

from amana.access import scope
from amana.kernel.command import Actor
from amana.kernel.errors import AmanaError, NotFound, NotPermitted

if TYPE_CHECKING:
    from amana.access.models import User

View = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Page:
    """A registered view: its dotted name and what it asks for.

    Args:
        view: module and name of the function.
        permission: the permission, `""` for any signed-in user, None for a public page.
        reason: why a page is public or open to every user.
    """

    view: str
    permission: str | None
    reason: str = ""


PAGES: dict[str, Page] = {}


class Request(HttpRequest):
    """A request as views behind `@page` get it, for type checking only."""

    actor: Actor
    user: User


def actor_of(request: HttpRequest, *, purpose: str = "administration") -> Actor:
    """Give the kernel's actor for the signed-in user of a request."""
    key = request.user.pk
    assert key is not None, "pages ask for the actor of somebody signed in"
    return Actor(
        user_id=key,
        username=request.user.get_username(),
        channel="web",
        purpose=purpose,
    )


def page(
    permission: str, *, reason: str = "", purpose: str = "administration"
) -> Callable[[View], View]:
    """Mark a view as a page that asks for a permission.

    The user must be signed in and hold the permission somewhere; queries narrow it to their scope.
    The view finds `request.actor`. An `AmanaError` it does not catch becomes a page that says what
    stopped us and how to mend it.

    Args:
        permission: `room.act`, or `""` for every signed-in user, with a reason.
        reason: needed when the permission is empty.
        purpose: why personal data is read, for the database's session and the audit trail.
    """
    if not permission and not reason:
        raise TypeError("a page open to every user says why")

    def mark(view: View) -> View:
        @functools.wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            actor = actor_of(request, purpose=purpose)
            request.actor = actor  # type: ignore[attr-defined]
            try:
                if permission and not scope.holds(actor, permission):
                    raise NotPermitted(
                        _("Your roles do not open this page."),
                        mend=_("Ask an administrator for a role that includes it."),
                    )
                response = view(request, *args, **kwargs)
            except AmanaError as error:
                response = refusal(request, error)
            patch_vary_headers(response, ["Cookie", "HX-Request"])
            return response

        return _register(view, run, permission, reason)

    return mark


def public_page(reason: str) -> Callable[[View], View]:
    """Mark a view as open to everyone, and say why."""
    if not reason:
        raise TypeError("a public page says why it is public")

    def mark(view: View) -> View:
        @functools.wraps(view)
        def run(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return view(request, *args, **kwargs)

        return _register(view, run, None, reason)

    return mark


def _register(view: View, run: View, permission: str | None, reason: str) -> View:
    name = f"{inspect.getmodule(view).__name__}.{view.__qualname__}"  # type: ignore[union-attr]
    entry = Page(view=name, permission=permission, reason=reason)
    run.amana_page = entry  # type: ignore[attr-defined]
    PAGES[name] = entry
    return run


def refusal(request: HttpRequest, error: AmanaError) -> HttpResponse:
    """Render an `AmanaError` as a page: what stopped us, where, and the way out."""
    if isinstance(error, NotFound):
        title = _("We cannot find that")
    elif isinstance(error, NotPermitted):
        title = _("You cannot do this")
    elif error.http_status == 409:
        title = _("This cannot be done now")
    else:
        title = _("Something in this is not right")
    return render(
        request,
        "amana/refusal.html",
        {"error": error, "errors": getattr(error, "errors", [error]), "title": title},
        status=error.http_status,
    )
