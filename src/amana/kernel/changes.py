"""What applying a blueprint changed, or would change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal

What = Literal["created", "changed", "unchanged"]
ITEMS_MAX: Final = 500


@dataclass(frozen=True, slots=True)
class Change:
    """One thing created or changed: its kind (`area`, `variable`, …), its code, what happened."""

    kind: str
    code: str
    what: What


@dataclass
class Changes:
    """Counts of things created, changed and unchanged; the first items by name; what to look at.

    Args:
        items: created and changed things, at most `ITEMS_MAX` of them; the counts are complete.
        warnings: sentences about what was accepted and may be wanted otherwise.
    """

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    items: list[Change] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, kind: str, code: str, what: What) -> None:
        """Count one thing."""
        setattr(self, what, getattr(self, what) + 1)
        if what != "unchanged" and len(self.items) < ITEMS_MAX:
            self.items.append(Change(kind, code, what))

    def include(self, other: Changes) -> None:
        """Count what another step did."""
        self.created += other.created
        self.changed += other.changed
        self.unchanged += other.unchanged
        self.items.extend(other.items[: ITEMS_MAX - len(self.items)])
        self.warnings.extend(other.warnings)

    def counts(self) -> dict[str, int]:
        """Give the three counts."""
        return {"created": self.created, "changed": self.changed, "unchanged": self.unchanged}

    def as_dict(self) -> dict[str, Any]:
        """Give counts, items and warnings, for faces."""
        items = [{"kind": i.kind, "code": i.code, "what": i.what} for i in self.items]
        return {**self.counts(), "items": items, "warnings": self.warnings}
