"""What must always hold: checks over the whole database that rooms declare.

The database refuses what a constraint can express. The rest (two usual households in the past, a
ledger that balances) is checked set-based: by the commands as they write, and for everything at
once by `amana doctor --invariants`. A room declares its own in `<room>/invariants.py`:

    @invariant("payments.paid_once", "No entitlement has two live payment lines")
    def find_paid_twice() -> list[str]: ...
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

FOUND_MAX = 100


@dataclass(frozen=True, slots=True)
class Invariant:
    """One thing that must hold, and the function that lists where it does not."""

    code: str
    says: str
    find: Callable[[], list[str]]


INVARIANTS: dict[str, Invariant] = {}


def invariant(code: str, says: str) -> Callable[[Callable[[], list[str]]], Callable[[], list[str]]]:
    """Mark a function that lists the public references of what breaks the rule, at most 100.

    Args:
        code: `room.name`.
        says: the rule, as a sentence that is true when all is well.
    """

    def mark(find: Callable[[], list[str]]) -> Callable[[], list[str]]:
        INVARIANTS[code] = Invariant(code, says, find)
        return find

    return mark
