"""Overview: who receives what, from our programmes and from other information systems.

Nothing is built here yet. Its source is already fed: `registry.Receipt`, which enrolment writes for
our own programmes and exchange will write for those of others.
"""
