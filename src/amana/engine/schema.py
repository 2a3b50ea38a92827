"""What a rule may read: the columns of a snapshot with their types.

A `Schema` comes from a snapshot's manifest (`Schema.from_manifest`) or, before there is any
snapshot, from the dictionary (`Schema.build`). Type words are those of the dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from amana.engine.errors import SnapshotDoesNotFit, nearest


class Kind(Enum):
    """A type of the rule language; the value is the dictionary's word for it."""

    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    BOOLEAN = "boolean"
    TEXT = "text"
    DATE = "date"
    LIST = "list"

    @property
    def is_number(self) -> bool:
        """Tell whether it is a plain number (money is not: it has a currency)."""
        return self in (Kind.INTEGER, Kind.DECIMAL)

    @property
    def is_ordered(self) -> bool:
        """Tell whether ``<`` applies."""
        return self in (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE)

    @property
    def words(self) -> str:
        """Name the type in a sentence."""
        return _WORDS[self]


_WORDS = {
    Kind.INTEGER: "a whole number",
    Kind.DECIMAL: "a decimal number",
    Kind.MONEY: "an amount of money",
    Kind.BOOLEAN: "true or false",
    Kind.TEXT: "a text",
    Kind.DATE: "a date",
    Kind.LIST: "a list",
}

#: How each type is stored in a snapshot (DuckDB's names).
STORED_AS = {
    Kind.INTEGER: "BIGINT",
    Kind.DECIMAL: "DECIMAL(18,6)",
    Kind.MONEY: "BIGINT",
    Kind.BOOLEAN: "BOOLEAN",
    Kind.TEXT: "VARCHAR",
    Kind.DATE: "DATE",
    Kind.LIST: "VARCHAR[]",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column a rule may read.

    Args:
        kind: its type.
        codes: the codes allowed when it is a code list; a rule that compares it with another
            code is refused.
        title: its name for people; the code stands in when empty.
        known: True when it is never null (the engine then leaves out the test).
    """

    kind: Kind
    codes: tuple[str, ...] = ()
    title: str = ""
    known: bool = False


PEOPLE_CORE: dict[str, Column] = {
    "person_id": Column(Kind.INTEGER, known=True),
    "group_id": Column(Kind.INTEGER),
    "home": Column(Kind.BOOLEAN, known=True),
    "presence": Column(Kind.TEXT, title="presence in the household"),
    "role": Column(Kind.TEXT, title="relation to the head"),
    "sex": Column(Kind.TEXT, title="sex"),
    "birth_earliest": Column(Kind.DATE),
    "birth_latest": Column(Kind.DATE),
    "area_id": Column(Kind.INTEGER, title="area of residence"),
    "receives": Column(Kind.LIST, title="programmes received", known=True),
    "death_reported": Column(Kind.BOOLEAN, title="death reported", known=True),
}
GROUPS_CORE: dict[str, Column] = {
    "group_id": Column(Kind.INTEGER, known=True),
    "kind": Column(Kind.TEXT, title="kind of group", known=True),
    "area_id": Column(Kind.INTEGER, title="area of residence"),
    "oldest_application": Column(Kind.DATE, title="date of the oldest application"),
    "receives": Column(Kind.LIST, title="programmes received", known=True),
}
AREAS_CORE: dict[str, Column] = {
    "area_id": Column(Kind.INTEGER, known=True),
    "level": Column(Kind.TEXT, title="level of the area", known=True),
    "code": Column(Kind.TEXT, title="code of the area", known=True),
}

#: Columns rules do not name: keys, and births (rules read `age`).
HIDDEN = frozenset(
    {"person_id", "group_id", "area_id", "home", "birth_earliest", "birth_latest", "receives"}
)


@dataclass(frozen=True, slots=True)
class Schema:
    """The columns of people, groups and areas, and the levels of areas, top first.

    Args:
        people, groups, areas: column by name, the core ones included.
        levels: codes of the area levels, top first.
        programmes: codes known to `receives`; empty when any code is accepted.
        minor_digits: digits of the currency's minor unit, for `money()`.
    """

    people: Mapping[str, Column]
    groups: Mapping[str, Column]
    areas: Mapping[str, Column]
    levels: tuple[str, ...] = ()
    programmes: tuple[str, ...] = field(default=())
    minor_digits: int = 2

    @classmethod
    def build(
        cls,
        *,
        people: Mapping[str, Column] | None = None,
        groups: Mapping[str, Column] | None = None,
        areas: Mapping[str, Column] | None = None,
        levels: Sequence[str] = (),
        programmes: Sequence[str] = (),
        minor_digits: int = 2,
    ) -> Schema:
        """Give the schema of these variables with the core columns added."""
        return cls(
            people=PEOPLE_CORE | _levels(levels) | dict(people or {}),
            groups=GROUPS_CORE | _levels(levels) | dict(groups or {}),
            areas=AREAS_CORE | dict(areas or {}),
            levels=tuple(levels),
            programmes=tuple(programmes),
            minor_digits=minor_digits,
        )

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], *, minor_digits: int = 2) -> Schema:
        """Give the schema a snapshot's ``manifest.json`` states.

        Raises: SnapshotDoesNotFit when a type word is unknown.
        """
        schema = manifest["schema"]
        return cls.build(
            people={name: _column("people", name, word) for name, word in schema["people"].items()},
            groups={name: _column("groups", name, word) for name, word in schema["groups"].items()},
            areas={name: _column("areas", name, word) for name, word in schema["areas"].items()},
            levels=schema.get("levels", ()),
            minor_digits=int(schema.get("minor_digits", minor_digits)),
        )

    def as_dict(self) -> dict[str, Any]:
        """Give the form the manifest keeps."""
        return {
            "people": {name: column.kind.value for name, column in self.people.items()},
            "groups": {name: column.kind.value for name, column in self.groups.items()},
            "areas": {name: column.kind.value for name, column in self.areas.items()},
            "levels": list(self.levels),
            "minor_digits": self.minor_digits,
        }

    def table(self, name: str) -> Mapping[str, Column]:
        """Give the columns of ``people``, ``groups`` or ``areas``."""
        return {"people": self.people, "groups": self.groups, "areas": self.areas}[name]


def kind_of(word: str) -> Kind:
    """Give the type for a word of the dictionary (``code`` is stored and read as text).

    Raises: SnapshotDoesNotFit when there is no such type.

    >>> kind_of("code")
    <Kind.TEXT: 'text'>
    """
    if word == "code":
        return Kind.TEXT
    try:
        return Kind(word)
    except ValueError:
        known = [kind.value for kind in Kind] + ["code"]
        near = nearest(word, known)
        raise SnapshotDoesNotFit(
            f"There is no type {word!r}.",
            mend=f"Write {near}." if near else f"Write one of {', '.join(known)}.",
        ) from None


def _column(table: str, name: str, word: str) -> Column:
    core = {"people": PEOPLE_CORE, "groups": GROUPS_CORE, "areas": AREAS_CORE}[table].get(name)
    kind = kind_of(word)
    return core if core is not None and core.kind is kind else Column(kind)


def _levels(levels: Sequence[str]) -> dict[str, Column]:
    return {f"area_{level}": Column(Kind.INTEGER, title=level) for level in levels}
