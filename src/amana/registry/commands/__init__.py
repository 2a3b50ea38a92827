"""Writes of the registry, by subject: the dictionary, snapshots, people and their facts."""

from amana.registry.commands.dictionary import apply_dictionary
from amana.registry.commands.snapshots import snapshot_folder, take_snapshot

__all__ = ["apply_dictionary", "snapshot_folder", "take_snapshot"]
