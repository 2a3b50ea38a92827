"""Identity: is this the same human, and which numbers are theirs.

Owns: identifier schemes, identifiers and their verification, the reason why there is none,
duplicates, merge and unmerge.

Invariants: among verified identifiers, one number of one scheme and issuer belongs to one human;
a number is stored encrypted and found by its keyed hash; a merge points the loser to its survivor
and destroys nothing.
"""
