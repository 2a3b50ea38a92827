"""Scoring models: what they are, their published versions, and their runs over a snapshot.

Owns: scoring models as published (never altered, only superseded) and the runs that score every
unit of a snapshot with one of them.

Words:
    model: a rule that gives a unit one number: *linear* (a proxy means test: terms times weights)
        or *points* (a scorecard: for each item, the points of the first rule that holds).
    score: that number, exact to six digits; unknown when an input is not recorded, never 0.
    direction: which end is poorer; ranks run from the poorer end.

Invariants (kept by the database):
    - one row per model and version, never changed or deleted (a trigger refuses);
    - a scoring run keeps its model version, its snapshot and the hash of its results.
"""
