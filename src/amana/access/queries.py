"""What others read of access: the audit trail and whether its chain is whole."""

from __future__ import annotations

from dataclasses import dataclass

from amana.access.authority import event_content, event_sha256
from amana.access.models import AuditEvent


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
