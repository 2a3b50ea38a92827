"""What others read of access: users and roles, runs, the audit trail and whether it is whole."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Prefetch, Q, QuerySet

from amana.access import scope
from amana.access.authority import event_content, event_sha256
from amana.access.models import AuditEvent, Role, RoleAssignment, Run, User
from amana.access.permissions import EVERYTHING, PERMISSIONS
from amana.kernel import clock
from amana.kernel.command import Actor
from amana.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class ChainState:
    """Whether the audit trail is whole.

    Args:
        count: events read.
        broken_at: key of the first event that does not fit the one before it, or None.
    """

    count: int
    broken_at: int | None


def verify_audit_chain() -> ChainState:
    """Recompute the hash of every audit event, oldest first, and compare.

    Finds an altered event, a removed one (but the last) and one put in between.
    """
    previous = ""
    count = 0
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        count += 1
        fits = event.previous_sha256 == previous
        if not fits or event.sha256 != event_sha256(previous, event_content(event)):
            return ChainState(count=count, broken_at=event.pk)
        previous = event.sha256
    return ChainState(count=count, broken_at=None)


def list_audit_events(*, actor: Actor) -> QuerySet[AuditEvent]:
    """List the audit events of the actor's areas; those without an area need the whole country."""
    rows = AuditEvent.objects.select_related("area")
    return scope.within_areas(rows, actor, "access.view_audit")


def open_assignments_of_all() -> QuerySet[RoleAssignment]:
    """List the role assignments in force today, with what they name."""
    today = clock.today()
    return (
        RoleAssignment.objects.filter(valid_from__lte=today)
        .exclude(valid_to__lte=today)
        .select_related("role", "area", "office")
        .order_by("id")
    )


def list_users(*, actor: Actor) -> QuerySet[User]:
    """List users with their open assignments under `open_assignments`.

    Whoever administers the whole country sees all; others see those who hold a role in their areas.
    """
    rows = User.objects.select_related("organisation", "office").prefetch_related(
        Prefetch("assignments", queryset=open_assignments_of_all(), to_attr="open_assignments")
    )
    pieces = scope.reaches(actor, "access.view_users")
    if any(piece.area_id is None for piece in pieces):
        return rows
    tops = [piece.area_id for piece in pieces if piece.area_id is not None]
    inside = RoleAssignment.objects.filter(area__path__overlap=tops).values("user_id")
    return rows.filter(Q(pk__in=inside) | Q(pk=actor.user_id)) if pieces else rows.none()


def get_user(*, actor: Actor, username: str) -> User:
    """Get one user the actor may see.

    Raises:
        NotFound: there is none, or not in the actor's areas.
    """
    user = list_users(actor=actor).filter(username__iexact=username).first()
    if user is None:
        raise NotFound(f"There is no user “{username}”.", mend="See the list of users.")
    return user


def held_permissions(*, actor: Actor) -> frozenset[str]:
    """Give all the actor holds today somewhere, in one query; “*” is given as what it stands for.

    For menus and pages that would otherwise ask `scope.holds` many times over.
    """
    rows = open_assignments_of_all().filter(user_id=actor.user_id, user__is_active=True)
    held = {code for row in rows for code in row.role.permissions}
    return frozenset(PERMISSIONS) | held if EVERYTHING in held else frozenset(held)


def list_roles(*, actor: Actor) -> QuerySet[Role]:
    """List the roles of this installation; nothing when the actor may not see users."""
    rows = Role.objects.order_by("code")
    return rows if scope.holds(actor, "access.view_users") else rows.none()


def list_runs(*, actor: Actor) -> QuerySet[Run]:
    """List runs: the actor's own, and those of their programmes (all, without such a limit)."""
    if not scope.holds(actor, "access.view_runs"):
        return Run.objects.none()
    seen = scope.within_programmes(Run.objects.all(), actor, "access.view_runs", field="programme")
    return Run.objects.filter(Q(pk__in=seen.values("pk")) | Q(username=actor.username))


def get_run(*, actor: Actor, reference: str) -> Run:
    """Get one run the actor may see.

    Raises:
        NotFound: there is none, or it is not theirs to see.
    """
    run = list_runs(actor=actor).filter(reference=reference.strip().upper()).first()
    if run is None:
        raise NotFound(f"There is no run {reference}.", mend="Copy the reference from its page.")
    return run
