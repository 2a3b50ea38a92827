"""The user's own pages: their account, and the language they read in."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.http import require_POST

from amana.access.models import RoleAssignment
from amana.access.permissions import EVERYTHING, PERMISSIONS
from amana.kernel import clock
from amana.web.pages import page, public_page


@page("", reason="everyone sees their own name, roles and ways of signing in")
def account(request: HttpRequest) -> HttpResponse:
    """Show who I am, what I may do and where, and how I sign in."""
    today = clock.today()
    assignments = (
        RoleAssignment.objects.filter(
            user_id=request.actor.user_id,  # type: ignore[attr-defined]
            valid_from__lte=today,
        )
        .exclude(valid_to__lte=today)
        .select_related("role", "area", "office")
        .order_by("id")
    )
    held: set[str] = set()
    for row in assignments:
        held |= (
            set(PERMISSIONS) if EVERYTHING in row.role.permissions else set(row.role.permissions)
        )
    may = sorted(PERMISSIONS[code] for code in held if code in PERMISSIONS)
    return render(request, "amana/account.html", {"assignments": assignments, "may": may})


@public_page("whoever cannot sign in is told whom to ask")
def forgotten(request: HttpRequest) -> HttpResponse:
    """Say how a forgotten password is replaced: by an administrator, not by mail."""
    return render(request, "amana/forgotten.html")


@public_page("a visitor chooses a language before signing in")
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember the reader's language in a cookie and go back to where they were."""
    code = request.POST.get("language", "")
    back = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(back, allowed_hosts={request.get_host()}):
        back = "/"
    response = redirect(back)
    if code in dict(settings.LANGUAGES) and code != get_language():
        response.set_cookie(
            settings.LANGUAGE_COOKIE_NAME,
            code,
            max_age=60 * 60 * 24 * 365,
            secure=request.is_secure(),
            httponly=True,
            samesite="Lax",
        )
    return response
