"""Access: who may do what, where, and what was done.

Owns: users, roles, scope (area, office, programme), permissions, pairs of acts no one may do both,
purposes, the audit trail, consent texts, privacy classes, sealing (encryption and keyed hashes),
runs (long operations with progress) and the outbox.

Invariants: a role gives permissions only inside its scope; the audit trail is append-only and
chained; a person's name or number never enters the trail.
"""
