"""Whether a mapping fits the blueprint: every variable, code and scheme that it names exists."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from amana.intake.mapping import FileMapping, Value
from amana.kernel.errors import BadInput, BadInputs, Where
from amana.kernel.text_source import nearest, some
from amana.registry.dictionary import Dictionary

KINDS: Final = ("HOUSEHOLD", "FAMILY", "INSTITUTION", "OTHER")
RESIDENCES: Final = ("FIXED", "MOVING", "NONE")
SEXES: Final = ("MALE", "FEMALE", "OTHER")
REASONS: Final = ("NEVER_ISSUED", "LOST", "REFUSED", "CHILD", "UNKNOWN")


class MappingDoesNotFit(BadInput):
    """The mapping names a variable, code or scheme that the blueprint does not have."""

    code = "MAPPING_DOES_NOT_FIT"


@dataclass(frozen=True, slots=True)
class Known:
    """What a file is checked against.

    Args:
        dictionary: variables and code lists in force.
        schemes: codes of the kinds of identity numbers.
        minor_digits: digits of the currency's smallest unit.
        today: nothing may have happened later.
        collected_on: date of the interviews when the mapping does not tell it.
    """

    dictionary: Dictionary
    schemes: Sequence[str]
    minor_digits: int
    today: date
    collected_on: date


def check_mapping(mapping: FileMapping, known: Known, *, file: str) -> None:
    """Refuse a mapping that names what the blueprint does not have; all mistakes at once."""
    errors: list[MappingDoesNotFit] = []

    def wrong(field: str, message: str, mend: str) -> None:
        errors.append(MappingDoesNotFit(message, mend=mend, where=Where(file=file, field=field)))

    def codes(value: Value | None, allowed: Iterable[str]) -> None:
        if value is None:
            return
        names = list(allowed)
        written = [v for _, v in value.codes or ()]
        if value.column is None and value.codes is None:
            written = [value.constant or ""]
        for code in written:
            if code not in names:
                wrong(
                    value.key,
                    f"`{value.key}` gives “{code}”, which is not a code here.",
                    nearest(code, names) or f"Codes: {some(names)}.",
                )

    lists = known.dictionary.code_lists
    household, person = mapping.household, mapping.person
    if household is not None:
        codes(household.kind, KINDS)
        codes(household.residence, RESIDENCES)
        _check_variables(household.variables, "household", known.dictionary, wrong, codes)
    if person is not None:
        codes(person.role, lists["role"].codes)
        codes(person.presence, lists["presence"].codes)
        codes(person.sex, SEXES)
        codes(person.residence, RESIDENCES)
        for identifier in person.identifiers:
            codes(identifier.why_none, REASONS)
            if identifier.scheme not in known.schemes:
                wrong(
                    identifier.number.key,
                    f"There is no kind of identity number “{identifier.scheme}”.",
                    nearest(identifier.scheme, known.schemes)
                    or f"Kinds: {some(known.schemes) or 'none yet'}.",
                )
        _check_variables(person.variables, "person", known.dictionary, wrong, codes)
    if errors:
        raise BadInputs(f"The mapping {file} does not fit the blueprint.", errors)


def _check_variables(
    variables: tuple[tuple[str, Value], ...],
    grain: str,
    dictionary: Dictionary,
    wrong: Any,
    codes: Any,
) -> None:
    for code, value in variables:
        variable = dictionary.variables.get(code)
        if variable is None:
            wrong(
                value.key,
                f"The dictionary has no variable “{code}”.",
                nearest(code, dictionary.variables) or "Add it to dictionary.yaml.",
            )
        elif variable.of != grain:
            wrong(
                value.key,
                f"“{code}” is known of a {variable.of}, not of a {grain}.",
                f"Move it under `{'person' if variable.of == 'person' else 'household'}.vars`.",
            )
        elif variable.is_list:
            wrong(
                value.key,
                f"“{code}” holds lists of records, which a column cannot.",
                "Leave it out of the mapping.",
            )
        elif (variable.per != "none") != (value.period is not None):
            wrong(
                value.key,
                f"“{code}” has a value per {variable.per}."
                if variable.per != "none"
                else f"“{code}” has one value, not one per period.",
                "Say `period:` in the mapping, such as 2026-T1."
                if variable.per != "none"
                else "Take `period:` away.",
            )
        elif variable.type == "code":
            codes(value, dictionary.codes_of(code))
