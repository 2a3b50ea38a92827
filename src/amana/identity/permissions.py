"""What one may be allowed to do about identity."""

from amana.access.permissions import declare

declare("identity.view_identifiers", "See identity numbers")
declare("identity.verify", "Verify or reject identity numbers")
declare("identity.merge", "Merge two records of one person, or undo it")
declare("identity.apply_schemes", "Change the kinds of identity numbers from a blueprint")
