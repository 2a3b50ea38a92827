"""Writes of the registry, by subject: the dictionary, snapshots, people and their facts."""

from amana.registry.commands.dictionary import apply_dictionary
from amana.registry.commands.evidence import record_evidence
from amana.registry.commands.facts import correct_facts, redact_submission
from amana.registry.commands.people import (
    add_member,
    move_household,
    record_death,
    remove_member,
)
from amana.registry.commands.snapshots import snapshot_folder, take_snapshot

__all__ = [
    "add_member",
    "apply_dictionary",
    "correct_facts",
    "move_household",
    "record_death",
    "record_evidence",
    "redact_submission",
    "remove_member",
    "snapshot_folder",
    "take_snapshot",
]
