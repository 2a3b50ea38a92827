"""What stands behind every command: the check of permission, the transaction, the audit trail."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from amana.access.models import AuditEvent, RoleAssignment
from amana.access.permissions import EVERYTHING, PERMISSIONS
from amana.kernel import clock
from amana.kernel.command import Actor, Event
from amana.kernel.errors import NotPermitted

#: Key of the advisory lock that puts audit events in one line; held from recording to commit.
AUDIT_LOCK = 0x414D414E41


def open_assignments(actor: Actor, permission: str, *, on: date) -> list[RoleAssignment]:
    """List the actor's role assignments that give `permission` on a day, whatever their scope."""
    return list(
        RoleAssignment.objects.filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=on),
            Q(role__permissions__contains=[permission])
            | Q(role__permissions__contains=[EVERYTHING]),
            user_id=actor.user_id,
            user__is_active=True,
            valid_from__lte=on,
        ).select_related("role", "area", "office")
    )


def event_sha256(previous_sha256: str, content: dict[str, Any]) -> str:
    """Hash an event together with the one before it, over canonical JSON."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(f"{previous_sha256}\n{text}".encode()).hexdigest()


def event_content(event: AuditEvent) -> dict[str, Any]:
    """Give the parts of an event that its hash covers, in JSON form."""
    return {
        "at": event.at.isoformat(),
        "username": event.username,
        "channel": event.channel,
        "purpose": event.purpose,
        "command": event.command,
        "permission": event.permission,
        "subject": event.subject,
        "programme": event.programme,
        "area": event.area_id,
        "details": event.details,
        "digest": event.digest,
    }


def append_events(events: Sequence[Event], *, at: datetime) -> None:
    """Append events to the chained audit trail in the current transaction, in the order given."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [AUDIT_LOCK])
    last = AuditEvent.objects.order_by("-id").values_list("sha256", flat=True).first()
    previous = last or ""
    rows = []
    for event in events:
        row = AuditEvent(
            at=at,
            username=event.actor.username,
            channel=event.actor.channel,
            purpose=event.actor.purpose,
            command=event.command,
            permission=event.permission,
            subject=event.subject,
            programme=event.programme,
            area_id=event.area_id,
            details=json.loads(json.dumps(event.details, default=str)),
            digest=event.digest,
            previous_sha256=previous,
        )
        row.sha256 = previous = event_sha256(previous, event_content(row))
        rows.append(row)
    AuditEvent.objects.bulk_create(rows)


class DatabaseAuthority:
    """The authority the kernel asks: users and roles from the database, the trail written to it."""

    def check(self, actor: Actor, permission: str) -> None:
        """Raise `NotPermitted` unless the actor holds the permission in some scope today."""
        if not open_assignments(actor, permission, on=clock.today()):
            title = PERMISSIONS.get(permission, permission)
            raise NotPermitted(
                f"Your roles do not let you do this: {title[:1].lower()}{title[1:]}.",
                mend="Ask an administrator for a role that includes it.",
            )

    @contextmanager
    def transaction(self, actor: Actor) -> Iterator[None]:
        """Open an atomic block; the database knows the actor and purpose until it ends."""
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(
                    "SELECT set_config('amana.actor', %s, true),"
                    " set_config('amana.purpose', %s, true)",
                    [actor.username, actor.purpose],
                )
            yield

    def record(self, events: Sequence[Event]) -> None:
        """Append the events to the audit trail."""
        append_events(events, at=clock.now())
