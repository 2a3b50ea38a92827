"""Refusals of the rule language, each with line, column, a caret and a mend."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from amana.kernel.errors import BadInput, BadInputs, Where


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Give the known name nearest to a mistyped one, or None when nothing is near.

    >>> nearest("rof", ["roof", "walls"])
    'roof'
    """
    found = difflib.get_close_matches(name, sorted(set(known)), n=1, cutoff=0.6)
    return found[0] if found else None


class RuleError(BadInput):
    """A rule that cannot be accepted.

    Args:
        message: what is wrong, in one sentence.
        text: the whole text of the rule.
        line, column: 1-based place of the mistake within the rule.
        field: which rule it is (``eligibility.poor.when``).
        mend: how to put it right.
    """

    code = "RULE_REFUSED"

    def __init__(
        self,
        message: str,
        *,
        text: str = "",
        line: int = 1,
        column: int = 1,
        field: str | None = None,
        mend: str = "",
        code: str | None = None,
    ) -> None:
        super().__init__(
            message, mend=mend, where=Where(row=line, column=column, field=field), code=code
        )
        self.text = text
        self.line = line
        self.column = column

    @property
    def excerpt(self) -> str:
        """Give the line of the rule with a caret under the mistake; empty without a text."""
        lines = self.text.splitlines()
        if not 0 < self.line <= len(lines):
            return ""
        source = lines[self.line - 1]
        start = max(0, self.column - 61)
        shown = source[start : start + 100].replace("\t", " ")
        return f"    {shown}\n    {' ' * (self.column - 1 - start)}^"

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}"
        if self.where.field:
            place = f"{self.where.field}, {place}"
        parts = [f"{place}: {self.message}", self.excerpt, self.mend]
        return "\n".join(part for part in parts if part)

    def as_dict(self) -> dict[str, Any]:
        """Give code, message, where and mend, with the line and its caret as `excerpt`."""
        return {**super().as_dict(), "excerpt": self.excerpt}


class RulesRefused(BadInputs):
    """Several rules of one programme or model that cannot be accepted."""

    code = "RULE_REFUSED"


class SnapshotNotFound(BadInput):
    """There is no snapshot at this place, or a part of it is missing or was altered."""

    code = "SNAPSHOT_NOT_FOUND"


class SnapshotDoesNotFit(BadInput):
    """The snapshot lacks a column a rule reads, or holds it in another type."""

    code = "SNAPSHOT_DOES_NOT_FIT"


class UnitNotFound(BadInput):
    """The unit asked about is not in the snapshot or in the tables given."""

    code = "UNIT_NOT_FOUND"
    http_status = 404


class RunCancelled(BadInput):
    """The caller's progress function asked the run to stop; nothing was written."""

    code = "RUN_CANCELLED"
    http_status = 409
