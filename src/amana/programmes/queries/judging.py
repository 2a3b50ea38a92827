"""Rules compiled and kept: one `Compiled` per published version, schema and day."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

from amana import engine
from amana.programmes import rules
from amana.programmes.definition import digest
from amana.programmes.errors import SnapshotMissing
from amana.programmes.models import Programme, ProgrammeVersion
from amana.programmes.queries.catalogue import definition_of
from amana.registry import commands as registry
from amana.registry.models import Snapshot
from amana.scoring import queries as scoring

KEPT_MAX: Final = 64


class _Kept:
    """The compiled rules used last, shared by threads (the engine keeps connections per thread)."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.rules: OrderedDict[Hashable, engine.Compiled] = OrderedDict()

    def find(self, key: Hashable) -> engine.Compiled | None:
        with self.lock:
            if key in self.rules:
                self.rules.move_to_end(key)
            return self.rules.get(key)

    def keep(self, key: Hashable, compiled: engine.Compiled) -> engine.Compiled:
        with self.lock:
            self.rules[key] = compiled
            while len(self.rules) > KEPT_MAX:
                self.rules.popitem(last=False)
        return compiled


_kept = _Kept()


def compiled_for(
    version: ProgrammeVersion,
    snapshot: Snapshot,
    on: date,
    *,
    model_versions: Mapping[str, str] | None = None,
) -> engine.Compiled:
    """Give the rules of a version, compiled for what a snapshot holds and a day.

    Args:
        model_versions: versions of the scoring models by code, as a run used them; those in force
            when None.

    Raises:
        RulesRefused: a parameter has no value on that day, or a rule no longer fits the dictionary.
    """
    schema = engine.open_snapshot(snapshot_folder(snapshot)).schema
    return compiled_with(version, schema, on, model_versions=model_versions)


def compiled_with(
    version: ProgrammeVersion,
    schema: engine.Schema,
    on: date,
    *,
    model_versions: Mapping[str, str] | None = None,
) -> engine.Compiled:
    """Give the rules of a version, compiled against a schema; kept for the next time."""
    definition = definition_of(version)
    models = _models(rules.models_named(definition), model_versions)
    versions = tuple((code, model.version) for code, model in models.items())
    key = (version.pk, version.sha256, digest(schema.as_dict()), on, versions)
    found = _kept.find(key)
    if found is None:
        ruleset = rules.rule_set(definition, models)
        found = _kept.keep(key, engine.compile_rules(schema, ruleset, on=on))
    return found


def _models(codes: set[str], versions: Mapping[str, str] | None) -> dict[str, engine.Model]:
    found = {}
    for code in sorted(codes):
        row = scoring.get_model(code, versions.get(code) if versions is not None else None)
        found[code] = scoring.engine_model(row)
    return found


def get_snapshot(reference: str | None = None) -> Snapshot:
    """Get a snapshot by its reference, or the latest one.

    Raises:
        SnapshotMissing: there is none, or its folder is gone.
    """
    rows = Snapshot.objects.select_related("run").order_by("-id")
    if reference is not None:
        rows = rows.filter(reference=reference.strip().upper())
    found = rows.first()
    if found is None:
        raise SnapshotMissing(
            f"There is no snapshot {reference}." if reference else "There is no snapshot yet.",
            mend="Take one first: amana snapshot.",
        )
    return found


def find_snapshot_for(on: date) -> Snapshot | None:
    """Find the snapshot that tells best how things were on a day.

    The latest about that day or an earlier one; when all are later, the earliest of them.
    """
    rows = Snapshot.objects.order_by("-as_of", "-id")
    return rows.filter(as_of__lte=on).first() or Snapshot.objects.order_by("as_of", "-id").first()


def snapshot_folder(snapshot: Snapshot) -> Path:
    """Give the folder of a snapshot on disk."""
    return registry.snapshot_folder(snapshot)


def programme_codes() -> tuple[str, ...]:
    """Give the codes `receives()` may ask about."""
    return tuple(Programme.objects.order_by("code").values_list("code", flat=True))
