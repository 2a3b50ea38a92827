"""Intake: how evidence comes in, by form and by file.

Owns: forms with their versions and mappings, the reading and checking of files, and imports.

Words: a *form* says what is asked, of whom and on which legal basis; its *mapping* says which
column of a file answers which question. A *refused* row is told in the errors file and changes
nothing; every other row becomes evidence, sealed in the registry, and facts.

Invariants: a published version of a form is never altered, only superseded; the same file imported
twice changes nothing; an import is one transaction, so one that was killed has done nothing and can
be run again.
"""
