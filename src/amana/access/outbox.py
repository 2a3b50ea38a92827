"""News for the rooms above: written with the change, delivered at least once, in order.

A room announces what happened (`announce`); rooms above subscribe (`subscribe`) with functions that
may be called twice with the same message and must not mind.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import transaction

from amana.access.models import OutboxMessage
from amana.kernel import clock

Subscriber = Callable[[dict[str, Any]], None]
_subscribers: dict[str, list[Subscriber]] = {}

MOST_ATTEMPTS = 20


def subscribe(topic: str, subscriber: Subscriber) -> None:
    """Have `subscriber` called with the payload of every message of a topic."""
    listed = _subscribers.setdefault(topic, [])
    if subscriber not in listed:
        listed.append(subscriber)


def announce(topic: str, payload: dict[str, Any]) -> None:
    """Write a message in the current transaction; it is news only if that commits.

    Args:
        topic: past tense, `registry.PersonMerged`.
        payload: keys and codes, no personal data.
    """
    OutboxMessage.objects.create(at=clock.now(), topic=topic, payload=payload)


def deliver(*, most: int = 500) -> int:
    """Deliver waiting messages, oldest first; return how many were delivered.

    Each message is delivered in its own transaction with its row locked, so that two workers never
    deliver the same one at once; a failing subscriber leaves it waiting with the error's name.
    """
    delivered = 0
    skipped: list[int] = []
    for _ in range(most):
        with transaction.atomic():
            message = (
                OutboxMessage.objects.select_for_update(skip_locked=True)
                .filter(delivered_at__isnull=True, attempts__lt=MOST_ATTEMPTS)
                .exclude(pk__in=skipped)
                .order_by("id")
                .first()
            )
            if message is None:
                break
            try:
                with transaction.atomic():
                    for subscriber in _subscribers.get(message.topic, []):
                        subscriber(message.payload)
            except Exception as error:  # noqa: BLE001 - any subscriber's fault is kept with it
                message.attempts += 1
                message.last_error = type(error).__name__
                message.save(update_fields=["attempts", "last_error"])
                skipped.append(message.pk)
                continue
            message.delivered_at = clock.now()
            message.attempts += 1
            message.save(update_fields=["delivered_at", "attempts"])
            delivered += 1
    return delivered
