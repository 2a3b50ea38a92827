"""Publication of a payment channel from a blueprint."""

from __future__ import annotations

from datetime import datetime

from amana.kernel.changes import What
from amana.kernel.command import Actor, command, note
from amana.payments.channel_file import ChannelDefinition
from amana.payments.models import Channel, ChannelVersion

APPLY = "payments.apply_channel"


def plan_channel(definition: ChannelDefinition) -> What:
    """Tell what applying would do, without doing it."""
    last = ChannelVersion.objects.filter(channel__code=definition.code).order_by("-version").first()
    if last is None:
        return "created"
    return "unchanged" if last.sha256 == definition.sha256 else "changed"


@command(APPLY)
def apply_channel(*, actor: Actor, definition: ChannelDefinition, at: datetime) -> What:
    """Publish a channel: created, changed (a new version beside the old ones) or unchanged.

    Payments that are prepared already keep the version they were prepared with.
    """
    what = plan_channel(definition)
    note(subject=definition.code, digest=definition.sha256, what=what)
    if what == "unchanged":
        return what
    channel, _new = Channel.objects.update_or_create(
        code=definition.code,
        defaults={
            "title": definition.title,
            "kind": definition.kind,
            "currency": definition.currency,
        },
    )
    last = channel.versions.order_by("-version").values_list("version", flat=True).first() or 0
    ChannelVersion.objects.create(
        channel=channel,
        version=last + 1,
        definition=definition.to_json(),
        sha256=definition.sha256,
        published_at=at,
        published_by=actor.username,
    )
    return what
