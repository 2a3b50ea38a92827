"""What one may be allowed to do in the registry."""

from amana.access.permissions import declare

declare("registry.view_people", "See people and households")
declare("registry.correct_facts", "Correct what is known of people and households")
declare("registry.change_people", "Add, move, join and leave: change people and households")
declare("registry.record_death", "Record news of a death")
declare("registry.redact", "Redact a submission")
declare("registry.apply_dictionary", "Change the dictionary from a blueprint")
declare("registry.take_snapshot", "Take a snapshot of the registry")
declare("registry.view_snapshots", "See snapshots")
