"""Errors that say what was wrong, where, what was expected and how to mend it.

Every refusal Amana makes on purpose is an `AmanaError`. Faces turn it into words for a person or
an RFC 9457 problem for a machine; nothing else decides how it reads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Where:
    """The place a mistake was found; only the parts that are known are set.

    Args:
        file: name of the file as its sender knows it.
        row: 1-based row or line number as a person counts it (the heading row is row 1).
        column: 1-based character column, for texts such as rules and YAML.
        field: the column, key or variable that was wrong.
    """

    file: str | None = None
    row: int | None = None
    column: int | None = None
    field: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """Give the known parts, for JSON."""
        parts = {"file": self.file, "row": self.row, "column": self.column, "field": self.field}
        return {key: value for key, value in parts.items() if value is not None}

    def __str__(self) -> str:
        words = []
        if self.file is not None:
            words.append(self.file)
        if self.row is not None:
            words.append(f"row {self.row}")
        if self.column is not None:
            words.append(f"column {self.column}")
        if self.field is not None:
            words.append(self.field)
        return ", ".join(words)


class AmanaError(Exception):
    """A refusal with a stable code, words a caseworker understands, the place and the mend.

    Subclasses name the state that stopped us (`PeriodAlreadyPaid`) and set `code` (UPPER_SNAKE,
    never changed once released) and `http_status`.
    """

    code: str = "AMANA_ERROR"
    http_status: int = 400

    def __init__(
        self, message: str, *, mend: str = "", where: Where | None = None, code: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend
        self.where = where or Where()
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        place = str(self.where)
        words = f"{place}: {self.message}" if place else self.message
        return f"{words} {self.mend}".strip()

    def as_dict(self) -> dict[str, Any]:
        """Give the error as the object every face prints: code, message, where, mend."""
        return {
            "code": self.code,
            "message": self.message,
            "where": self.where.as_dict(),
            "mend": self.mend,
        }


class NotPermitted(AmanaError):
    """The actor may not do this, here or anywhere."""

    code = "NOT_PERMITTED"
    http_status = 403


class NotFound(AmanaError):
    """There is no such thing within what the actor may see; absent and forbidden answer alike."""

    code = "NOT_FOUND"
    http_status = 404


class Conflict(AmanaError):
    """The present state does not allow this act."""

    code = "CONFLICT"
    http_status = 409


class BadInput(AmanaError):
    """What was given does not fit; `where` names the place and `mend` the way out."""

    code = "BAD_INPUT"
    http_status = 422


@dataclass
class Problems:
    """Collect every mistake of one input, so that its author mends them in one go."""

    title: str
    found: list[AmanaError] = field(default_factory=list)

    def add(
        self, message: str, *, mend: str = "", where: Where | None = None, code: str = "BAD_INPUT"
    ) -> None:
        """Note one mistake and go on."""
        self.found.append(BadInput(message, mend=mend, where=where, code=code))

    def raise_if_any(self) -> None:
        """Raise `BadInputs` when at least one mistake was noted."""
        if self.found:
            raise BadInputs(self.title, self.found)


class BadInputs(BadInput):
    """Several mistakes in one input, each with its place."""

    code = "BAD_INPUT"

    def __init__(self, title: str, errors: Sequence[AmanaError]) -> None:
        first = errors[0]
        super().__init__(
            title if len(errors) > 1 else first.message,
            mend=first.mend if len(errors) == 1 else "",
            where=first.where,
            code=first.code if len(errors) == 1 else None,
        )
        self.errors = list(errors)

    def __str__(self) -> str:
        if len(self.errors) == 1:
            return str(self.errors[0])
        lines = "\n".join(f"  - {error}" for error in self.errors)
        return f"{self.message}\n{lines}"

    def as_dict(self) -> dict[str, Any]:
        """Give the first error's place, and all of them under `errors`."""
        return {**super().as_dict(), "errors": [error.as_dict() for error in self.errors]}
