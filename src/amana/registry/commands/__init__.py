"""Writes of the registry, by subject: the dictionary, snapshots, people and their facts."""

from amana.registry.commands.dictionary import apply_dictionary

__all__ = ["apply_dictionary"]
