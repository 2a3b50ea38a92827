"""Applying a blueprint: the whole folder or nothing; the same folder again changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

from django.db import connection

from amana.access import commands as access
from amana.access.permissions import PERMISSIONS
from amana.exchange.blueprint import Blueprint, read_blueprint
from amana.identity import commands as identity
from amana.intake import commands as intake
from amana.kernel.changes import Changes, What
from amana.kernel.command import Actor, command, note
from amana.kernel.errors import AmanaError, BadInputs, Where
from amana.kernel.yaml_source import jsonable
from amana.payments import commands as payments
from amana.places import commands as places
from amana.programmes import commands as programmes
from amana.registry import commands as registry
from amana.scoring import commands as scoring

#: Key of the advisory lock held while a blueprint is applied.
APPLY_LOCK: Final = 0x424C5545


@dataclass(frozen=True)
class Applied:
    """What applying a blueprint did, or would do.

    Args:
        changes: counts, and the created and changed things by name.
        untranslated: texts that lack one of the blueprint's languages, as “variable roof: sw”.
        planned: nothing was written.
    """

    blueprint: str
    version: str
    sha256: str
    changes: Changes
    untranslated: tuple[str, ...]
    planned: bool

    def as_dict(self) -> dict[str, Any]:
        """Give the answer of `amana apply`."""
        return {
            **self.changes.counts(),
            "blueprint": self.blueprint,
            "version": self.version,
            "sha256": self.sha256,
            "planned": self.planned,
            "items": self.changes.as_dict()["items"],
            "warnings": self.changes.warnings,
            "untranslated": list(self.untranslated),
        }


class _OnlyPlanned(Exception):
    """Carries the answer out of the transaction that it makes undo itself."""

    def __init__(self, applied: Applied) -> None:
        super().__init__("planned")
        self.applied = applied


def apply_blueprint(
    *, actor: Actor, folder: Path, at: datetime, on: date, plan: bool = False
) -> Applied:
    """Bring this installation to what a blueprint says, in one transaction.

    The folder is read and checked whole first, and every mistake is told at once. A published
    version of a form, model or programme is never altered: other content needs a higher version.

    Args:
        folder: the one that holds blueprint.yaml.
        at: the instant; on: the day from which new roles hold.
        plan: do everything and undo it, so that the plan is what would happen.

    Raises:
        BadInput, BadInputs: mistakes, each with file, line, key and mend.
        Conflict: a published version would be altered, or facts stand against a change.
    """
    blueprint = read_blueprint(folder, permissions=sorted(PERMISSIONS))
    try:
        return run_blueprint(actor=actor, blueprint=blueprint, at=at, on=on, plan=plan)
    except _OnlyPlanned as planned:
        return planned.applied


@command("exchange.apply_blueprint")
def run_blueprint(
    *, actor: Actor, blueprint: Blueprint, at: datetime, on: date, plan: bool = False
) -> Applied:
    """Apply a blueprint that was read; `apply_blueprint` is what faces call.

    Raises:
        As `apply_blueprint`; a plan leaves by an exception of this module, so that it is undone.
    """
    blueprint.problems.raise_if_any()
    country = blueprint.country
    if country is None or blueprint.areas is None:
        raise RuntimeError("a blueprint without problems has a country and areas")
    with connection.cursor() as cursor:  # one blueprint at a time
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPLY_LOCK])
    steps = _Steps(blueprint)
    areas = blueprint.areas
    steps.do("blueprint.yaml", lambda: places.apply_country(actor=actor, country=country, at=at))
    steps.raise_if_any()
    steps.do("areas.csv", lambda: places.apply_areas(actor=actor, areas=areas))
    steps.do(
        "dictionary.yaml",
        lambda: registry.apply_dictionary(actor=actor, dictionary=blueprint.dictionary),
    )
    steps.do(
        "blueprint.yaml",
        lambda: identity.apply_schemes(actor=actor, schemes=blueprint.schemes),
    )
    for channel in blueprint.channels:
        steps.publish(
            "channel",
            channel.definition.code,
            channel.name,
            partial(payments.apply_channel, actor=actor, definition=channel.definition, at=at),
        )
    for form in blueprint.forms:
        steps.publish(
            "form",
            form.definition.definition["form"],
            form.name,
            partial(
                intake.publish_form,
                actor=actor,
                definition=jsonable(form.definition.definition),
                at=at,
            ),
        )
    for model in blueprint.models:
        steps.publish(
            "model",
            model.definition.model.code,
            model.name,
            partial(
                scoring.publish_model,
                actor=actor,
                file=model.definition,
                source=model.text,
                at=at,
            ),
        )
    for programme in blueprint.programmes:
        steps.publish(
            "programme",
            programme.definition.definition.code,
            programme.name,
            partial(
                programmes.publish_programme,
                actor=actor,
                file=programme.definition,
                source=programme.text,
                at=at,
            ),
        )
    roles = blueprint.roles
    if roles is not None:
        steps.do("roles.yaml", lambda: access.apply_roles(actor=actor, roles=roles, on=on))
    steps.raise_if_any()
    changes = steps.changes
    changes.warnings = [
        *blueprint.warnings,
        *(w for w in changes.warnings if w not in blueprint.warnings),
    ]
    note(
        subject=country.blueprint,
        digest=country.sha256,
        version=country.version,
        **_counts(changes),
    )
    applied = Applied(
        blueprint=country.blueprint,
        version=country.version,
        sha256=country.sha256,
        changes=changes,
        untranslated=tuple(country.untranslated),
        planned=plan,
    )
    if plan:
        raise _OnlyPlanned(applied)
    return applied


def _counts(changes: Changes) -> dict[str, Any]:
    return dict(changes.counts())


class _Steps:
    """Runs the rooms' commands one after another and gathers their refusals, to tell them all."""

    def __init__(self, blueprint: Blueprint) -> None:
        self.title = (
            f"The blueprint {blueprint.folder.name} cannot be applied; nothing was changed."
        )
        self.changes = Changes()
        self.refusals: list[AmanaError] = []

    def do(self, file: str, act: Callable[[], Changes]) -> None:
        """Run a command that counts by itself."""
        try:
            self.changes.include(act())
        except AmanaError as error:
            self.refuse(file, error)

    def publish(self, kind: str, code: str, file: str, act: Callable[[], What]) -> None:
        """Run a command that publishes one thing."""
        try:
            self.changes.add(kind, code, act())
        except AmanaError as error:
            self.refuse(file, error)

    def refuse(self, file: str, error: AmanaError) -> None:
        """Keep a refusal, with its file."""
        for one in error.errors if isinstance(error, BadInputs) else [error]:
            where = one.where
            if where.file is None:
                one.where = Where(file, where.row, where.column, where.field)
            self.refusals.append(one)

    def raise_if_any(self) -> None:
        """Raise the one refusal, or all of them together."""
        if len(self.refusals) == 1:
            raise self.refusals[0]
        if self.refusals:
            raise BadInputs(self.title, self.refusals)
