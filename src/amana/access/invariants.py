"""What must always hold of access."""

from __future__ import annotations

from amana.access.queries import verify_audit_chain
from amana.kernel.invariants import invariant


@invariant("access.audit_chain", "No event of the audit trail was altered, removed or put between")
def find_broken_link() -> list[str]:
    """Give the first event that does not fit the one before it."""
    state = verify_audit_chain()
    return [] if state.broken_at is None else [f"audit event {state.broken_at}"]
