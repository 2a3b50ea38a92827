"""Programmes: who is assisted, by which rule, and how a decision becomes an enrolment.

Owns: programme definitions and their published versions (never altered, only superseded), places
per area and year, targeting runs over a snapshot, decisions with their reasons, applications,
enrolments with every move, and the recipients who collect on someone's behalf.

Words:
    unit: who a programme assists, a person or a group of one kind (mostly a household).
    criterion: one rule of eligibility; it is *met*, *failed* or *unknown*, never merely "no".
    outcome: ELIGIBLE when all criteria are met, INELIGIBLE when one failed, else UNDETERMINED.
    selected: eligible and within the places there are; the others eligible wait for a place.
    enrolment: one unit in one programme; PENDING, WAITLISTED, STAND_BY, ACTIVE, SUSPENDED, EXITED.
    recipient: who collects for an enrolment (the person, a parent or guardian, an institution).

Invariants (kept by the database):
    - one open enrolment per unit and programme; a unit is exactly one person or one group;
    - a published version and a move of an enrolment are never changed or deleted;
    - a targeting run keeps its snapshot, version, seed, SQL and the hash of its results;
    - an enrolment has at most one recipient at a time.
"""
