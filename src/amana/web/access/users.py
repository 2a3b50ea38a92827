"""Users and what they hold; roles and what each may do."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from amana.access import commands, queries, scope, territory
from amana.access.models import Role, RoleAssignment, User
from amana.access.permissions import EVERYTHING, PERMISSIONS
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import NotFound
from amana.web.forms import ConfirmForm, Form
from amana.web.pages import page
from amana.web.tables import Column, Empty, Filter, Table
from amana.web.words import in_language, say_number

MANAGE = "access.manage_users"


def say_assignment(row: RoleAssignment) -> str:
    """Say a role with where and in which programme it holds."""
    words = in_language(row.role.title) or row.role.code
    if row.area:
        words += f" · {row.area.name}"
    if row.office:
        words += f" · {row.office.name}"
    if row.programme:
        words += f" · {row.programme}"
    return words


def role_choices(actor: Actor) -> list[tuple[str, str]]:
    """List the roles to choose from."""
    return [(r.code, in_language(r.title) or r.code) for r in queries.list_roles(actor=actor)]


class RoleForm(Form):
    """A role and where it holds."""

    role = forms.ChoiceField(label=_l("Role"))
    area = forms.ChoiceField(
        label=_l("Area"),
        required=False,
        help_text=_l("The role holds in this area and everything below it."),
    )
    programme = forms.SlugField(
        label=_l("Programme"),
        required=False,
        help_text=_l("Code of the one programme the role is limited to."),
    )

    def __init__(self, *args: Any, actor: Actor, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [("", _("Choose a role")), *role_choices(actor)]  # type: ignore[attr-defined]
        whole = any(piece.area_id is None for piece in scope.reaches(actor, MANAGE))
        areas = territory.list_filter_areas(actor=actor, permission=MANAGE)
        first = [("", _("The whole country"))] if whole else [("", _("Choose an area"))]
        self.fields["area"].choices = [*first, *areas]  # type: ignore[attr-defined]


class UserForm(RoleForm):
    """A new user with a first role."""

    username = forms.CharField(
        label=_l("Name to sign in with"),
        max_length=60,
        help_text=_l("2 to 60 small letters, digits and . _ @ -"),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name = forms.CharField(label=_l("Full name"), max_length=200, required=False)
    password = forms.CharField(
        label=_l("First password"),
        required=False,
        help_text=_l("Tell it to them yourself. Without one they cannot sign in yet."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    field_order = ("username", "name", "role", "area", "programme", "password")


class PasswordForm(Form):
    """A new password for somebody who lost theirs."""

    password = forms.CharField(
        label=_l("New password"),
        help_text=_l("At least 10 characters; several words that do not belong together are best."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


@page("access.view_users")
def users(request: HttpRequest) -> HttpResponse:
    """List users with what they hold."""
    actor = request.actor  # type: ignore[attr-defined]
    table: Table = Table(
        request,
        rows=queries.list_users(actor=actor),
        columns=(
            Column(
                "username",
                _l("User"),
                link=lambda row: reverse("access:user", args=[row.username]),
                sort="username",
            ),
            Column("name", _l("Full name"), sort="name"),
            Column(
                "roles",
                _l("Roles"),
                value=lambda row: "; ".join(say_assignment(a) for a in row.open_assignments),
            ),
            Column("last_login", _l("Last signed in"), kind="date", sort="last_login"),
            Column(
                "is_active",
                _l("State"),
                kind="status",
                status=lambda row: (
                    (_("may sign in"), "active") if row.is_active else (_("kept out"), "none")
                ),
            ),
        ),
        filters=(
            Filter(
                "role",
                _l("Role"),
                lambda rows, v: rows.filter(
                    pk__in=queries.open_assignments_of_all().filter(role__code=v).values("user_id")
                ),
                choices=role_choices(actor),
            ),
            Filter("q", _l("Name"), lambda rows, v: rows.filter(username__icontains=v)),
        ),
        order="username",
        count_words=lambda n, text: ngettext("%(n)s user", "%(n)s users", n) % {"n": text},
        empty=Empty(_("No users yet")),
        filename="users",
    )
    return table.export() or render(
        request,
        "access/users.html",
        {"table": table, "may_manage": scope.holds(actor, MANAGE)},
    )


@page("access.view_users")
def roles(request: HttpRequest) -> HttpResponse:
    """Show what each role may do, and how many hold it."""
    actor = request.actor  # type: ignore[attr-defined]
    held: dict[int, int] = {}
    for row in queries.open_assignments_of_all():
        held[row.role_id] = held.get(row.role_id, 0) + 1
    shown = []
    for role in queries.list_roles(actor=actor):
        everything = EVERYTHING in role.permissions
        shown.append(
            {
                "role": role,
                "count": held.get(role.pk, 0),
                "everything": everything,
                "may": sorted(PERMISSIONS.get(code, code) for code in role.permissions),
            }
        )
    return render(request, "access/roles.html", {"roles": shown})


@page(MANAGE)
def add_user(request: HttpRequest) -> HttpResponse:
    """Add a user with one role."""
    actor = request.actor  # type: ignore[attr-defined]
    form = UserForm.of(request, actor=actor)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        with form.refusals():
            user = commands.add_user(
                actor=actor,
                username=given["username"],
                name=given["name"],
                role=given["role"],
                area=given["area"],
                programme=given["programme"],
                on=clock.today(),
            )
            messages.success(request, _("Added %(user)s.") % {"user": user.username})
            if given["password"]:
                commands.set_password(
                    actor=actor, username=user.username, password=given["password"]
                )
        if not form.errors:
            return redirect("access:user", username=user.username)
    return render(request, "access/add_user.html", {"form": form})


@page("access.view_users")
def user(request: HttpRequest, username: str) -> HttpResponse:
    """Show one user: what they hold, what they did lately; give roles and passwords."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_user(actor=actor, username=username)
    may_manage = scope.holds(actor, MANAGE)
    password = PasswordForm.of(request) if may_manage else None
    if request.method == "POST" and password is not None and password.is_valid():
        with password.refusals():
            commands.set_password(
                actor=actor,
                username=found.username,
                password=password.cleaned_data["password"],
            )
        if not password.errors:
            messages.success(request, _("The password is changed. Tell it to them yourself."))
            return redirect("access:user", username=found.username)
    return render(request, "access/user.html", _user_context(actor, found, may_manage, password))


def _user_context(
    actor: Actor, found: User, may_manage: bool, password: PasswordForm | None
) -> dict[str, Any]:
    events = None
    if scope.holds(actor, "access.view_audit"):
        rows = queries.list_audit_events(actor=actor).filter(username=found.username)
        events = [
            {
                "at": row.at,
                "text": f"{row.command} {row.subject}".strip(),
                "url": reverse("access:event", args=[row.pk]),
            }
            for row in rows.order_by("-id")[:10]
        ]
    return {
        "found": found,
        "assignments": [
            {"row": row, "words": say_assignment(row)}
            for row in found.open_assignments  # type: ignore[attr-defined]
        ],
        "may_manage": may_manage,
        "password": password,
        "events": events,
    }


@page(MANAGE)
def give_role(request: HttpRequest, username: str) -> HttpResponse:
    """Give a user one more role."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_user(actor=actor, username=username)
    form = RoleForm.of(request, actor=actor)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            given = commands.grant_role(
                actor=actor,
                username=found.username,
                role=form.cleaned_data["role"],
                area=form.cleaned_data["area"],
                programme=form.cleaned_data["programme"],
                on=clock.today(),
            )
            words = _("The role is given.") if given else _("They held this role already.")
            messages.success(request, words)
        if not form.errors:
            return redirect("access:user", username=found.username)
    return render(request, "access/give_role.html", {"form": form, "found": found})


@page(MANAGE)
def take_role(request: HttpRequest, username: str, assignment: int) -> HttpResponse:
    """Take a role away, after asking."""
    actor = request.actor  # type: ignore[attr-defined]
    found = queries.get_user(actor=actor, username=username)
    held = {row.pk: row for row in found.open_assignments}  # type: ignore[attr-defined]
    if assignment not in held:
        raise NotFound(_("They do not hold this role (any more)."), mend=_("See their page."))
    row: RoleAssignment = held[assignment]
    form = ConfirmForm.of(request)
    if request.method == "POST" and form.is_valid():
        with form.refusals():
            commands.revoke_role(
                actor=actor,
                username=found.username,
                role=row.role.code,
                area=row.area.code if row.area else "",
                programme=row.programme,
                on=clock.today(),
            )
        if not form.errors:
            messages.success(request, _("The role is taken. Its history stays."))
            return redirect("access:user", username=found.username)
    return render(
        request,
        "access/take_role.html",
        {"form": form, "found": found, "words": say_assignment(row), "may": _may(row.role)},
    )


def _may(role: Role) -> str:
    if EVERYTHING in role.permissions:
        return _("everything")
    count = len(role.permissions)
    return ngettext("%(n)s thing", "%(n)s things", count) % {"n": say_number(count)}
