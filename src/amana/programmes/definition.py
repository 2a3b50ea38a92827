"""What a programme is: its definition, resolved on a date, and as JSON of a published version.

Pure: no database, no clock, no files. `definition_file` reads it from a blueprint; rules are texts
here, and `rules` compiles them with the dictionary.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from amana.kernel.errors import BadInput

Value = bool | int | Decimal | str | date

UNITS: Final = ("person", "household", "family", "institution", "other")
EVERY: Final = ("once", "month", "quarter", "half-year", "year")
BENEFIT_KINDS: Final = ("cash", "in-kind", "service", "fee-waiver", "insurance", "work")
BIRTH_RULES: Final = ("strict", "in_favour")
FEMALE_CAREGIVER: Final = "female caregiver, else head"
RECIPIENT_RULES: Final = (FEMALE_CAREGIVER, "head", "self", "organisation")


class ParameterNotSet(BadInput):
    """A dated parameter has no value on the day asked for."""

    code = "PARAMETER_NOT_SET"


@dataclass(frozen=True, slots=True)
class Text:
    """A text for people in one or more languages; `""` is the language of a plain text."""

    by_language: dict[str, str]

    def words(self, language: str = "en") -> str:
        """Give the text in a language, else the plain one, else English, else the first.

        >>> Text({"en": "A child", "sw": "Mtoto"}).words("sw-KE")
        'Mtoto'
        """
        for key in (language, language.split("-")[0], "", "en"):
            if self.by_language.get(key):
                return self.by_language[key]
        return next(iter(self.by_language.values()), "")

    def __str__(self) -> str:
        return self.words()

    def __bool__(self) -> bool:
        return bool(self.by_language)


@dataclass(frozen=True, slots=True)
class DatedValue:
    """One value of a parameter, from a day on; money is already in minor units."""

    valid_from: date
    value: Value
    unit: str
    reference: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A policy value with its history; rules say `param.<name>`.

    Args:
        kind: `integer`, `decimal`, `boolean`, `text`, `date` or `money` (minor units).
        values: oldest first, one per starting day.
    """

    name: str
    kind: str
    values: tuple[DatedValue, ...]

    def on(self, day: date) -> DatedValue | None:
        """Give what is in force on a day, or None before the first value."""
        in_force = [value for value in self.values if value.valid_from <= day]
        return in_force[-1] if in_force else None


@dataclass(frozen=True, slots=True)
class Criterion:
    """One rule of eligibility, of a condition or of an exit, with the sentences people read.

    Args:
        says: the sentence when the rule holds.
        says_not: the sentence when it does not; empty when the file gives none.
    """

    id: str
    says: Text
    says_not: Text
    when: str


@dataclass(frozen=True, slots=True)
class Quota:
    """Places for one area (code; empty for the whole country) in one year (0: every year)."""

    area: str
    year: int
    places: int


@dataclass(frozen=True, slots=True)
class Places:
    """How many units may be enrolled: `by` is the code of an area level, or `all`."""

    by: str
    quotas: tuple[Quota, ...]

    def in_year(self, year: int) -> dict[str, int]:
        """Give places by area code in a year; the code is empty when there is one number.

        >>> Places("ward", (Quota("A", 0, 5), Quota("A", 2026, 7))).in_year(2026)
        {'A': 7}
        """
        found = {quota.area: quota.places for quota in self.quotas if quota.year == 0}
        found.update({quota.area: quota.places for quota in self.quotas if quota.year == year})
        return found


@dataclass(frozen=True, slots=True)
class Benefit:
    """One component of the benefit: what, how often, and the rule of its amount."""

    id: str
    says: Text
    kind: str
    every: str
    amount: str


@dataclass(frozen=True, slots=True)
class Condition:
    """What an enrolled unit is asked to keep, checked `every` period of the year."""

    criterion: Criterion
    every: str
    misses_allowed: int


@dataclass(frozen=True, slots=True)
class Exit:
    """A rule that proposes an exit, always with notice."""

    criterion: Criterion
    notice_days: int


@dataclass(frozen=True, slots=True)
class Separation:
    """Two acts that one person may not do on the same list."""

    act: str
    not_with: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A programme as its file says; every rule still a text.

    Args:
        unit: what it assists, one of `UNITS`.
        model: code of the scoring model the priority speaks of, or empty.
        priority: rules whose values order the eligible units, smallest first; then a lottery.
        list_days: days the list is open to objections; validated_by: by whom it is validated.
        payment_day: day of the month on which a payment is due.
        legal_basis, note: for people to read; no rule looks at them.
    """

    code: str
    version: str
    title: Text
    agency: str
    unit: str
    external: bool
    valid_from: date
    valid_to: date | None
    birth: str
    currency: str
    parameters: tuple[Parameter, ...]
    eligibility: tuple[Criterion, ...]
    model: str
    priority: tuple[str, ...]
    places: Places | None
    list_days: int
    validated_by: str
    recipient: str
    recipient_proof: tuple[str, ...]
    benefits: tuple[Benefit, ...]
    conditions: tuple[Condition, ...]
    evidence: tuple[str, ...]
    recertify_months: int | None
    exits: tuple[Exit, ...]
    separations: tuple[Separation, ...]
    channels: tuple[str, ...]
    payment_day: int
    legal_basis: str
    note: str

    @property
    def is_person(self) -> bool:
        """Tell whether single persons are assisted, not groups."""
        return self.unit == "person"

    def parameters_on(self, day: date) -> dict[str, Value]:
        """Resolve every parameter on a day, for the rules.

        Raises:
            ParameterNotSet: a parameter has no value yet on that day.
        """
        found: dict[str, Value] = {}
        for parameter in self.parameters:
            dated = parameter.on(day)
            if dated is None:
                raise ParameterNotSet(
                    f"Parameter “{parameter.name}” of {self.code} has no value on {day}: "
                    f"its first one starts on {parameter.values[0].valid_from}.",
                    mend="Choose a later date, or give the parameter an earlier value.",
                )
            found[parameter.name] = dated.value
        return found

    def to_json(self) -> dict[str, Any]:
        """Give the definition as plain JSON, the form in which a version is kept and hashed."""
        plain: dict[str, Any] = json.loads(json.dumps(asdict(self), default=str))
        return plain

    @property
    def sha256(self) -> str:
        """Hash the definition, so that changed content is seen whatever the file's layout."""
        return digest(self.to_json())


def digest(data: Any) -> str:
    """Hash JSON-ready data whatever the order of its keys.

    >>> digest({"a": 1, "b": [2]}) == digest({"b": [2], "a": 1})
    True
    """
    text = json.dumps(data, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def from_json(data: dict[str, Any]) -> Definition:
    """Read a published definition back; the inverse of `Definition.to_json`."""
    places = data["places"]
    return Definition(
        **{
            **data,
            "title": _text(data["title"]),
            "valid_from": date.fromisoformat(data["valid_from"]),
            "valid_to": date.fromisoformat(data["valid_to"]) if data["valid_to"] else None,
            "parameters": tuple(_parameter(item) for item in data["parameters"]),
            "eligibility": tuple(_criterion(item) for item in data["eligibility"]),
            "priority": tuple(data["priority"]),
            "places": places
            and Places(places["by"], tuple(Quota(**quota) for quota in places["quotas"])),
            "recipient_proof": tuple(data["recipient_proof"]),
            "benefits": tuple(
                Benefit(**{**item, "says": _text(item["says"])}) for item in data["benefits"]
            ),
            "conditions": tuple(
                Condition(_criterion(item["criterion"]), item["every"], item["misses_allowed"])
                for item in data["conditions"]
            ),
            "evidence": tuple(data["evidence"]),
            "exits": tuple(
                Exit(_criterion(item["criterion"]), item["notice_days"]) for item in data["exits"]
            ),
            "separations": tuple(Separation(**item) for item in data["separations"]),
            "channels": tuple(data["channels"]),
        }
    )


def _text(data: dict[str, Any]) -> Text:
    return Text(data["by_language"])


def _criterion(data: dict[str, Any]) -> Criterion:
    return Criterion(data["id"], _text(data["says"]), _text(data["says_not"]), data["when"])


def _parameter(data: dict[str, Any]) -> Parameter:
    kind = data["kind"]
    return Parameter(
        name=data["name"],
        kind=kind,
        values=tuple(
            DatedValue(
                valid_from=date.fromisoformat(row["valid_from"]),
                value=_value(kind, row["value"]),
                unit=row["unit"],
                reference=row["reference"],
            )
            for row in data["values"]
        ),
    )


def _value(kind: str, value: Any) -> Value:
    if kind == "decimal":
        return Decimal(str(value))
    if kind == "date":
        return date.fromisoformat(value)
    plain: Value = value
    return plain
