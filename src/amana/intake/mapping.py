"""The mapping: which column of a file answers which question, and in which codes.

A mapping is written by people, in YAML, inside a form or in a file of its own; the format is in
`docs/reference/mapping.md`. Reading it here is pure: no file of data is opened and no dictionary
asked. Every mistake is told at once, each with its key path and, when the YAML was read with
ruamel, its line.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from amana.kernel.errors import BadInput, Problems, Where

ENCODINGS: Final = ("utf-8", "latin-1", "cp1252", "cp1250", "cp1256", "utf-16")
LAYOUTS: Final = ("flat", "two-files")
CODE: Final = re.compile(r"^[a-z][a-z0-9_]{0,62}$")
COLUMNS_MAX: Final = 2_000


class MappingNotUnderstood(BadInput):
    """The mapping is not YAML, or not a mapping of keys."""

    code = "MAPPING_NOT_UNDERSTOOD"


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


def read_mapping(path: Path) -> FileMapping:
    """Read a mapping from a YAML file of its own.

    Raises:
        MappingNotUnderstood: the file is not YAML.
        BadInputs: every mistake in it, each with its line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise MappingNotUnderstood(
            f"The mapping is not UTF-8 text (byte {error.start}).",
            where=Where(file=path.name),
            mend="Save the file as UTF-8.",
        ) from None
    try:
        tree = YAML().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark
        raise MappingNotUnderstood(
            f"This is not YAML: {error.problem or error.context}.",
            where=Where(
                file=path.name,
                row=None if mark is None else mark.line + 1,
                column=None if mark is None else mark.column + 1,
            ),
            mend="Check the indentation and the quotes on this line.",
        ) from None
    if isinstance(tree, Mapping) and "mapping" in tree:
        tree = tree["mapping"]
    return parse_mapping(tree, file=path.name)


def parse_mapping(tree: Any, *, file: str = "mapping") -> FileMapping:
    """Check the shape of a mapping and give it as values.

    Args:
        tree: nested dictionaries and lists, as YAML or JSON gives them.
        file: name used in messages.

    Raises:
        MappingNotUnderstood: the tree is not a mapping of keys at all.
        BadInputs: every mistake in it.
    """
    if not isinstance(tree, Mapping):
        raise MappingNotUnderstood(
            "The mapping is empty or is not a set of keys.",
            where=Where(file=file),
            mend="Begin with `layout: flat` and say where `household` and `person` stand.",
        )
    reader = _Reader(file)
    mapping = reader.mapping(tree)
    reader.problems.raise_if_any()
    return mapping


class _Reader:
    """Walks the tree, collects mistakes, and gives placeholders where something is wrong."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems = Problems(f"The mapping {file} has mistakes.")

    def wrong(self, path: str, message: str, mend: str, holder: Any = None) -> None:
        name = path.rsplit(".", 1)[-1]
        self.problems.add(
            message,
            mend=mend,
            code="MAPPING_INVALID",
            where=Where(file=self.file, row=_line(holder, name), field=path),
        )

    def keys(self, tree: Any, path: str, allowed: tuple[str, ...]) -> Mapping[str, Any]:
        if tree is None:
            return {}
        if not isinstance(tree, Mapping):
            self.wrong(path, f"`{path}` must hold keys.", f"Give {_words(allowed)} under it.")
            return {}
        for key in tree:
            if str(key) not in allowed:
                dotted = f"{path}.{key}" if path else str(key)
                self.wrong(
                    dotted, f"There is no key `{dotted}`.", f"Keys here: {_words(allowed)}.", tree
                )
        return tree

    def mapping(self, tree: Mapping[str, Any]) -> FileMapping:
        self.keys(
            tree,
            "",
            ("layout", "file", "people_file", "collected_on", "missing", "household", "person"),
        )
        layout = str(tree.get("layout", "flat"))
        if layout not in LAYOUTS:
            self.wrong("layout", f"`layout: {layout}` is unknown.", "Say flat or two-files.", tree)
        if tree.get("household") is None and tree.get("person") is None:
            self.wrong("household", "The mapping names no households and no people.", "Add either.")
        household = self.household(tree["household"]) if tree.get("household") else None
        person = self.person(tree["person"]) if tree.get("person") else None
        if layout == "two-files" and (household is None or person is None):
            self.wrong(
                "layout", "Two files need both `household` and `person`.", "Add the other.", tree
            )
        people_tree = tree.get("people_file")
        in_people: tuple[str, ...] = household.key.columns if household else ()
        if isinstance(people_tree, Mapping) and people_tree.get("key") is not None:
            in_people = self.columns(people_tree["key"], "people_file.key", people_tree)
            if household and len(in_people) != len(household.key.columns):
                self.wrong(
                    "people_file.key",
                    f"`people_file.key` has {len(in_people)} columns, `household.key` "
                    f"{len(household.key.columns)}.",
                    "Name the columns of the people file that hold the household's key, in order.",
                    people_tree,
                )
        missing = tree.get("missing", [])
        if not isinstance(missing, list):
            self.wrong("missing", "`missing` must be a list.", 'Write `missing: ["NA"]`.', tree)
            missing = []
        collected = tree.get("collected_on")
        return FileMapping(
            layout=layout,
            file=self.shape(tree.get("file"), "file", ("sheet", "delimiter", "encoding")),
            people_file=self.shape(
                people_tree, "people_file", ("sheet", "delimiter", "encoding", "key")
            ),
            household_key_in_people=in_people,
            collected_on=self.constant_or_column(collected, "collected_on", tree),
            missing=tuple(_text(item) for item in missing),
            household=household,
            person=person,
        )

    def shape(self, tree: Any, path: str, allowed: tuple[str, ...]) -> FileShape:
        keys = self.keys(tree, path, allowed)
        encoding = str(keys.get("encoding") or "utf-8").lower()
        encoding = {"utf8": "utf-8", "iso-8859-1": "latin-1", "latin1": "latin-1"}.get(
            encoding, encoding
        )
        if encoding not in ENCODINGS:
            self.wrong(
                f"{path}.encoding",
                f"Encoding `{encoding}` is not known.",
                f"Say one of {_words(ENCODINGS)}.",
                keys,
            )
        delimiter = keys.get("delimiter")
        if delimiter is not None and (not isinstance(delimiter, str) or len(delimiter) != 1):
            self.wrong(
                f"{path}.delimiter",
                "The delimiter must be one character.",
                'Write `delimiter: ";"` or `"\\t"` in double quotes.',
                keys,
            )
            delimiter = None
        sheet = keys.get("sheet")
        return FileShape(None if sheet is None else str(sheet), delimiter, encoding)

    def columns(self, tree: Any, path: str, holder: Any) -> tuple[str, ...]:
        items = [tree] if isinstance(tree, str) else tree
        if not isinstance(items, list) or not items or not all(isinstance(i, str) for i in items):
            self.wrong(path, f"`{path}` must be a list of columns.", "Write `[hh_id]`.", holder)
            return ()
        return tuple(items)

    def key(self, tree: Mapping[str, Any], path: str) -> Key:
        items = tree.get("key")
        if items is None:
            self.wrong(
                f"{path}.key",
                f"`{path}` has no key: a row could not be found again.",
                f"Name the columns, such as `key: [{path}_id]`.",
                tree,
            )
            return Key(("?",))
        items = [items] if isinstance(items, str) else items
        line_within: tuple[str, ...] | None = None
        if isinstance(items, list) and items and isinstance(items[-1], Mapping):
            last, items = items[-1], items[:-1]
            if set(last) != {"line"} or path != "person":
                self.wrong(
                    f"{path}.key",
                    "The last part of a key may only be `{line: column}`, for persons.",
                    "Write `key: [hh_id, {line: hh_id}]`.",
                    tree,
                )
            else:
                line_within = self.columns(last["line"], f"{path}.key.line", last)
        return Key(self.columns(items, f"{path}.key", tree), line_within)

    def value(self, tree: Any, path: str, holder: Any, *, dated: bool = False) -> Value | None:
        """A column's heading, `{column, codes, format}` or `{value: constant}`."""
        if tree is None:
            return None
        if isinstance(tree, str):
            return Value(path, column=tree)
        allowed: tuple[str, ...] = ("column", "value", "codes")
        if dated:
            allowed += ("format", "period")
        if not isinstance(tree, Mapping):
            self.wrong(path, f"`{path}` must name a column.", "Write `{column: heading}`.", holder)
            return None
        self.keys(tree, path, allowed)
        column, constant = tree.get("column"), tree.get("value")
        if (column is None) == (constant is None):
            self.wrong(
                path,
                f"`{path}` must have either `column` or `value`.",
                "Write `{column: heading}`, or `{value: …}` for the same answer on every row.",
                holder,
            )
            return None
        codes = tree.get("codes")
        pairs: tuple[tuple[str, str], ...] | None = None
        if codes is not None:
            if not isinstance(codes, Mapping) or not codes:
                self.wrong(
                    f"{path}.codes",
                    f"`{path}.codes` must say what each code of the file means.",
                    'Write `codes: {"1": metal, "2": thatch}`.',
                    tree,
                )
            else:
                pairs = tuple((_text(k), _text(v)) for k, v in codes.items())
        written, period = tree.get("format"), tree.get("period")
        return Value(
            path,
            column=None if column is None else str(column),
            constant=None if constant is None else _text(constant),
            codes=pairs,
            format=None if written is None else str(written),
            period=None if period is None else str(period),
        )

    def constant_or_column(self, tree: Any, path: str, holder: Any) -> Value | None:
        """A date or number given for the whole file, or the column that tells it."""
        if tree is None or isinstance(tree, Mapping):
            return self.value(tree, path, holder, dated=True)
        if isinstance(tree, dt.date):
            return Value(path, constant=tree.isoformat())
        try:
            return Value(path, constant=dt.date.fromisoformat(str(tree)).isoformat())
        except ValueError:
            self.wrong(
                path,
                f"`{path}: {tree}` is not a date.",
                "Write a date as 2026-03-01, or `{column: heading}`.",
                holder,
            )
            return None

    def area(self, tree: Any, path: str, holder: Any) -> Area | None:
        if tree is None:
            return None
        scheme = "national"
        if isinstance(tree, Mapping):
            scheme = str(tree.get("scheme", "national"))
            tree = {key: value for key, value in tree.items() if key != "scheme"}
        value = self.value(tree, path, holder)
        return None if value is None else Area(value, scheme)

    def variables(self, tree: Any, path: str, holder: Any) -> tuple[tuple[str, Value], ...]:
        if tree is None:
            return ()
        if not isinstance(tree, Mapping):
            self.wrong(
                path, f"`{path}` must hold variables.", "Write `roof: {column: roof}`.", holder
            )
            return ()
        found = []
        for code, item in tree.items():
            if not CODE.match(str(code)):
                self.wrong(
                    f"{path}.{code}",
                    f"`{code}` is not a variable's code.",
                    "Codes are small letters, digits and underscores.",
                    tree,
                )
                continue
            for each in item if isinstance(item, list) else [item]:
                value = self.value(each, f"{path}.{code}", tree, dated=True)
                if value is not None:
                    found.append((str(code), value))
            if isinstance(item, list) and not all(
                isinstance(each, Mapping) and each.get("period") for each in item
            ):
                self.wrong(
                    f"{path}.{code}",
                    f"`{path}.{code}` is a list: each of its columns needs a `period`.",
                    "Write `- {column: att_t1, period: 2026-T1}`.",
                    tree,
                )
        return tuple(found)

    def household(self, tree: Any) -> HouseholdPart:
        allowed = (
            "key",
            "kind",
            "name",
            "area",
            "residence",
            "address",
            "landmark",
            "take",
            "vars",
        )
        keys = self.keys(tree, "household", allowed)
        take = str(keys.get("take", "agreed"))
        if take not in ("agreed", "first"):
            self.wrong(
                "household.take",
                f"`take: {take}` is unknown.",
                "Say agreed (rows that differ are refused) or first (the first answer counts).",
                keys,
            )
        return HouseholdPart(
            key=self.key(keys, "household"),
            kind=self.value(keys.get("kind"), "household.kind", keys),
            name=self.value(keys.get("name"), "household.name", keys),
            residence=self.value(keys.get("residence"), "household.residence", keys),
            area=self.area(keys.get("area"), "household.area", keys),
            address=self.value(keys.get("address"), "household.address", keys),
            landmark=self.value(keys.get("landmark"), "household.landmark", keys),
            take_first=take == "first",
            variables=self.variables(keys.get("vars"), "household.vars", keys),
        )

    def person(self, tree: Any) -> PersonPart:
        allowed = ("key", "role", "presence", "sex", "birth", "name", "area", "phone")
        allowed += ("residence", "identifiers", "account", "vars")
        keys = self.keys(tree, "person", allowed)
        name = keys.get("name")
        if isinstance(name, str):
            name = {"full": name}
        names = self.keys(name, "person.name", ("full", "given", "family"))
        account = self.keys(keys.get("account"), "person.account", ("channel", "number", "holder"))
        return PersonPart(
            key=self.key(keys, "person"),
            role=self.value(keys.get("role"), "person.role", keys),
            presence=self.value(keys.get("presence"), "person.presence", keys),
            sex=self.value(keys.get("sex"), "person.sex", keys),
            birth=self.birth(keys.get("birth")),
            name_full=self.value(names.get("full"), "person.name.full", names),
            name_given=self.value(names.get("given"), "person.name.given", names),
            name_family=self.value(names.get("family"), "person.name.family", names),
            area=self.area(keys.get("area"), "person.area", keys),
            phone=self.value(keys.get("phone"), "person.phone", keys),
            residence=self.value(keys.get("residence"), "person.residence", keys),
            identifiers=self.identifiers(keys.get("identifiers"), keys),
            account=self.account(account),
            variables=self.variables(keys.get("vars"), "person.vars", keys),
        )

    def birth(self, tree: Any) -> Birth | None:
        if tree is None:
            return None
        path = "person.birth"
        allowed = ("date", "earliest", "latest", "year", "month", "age", "documented")
        keys = self.keys(tree, path, allowed)
        age, age_on = keys.get("age"), None
        if isinstance(age, Mapping) and "on" in age:
            age_on = self.constant_or_column(age["on"], f"{path}.age.on", age)
            age = {key: value for key, value in age.items() if key != "on"}
        birth = Birth(
            date=self.value(keys.get("date"), f"{path}.date", keys, dated=True),
            earliest=self.value(keys.get("earliest"), f"{path}.earliest", keys, dated=True),
            latest=self.value(keys.get("latest"), f"{path}.latest", keys, dated=True),
            year=self.value(keys.get("year"), f"{path}.year", keys),
            month=self.value(keys.get("month"), f"{path}.month", keys),
            age=self.value(age, f"{path}.age", keys),
            age_on=age_on,
            documented=keys.get("documented") is True,
        )
        if not any((birth.date, birth.earliest, birth.year, birth.age)):
            self.wrong(
                path,
                "`person.birth` does not say how births are told.",
                "Give date, year (and month), age, or earliest and latest.",
                tree,
            )
        if (birth.earliest is None) != (birth.latest is None):
            self.wrong(path, "`earliest` and `latest` go together.", "Give both.", tree)
        return birth

    def identifiers(self, tree: Any, holder: Any) -> tuple[Identifier, ...]:
        path = "person.identifiers"
        if tree is None:
            return ()
        if not isinstance(tree, list):
            self.wrong(
                path,
                f"`{path}` must be a list.",
                "Write `- {scheme: national-id, column: nid}`.",
                holder,
            )
            return ()
        found = []
        for number, item in enumerate(tree):
            place = f"{path}[{number}]"
            keys = self.keys(item, place, ("scheme", "column", "issuer", "why_none"))
            if not keys.get("scheme") or not keys.get("column"):
                self.wrong(place, f"`{place}` needs `scheme` and `column`.", "Give both.", tree)
                continue
            found.append(
                Identifier(
                    scheme=str(keys["scheme"]),
                    number=Value(place, column=str(keys["column"])),
                    issuer=str(keys.get("issuer", "")),
                    why_none=self.value(keys.get("why_none"), f"{place}.why_none", keys),
                )
            )
        return tuple(found)

    def account(self, keys: Mapping[str, Any]) -> Account | None:
        if not keys:
            return None
        channel = self.value(keys.get("channel"), "person.account.channel", keys)
        number = self.value(keys.get("number"), "person.account.number", keys)
        if channel is None or number is None:
            self.wrong(
                "person.account",
                "An account needs `channel` and `number`.",
                "Write `account: {channel: {value: bank}, number: {column: iban}}`.",
                keys,
            )
            return None
        holder = self.value(keys.get("holder"), "person.account.holder", keys)
        return Account(channel, number, holder)


def _line(holder: Any, key: str) -> int | None:
    """The 1-based line of a key, when the YAML reader kept it."""
    try:
        return int(holder.lc.key(key)[0]) + 1
    except (AttributeError, KeyError, TypeError):
        return None


def _text(value: Any) -> str:
    """How a YAML scalar is written in a file: `true`, `1`, `2026-03-01`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, Decimal)):
        return str(value)
    return "" if value is None else str(value)


def _words(items: Iterable[str]) -> str:
    return ", ".join(items)
