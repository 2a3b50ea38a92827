"""The privacy class of every column of identity."""

from amana.access.privacy import classify

classify("identity.IdentifierScheme", public="id code title issuer check_with")
classify(
    "identity.Identifier",
    internal="id scheme issuer status verified_by valid_from valid_to recorded_at submission",
    linked="person number_hash",
    personal="number",
)
classify("identity.NoIdentifier", internal="id scheme recorded_at", linked="person reason")
classify(
    "identity.DuplicatePair",
    internal="id reason state decided_by decided_at found_at",
    linked="person other",
)
classify("identity.Merge", internal="id by at reason undone_by undone_at", linked="loser survivor")
