"""The mapping: which column of a file answers which question, and in which codes.

A mapping is written by people, in YAML, inside a form or in a file of its own; the format is in
`docs/reference/mapping.md`, and `amana.intake.mapping_file` reads it. These are its values.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """Where one answer comes from: a column, or a constant for the whole file.

    Args:
        key: path of the mapping's key, `household.vars.roof`, for messages.
        column: heading of the column, or None for a constant.
        constant: the same answer for every row, as text.
        codes: what the file writes → what Amana writes; None when the file writes Amana's codes.
        format: how a date is written, in strptime's letters (`%d/%m/%Y`); None means ISO 8601.
        period: for variables with a value per month, term or year: the period this column is of.
    """

    key: str
    column: str | None = None
    constant: str | None = None
    codes: tuple[tuple[str, str], ...] | None = None
    format: str | None = None
    period: str | None = None


@dataclass(frozen=True, slots=True)
class Key:
    """The columns that name a household or a person in their source.

    Args:
        columns: headings, joined with ":" to the external id.
        line_within: when set, the last part is the running number of the row among the rows that
            share these columns, in the order of the file (surveys without a key for persons).
    """

    columns: tuple[str, ...]
    line_within: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class FileShape:
    """How a file is written; None means: found out from the file."""

    sheet: str | None = None
    delimiter: str | None = None
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Birth:
    """How the file tells when a person was born; the first form with an answer counts."""

    date: Value | None = None
    earliest: Value | None = None
    latest: Value | None = None
    year: Value | None = None
    month: Value | None = None
    age: Value | None = None
    age_on: Value | None = None
    documented: bool = False


@dataclass(frozen=True, slots=True)
class Area:
    """The area a row lives in: a column of codes in one scheme, or one area for the whole file."""

    value: Value
    scheme: str = "national"


@dataclass(frozen=True, slots=True)
class Identifier:
    """One kind of identity number a person may have, or the column that says why there is none."""

    scheme: str
    number: Value
    issuer: str = ""
    why_none: Value | None = None


@dataclass(frozen=True, slots=True)
class Account:
    """Where a payee wants to be paid."""

    channel: Value
    number: Value
    holder: Value | None = None


@dataclass(frozen=True, slots=True)
class HouseholdPart:
    """What the file says about households (or another kind of group)."""

    key: Key
    kind: Value | None = None
    name: Value | None = None
    area: Area | None = None
    residence: Value | None = None
    address: Value | None = None
    landmark: Value | None = None
    take_first: bool = False
    variables: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class PersonPart:
    """What the file says about people."""

    key: Key
    role: Value | None = None
    presence: Value | None = None
    sex: Value | None = None
    birth: Birth | None = None
    name_full: Value | None = None
    name_given: Value | None = None
    name_family: Value | None = None
    area: Area | None = None
    residence: Value | None = None
    phone: Value | None = None
    identifiers: tuple[Identifier, ...] = ()
    account: Account | None = None
    variables: tuple[tuple[str, Value], ...] = ()


@dataclass(frozen=True, slots=True)
class FileMapping:
    """A whole mapping, checked for shape.

    Args:
        layout: `flat` (one row per person) or `two-files` (households, then people).
        file, people_file: how the files are written.
        household_key_in_people: two files: the columns of the people file that hold the
            household's key.
        collected_on: date of the interview; None when the form or the import gives it.
        missing: texts that mean "no answer", beside the empty one.
        household: None for a file of persons alone.
    """

    layout: str
    file: FileShape
    people_file: FileShape
    household_key_in_people: tuple[str, ...]
    collected_on: Value | None
    missing: tuple[str, ...]
    household: HouseholdPart | None
    person: PersonPart | None

    def household_columns(self) -> dict[str, str]:
        """Give each column the household part needs → the key that asks for it."""
        if self.household is None:
            return {}
        part = self.household
        found = _key_columns("household.key", part.key)
        found |= _value_columns([part.kind, part.name, part.residence, part.address, part.landmark])
        found |= _value_columns([part.area.value if part.area else None])
        found |= _value_columns([value for _, value in part.variables])
        return found | _value_columns([self.collected_on])

    def person_columns(self) -> dict[str, str]:
        """Give each column the person part needs → the key that asks for it."""
        if self.person is None:
            return {}
        part, birth = self.person, self.person.birth or Birth()
        found = _key_columns("person.key", part.key)
        if self.layout == "two-files":
            found |= dict.fromkeys(self.household_key_in_people, "people_file.key")
        found |= _value_columns([part.role, part.presence, part.sex, part.phone, part.residence])
        found |= _value_columns([birth.date, birth.earliest, birth.latest, birth.year])
        found |= _value_columns([birth.month, birth.age, birth.age_on])
        found |= _value_columns([part.name_full, part.name_given, part.name_family])
        found |= _value_columns([part.area.value if part.area else None])
        for identifier in part.identifiers:
            found |= _value_columns([identifier.number, identifier.why_none])
        if part.account is not None:
            found |= _value_columns([part.account.channel, part.account.number])
            found |= _value_columns([part.account.holder])
        found |= _value_columns([value for _, value in part.variables])
        if self.household is None:
            found |= _value_columns([self.collected_on])
        return found


def _key_columns(path: str, key: Key) -> dict[str, str]:
    return dict.fromkeys((*key.columns, *(key.line_within or ())), path)


def _value_columns(values: Iterable[Value | None]) -> dict[str, str]:
    return {v.column: v.key for v in values if v is not None and v.column is not None}
