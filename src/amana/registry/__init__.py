"""The registry: who there is, and what is known of them, from whom and since when.

Owns: the data dictionary, sealed submissions (evidence), people, groups, membership over time,
relationships, names, births, deaths, residence, phones, accounts of payees, facts with provenance,
receipts from elsewhere, consent records and snapshots.

Words: *evidence* is what anyone told the system, sealed in a submission; a *fact* is the current
value of a variable of a person or group, with the submission it came from and the date it was true.

Invariants: a submission is never altered, only redacted; one human has one surviving row
(`survivor`); a person is usual in at most one place of living at a time; every fact has a source.
"""
