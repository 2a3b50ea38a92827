"""The data dictionary: what can be known of a person, a household or an area, and what for.

Pure: no database. `core_dictionary()` is what Amana ships (`core.yaml`); `read_dictionary` adds
what a blueprint's `dictionary.yaml` says and checks it. The rows in the database are written by
`registry.commands.apply_dictionary` and read back by `registry.live_dictionary.get_dictionary`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

from amana.kernel.errors import Problems
from amana.kernel.text_source import decimal_of, nearest, some
from amana.kernel.yaml_source import NAME, Source, jsonable, read_yaml

GRAINS: Final = ("person", "household", "area")
TYPES: Final = ("integer", "decimal", "boolean", "code", "text", "date", "money")
PERIODS: Final = ("none", "month", "term", "year")
PRIVACY: Final = ("ordinary", "sensitive")
PURPOSES: Final = {
    "identification": "To know whom we speak of",
    "eligibility": "To decide who is entitled",
    "scoring": "To estimate welfare",
    "benefit": "To work out an amount",
    "payment": "To pay",
    "conditions": "To follow co-responsibilities",
    "outreach": "To find and reach people",
    "case-management": "To accompany a family",
    "statistics": "To report and to plan",
}
#: Names that rules and snapshots use for something else; no variable may take them.
_ATTRIBUTES: Final = """
age sex role presence birth birth_earliest birth_latest death death_reported name receives receipts
identifiers relationships residence phones accounts person_id group_id area_id home kind code level
reference oldest_application
"""
_ROOTS: Final = "members household person area score param money"
_CEL: Final = """
true false null in as break const continue else for function if import let loop package namespace
return var void while has all exists exists_one map filter count sum min max
"""
RESERVED: Final = frozenset(f"{_ATTRIBUTES} {_ROOTS} {_CEL}".split())
CORE_FILE: Final = Path(__file__).with_name("core.yaml")


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a list: its title by language ("" is plain) and the core code it stands for."""

    title: Mapping[str, str]
    means: str = ""


@dataclass(frozen=True, slots=True)
class CodeList:
    """A closed list of codes, in the order people read them."""

    code: str
    title: Mapping[str, str]
    codes: Mapping[str, Code]
    core: bool = False


@dataclass(frozen=True, slots=True)
class Variable:
    """A thing that can be known.

    Args:
        of: person, household or area.
        codes: the code list, when `type` is code.
        minimum, maximum: bounds of a number, both inclusive; money in major units.
        validity_months: how long a fact stays fresh; None is for ever.
        per: none, or month, term, year when there is a value for each.
        is_list: the value is a list of records.
        means: the core variable this is a country's version of; for a core variable, the term of a
            published vocabulary.
    """

    code: str
    of: str
    type: str
    codes: str | None
    title: Mapping[str, str]
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    validity_months: int | None = None
    per: str = "none"
    is_list: bool = False
    purposes: tuple[str, ...] = ()
    privacy: str = "ordinary"
    means: str = ""
    core: bool = False

    @property
    def is_simple(self) -> bool:
        """Whether the variable has one value at a time, so that rules and snapshots can read it."""
        return self.per == "none" and not self.is_list


@dataclass(frozen=True)
class Dictionary:
    """All variables and code lists, the core ones and the country's."""

    variables: Mapping[str, Variable] = field(default_factory=dict)
    code_lists: Mapping[str, CodeList] = field(default_factory=dict)

    def of(self, grain: str) -> list[Variable]:
        """Give the variables of a grain, by code."""
        return sorted((v for v in self.variables.values() if v.of == grain), key=lambda v: v.code)

    def codes_of(self, variable: str) -> list[str]:
        """Give the codes a variable may take ([] when it is not of type code)."""
        name = self.variables[variable].codes
        return list(self.code_lists[name].codes) if name else []

    @property
    def sha256(self) -> str:
        """The hash of everything a rule or snapshot depends on; titles do not count."""
        parts = [
            [v.code, v.of, v.type, v.codes, v.unit, v.per, v.is_list, self.codes_of(v.code)]
            for v in sorted(self.variables.values(), key=lambda v: v.code)
        ]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def digest(definition: object) -> str:
    """Give the sha256 of plain data, whatever the order of its keys."""
    text = json.dumps(jsonable(definition), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def core_dictionary() -> Dictionary:
    """Give the dictionary Amana ships with.

    >>> core_dictionary().variables["roof_material"].validity_months
    42
    """
    problems = Problems("The core dictionary has mistakes.")
    source = read_yaml(CORE_FILE, problems=problems)
    for attribute in source.list_of("attributes"):
        _read_attribute(attribute)
    dictionary = _read(source, Dictionary(), core=True)
    problems.raise_if_any()
    return dictionary


def core_attributes() -> list[dict[str, object]]:
    """Give what is kept in columns of its own rather than as facts, for the reference pages."""
    problems = Problems("The core dictionary has mistakes.")
    found = read_yaml(CORE_FILE, problems=problems).list_of("attributes")
    problems.raise_if_any()
    return [item.value() for item in found]


def read_dictionary(source: Source) -> Dictionary:
    """Add a blueprint's dictionary to the core; mistakes are noted on the source's problems.

    A blueprint may repeat a core variable to give it other titles, validity, bounds, purposes or
    privacy; its grain, type and codes stay.
    """
    return _read(source, core_dictionary(), core=False)


def _read_attribute(source: Source) -> None:
    source.code("code", name=True)
    source.one_of("of", GRAINS)
    source.translations("title")
    source.words("purpose", PURPOSES)
    source.one_of("privacy", PRIVACY)
    source.text("codes", "")
    source.text("meaning", "")
    source.finish()


def _read(source: Source, base: Dictionary, *, core: bool) -> Dictionary:
    code_lists = dict(base.code_lists)
    for name, entry in source.entries("code_lists"):
        if code_list := _read_code_list(name, entry, base, core=core):
            code_lists[name] = code_list
    variables = dict(base.variables)
    places: dict[str, Source] = {}
    for item in source.list_of("variables"):
        variable = _read_variable(item, base, code_lists, core=core)
        if variable is None:
            continue
        if variable.code in places:
            row = places[variable.code].where().row
            item.problem(
                f"The variable “{variable.code}” stands twice; first on line {row}.",
                key="code",
                mend="Take one of them away, or give it another code.",
            )
            continue
        places[variable.code] = item
        variables[variable.code] = variable
    if not core:
        source.finish()
    return Dictionary(variables=variables, code_lists=code_lists)


def _read_code_list(name: str, source: Source, base: Dictionary, *, core: bool) -> CodeList | None:
    if not NAME.match(name) or len(name) > 60:
        source.problem(
            f"“{name}” cannot be the name of a code list.",
            mend="Use small letters, digits and _, starting with a letter, at most 60.",
        )
        return None
    if name in base.code_lists:
        source.problem(
            f"The code list “{name}” belongs to the core dictionary.",
            mend="Give yours another name, and say with “means” which core codes its codes are.",
        )
        return None
    if not source.is_mapping:
        source.problem(f"The code list “{name}” is {source.kind()}.", mend="Write “codes:” in it.")
        return None
    title = source.translations("title")
    codes: dict[str, Code] = {}
    for code, entry in source.entries("codes", required=True):
        if len(code) > 60 or not code.strip():
            entry.problem(f"“{code}” cannot be a code.", mend="Use 1 to 60 characters.")
            continue
        if entry.is_mapping and entry.has("title"):
            means = entry.text("means", "")
            codes[code] = Code(entry.translations("title"), means)
            entry.finish()
        else:
            codes[code] = Code(source.at("codes").translations(code))
    if not codes:
        source.problem(f"The code list “{name}” has no codes.", mend="Write at least one.")
    source.finish()
    return CodeList(code=name, title=title, codes=codes, core=core)


def _read_variable(
    source: Source, base: Dictionary, code_lists: Mapping[str, CodeList], *, core: bool
) -> Variable | None:
    before = len(source.problems.found)
    code = source.code("code", name=True)
    grain = source.one_of("of", GRAINS)
    kind = source.one_of("type", TYPES)
    codes = source.text("codes", "")
    if code in RESERVED:
        source.problem(
            f"“{code}” is a word of the rule language.", key="code", mend="Give it another code."
        )
    if len(code) > 60:
        source.problem(f"“{code}” is too long.", key="code", mend="At most 60 characters.")
    if kind == "code" and not codes:
        source.problem(f"“{code}” is of type code but names no list.", mend="Write “codes: …”.")
    elif kind and kind != "code" and codes:
        source.problem(
            f"“{code}” is of type {kind} and cannot have codes.",
            key="codes",
            mend="Write “type: code”, or take “codes” away.",
        )
    elif codes and codes not in code_lists:
        source.problem(
            f"There is no code list “{codes}”.",
            key="codes",
            mend=nearest(codes, code_lists) or f"Write it under “code_lists: {codes}:”.",
        )
    minimum, maximum = _read_range(source, kind)
    purposes = tuple(source.words("purpose", PURPOSES))
    if not purposes:
        source.problem(
            f"“{code}” does not say what it is asked for.",
            mend=f"Write “purpose: […]” with some of {some(PURPOSES)}.",
        )
    variable = Variable(
        code=code,
        of=grain,
        type=kind,
        codes=codes or None,
        title=source.translations("title"),
        unit=source.text("unit", ""),
        minimum=minimum,
        maximum=maximum,
        validity_months=source.integer("validity_months", None, minimum=1, maximum=1200),
        per=source.one_of("per", PERIODS, "none"),
        is_list=source.boolean("list", False),
        purposes=purposes,
        privacy=source.one_of("privacy", PRIVACY, "ordinary"),
        means=source.text("meaning", "") if core else source.text("means", ""),
        core=core,
    )
    source.finish()
    if not core:
        variable = _check_against_core(source, variable, base)
    return variable if len(source.problems.found) == before else None


def _read_range(source: Source, kind: str) -> tuple[Decimal | None, Decimal | None]:
    bounds = source.at("range")
    if not bounds:
        return None, None
    items = bounds.items() if bounds.is_list else []
    numbers = [decimal_of(item.raw()) for item in items]
    good = len(items) == 2 and all(
        number is not None or item.value() is None
        for number, item in zip(numbers, items, strict=True)
    )
    if not good:
        bounds.problem("“range” is not two numbers.", mend="Write “range: [0, 120]”.")
        return None, None
    if kind not in ("integer", "decimal", "money"):
        bounds.problem(f"A {kind} has no range.", mend="Take “range” away.")
        return None, None
    low, high = numbers
    if low is not None and high is not None and low > high:
        bounds.problem(f"The range starts at {low} and ends at {high}.", mend="Turn it round.")
    return low, high


def _check_against_core(source: Source, variable: Variable, base: Dictionary) -> Variable:
    same = base.variables.get(variable.code)
    if same is not None:
        shape = (variable.of, variable.type, variable.codes, variable.per, variable.is_list)
        if shape != (same.of, same.type, same.codes, same.per, same.is_list):
            source.problem(
                f"“{variable.code}” is a core variable of another shape (of {same.of}, type"
                f" {same.type}{f', codes {same.codes}' if same.codes else ''}).",
                key="code",
                mend=f"Give yours another code and write “means: {variable.code}”.",
            )
        return replace(variable, core=True, means=same.means)
    if variable.means:
        core = base.variables.get(variable.means)
        if core is None:
            source.problem(
                f"There is no core variable “{variable.means}”.",
                key="means",
                mend=nearest(variable.means, base.variables)
                or "The core variables are listed in docs/reference/core-dictionary.md.",
            )
        elif core.of != variable.of:
            source.problem(
                f"“{variable.means}” is of {core.of}, “{variable.code}” of {variable.of}.",
                key="means",
                mend="Name a core variable of the same grain.",
            )
        elif not _comparable(core.type, variable.type):
            source.problem(
                f"“{variable.means}” is of type {core.type}, “{variable.code}” of {variable.type}.",
                key="means",
                mend="Name a core variable of a comparable type, or leave “means” out.",
            )
    return variable


def _comparable(core: str, own: str) -> bool:
    numbers = {"integer", "decimal"}
    return core == own or {core, own} <= numbers


def check_code_meanings(dictionary: Dictionary, source: Source) -> None:
    """Check that each code's `means` is a code of the core list its variable means."""
    for variable in dictionary.variables.values():
        if variable.core or not variable.codes or not variable.means:
            continue
        core = core_dictionary().variables.get(variable.means)
        if core is None or core.codes is None:
            continue
        known = core_dictionary().code_lists[core.codes].codes
        for code, entry in dictionary.code_lists[variable.codes].codes.items():
            if entry.means and entry.means not in known:
                place = source.at("code_lists").at(variable.codes).at("codes").at(code)
                place.problem(
                    f"“{entry.means}” is not a code of the core list “{core.codes}”.",
                    key="means",
                    mend=nearest(entry.means, known) or f"Known codes: {some(known)}.",
                )


def untranslated(dictionary: Dictionary, languages: Sequence[str]) -> list[str]:
    """List the titles of the country's own variables that lack one of the languages.

    A plain text counts as the first language.
    """
    found = []
    for variable in dictionary.variables.values():
        if not variable.core:
            found.extend(missing_languages(f"variable {variable.code}", variable.title, languages))
    for code_list in dictionary.code_lists.values():
        if not code_list.core:
            name = f"code list {code_list.code}"
            found.extend(missing_languages(name, code_list.title, languages))
            for code, entry in code_list.codes.items():
                found.extend(missing_languages(f"{name}, {code}", entry.title, languages))
    return found


def missing_languages(name: str, texts: Mapping[str, str], languages: Sequence[str]) -> list[str]:
    """Name the languages a text lacks, as “variable roof: sw”.

    >>> missing_languages("variable roof", {"": "Roof"}, ["en", "sw"])
    ['variable roof: sw']
    """
    return [
        f"{name}: {language}"
        for number, language in enumerate(languages)
        if language not in texts and not (number == 0 and "" in texts)
    ]
