"""What others read of blueprints: what is applied, in which versions, and what nothing reads."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from amana.access import scope
from amana.intake.models import Form
from amana.kernel.command import Actor
from amana.payments.models import ChannelVersion
from amana.places.models import Country
from amana.programmes.models import ProgrammeVersion
from amana.registry.models import Variable
from amana.scoring.models import ScoringModel

VIEW: Final = "exchange.view_blueprint"
DECIDING: Final = ("scoring", "eligibility", "benefit", "conditions")


@dataclass(frozen=True, slots=True)
class Published:
    """One published version of a form, model, programme or channel.

    Args:
        kind: `form`, `model`, `programme` or `channel`.
        is_last: nothing supersedes it.
    """

    kind: str
    code: str
    version: str
    title: Mapping[str, str] | Any
    sha256: str
    published_at: datetime
    published_by: str
    is_last: bool


def find_blueprint(*, actor: Actor) -> Country | None:
    """Find what the applied blueprint says of the country; None before the first, or unseen."""
    return Country.objects.first() if scope.holds(actor, VIEW) else None


def list_published(*, actor: Actor) -> list[Published]:
    """List every published version, by kind and code, the latest first."""
    if not scope.holds(actor, VIEW):
        return []
    found: list[Published] = []
    rows: list[tuple[str, str, str, Any, Any]] = []
    for form in Form.objects.order_by("code", "-id"):
        rows.append(("form", form.code, form.version, form.title, form))
    for model in ScoringModel.objects.order_by("code", "-id"):
        rows.append(("model", model.code, model.version, model.title, model))
    for version in ProgrammeVersion.objects.select_related("programme").order_by(
        "programme__code", "-id"
    ):
        programme = version.programme
        rows.append(("programme", programme.code, version.version, programme.title, version))
    for channel in ChannelVersion.objects.select_related("channel").order_by(
        "channel__code", "-version"
    ):
        title = channel.channel.title
        rows.append(("channel", channel.channel.code, str(channel.version), title, channel))
    seen: set[tuple[str, str]] = set()
    for kind, code, number, title, row in rows:
        found.append(
            Published(
                kind=kind,
                code=code,
                version=number,
                title=dict(title) if isinstance(title, list) else title,
                sha256=row.sha256,
                published_at=row.published_at,
                published_by=row.published_by,
                is_last=(kind, code) not in seen,
            )
        )
        seen.add((kind, code))
    return found


def list_unread_variables() -> list[str]:
    """List the country's variables that are asked for deciding and that no rule in force reads."""
    texts: dict[tuple[str, str], str] = {}
    for code, source in ScoringModel.objects.order_by("id").values_list("code", "source"):
        texts["model", code] = source
    versions = ProgrammeVersion.objects.order_by("id")
    for code, source in versions.values_list("programme__code", "source"):
        texts["programme", code] = source
    words = set(re.findall(r"[a-z][a-z0-9_]*", " ".join(texts.values())))
    asked = Variable.objects.filter(core=False, purposes__overlap=list(DECIDING))
    return [code for code in asked.order_by("code").values_list("code", flat=True)
            if code not in words]  # fmt: skip
