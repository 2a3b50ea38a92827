"""Reading a mapping as people wrote it: its shape, with the place of every mistake.

Pure: no file of data is opened and no dictionary asked. Every mistake is told at once, each with
its key path and, when the YAML was read with ruamel, its line.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from amana.intake.mapping import (
    Account,
    Area,
    Birth,
    FileMapping,
    FileShape,
    HouseholdPart,
    Identifier,
    Key,
    PersonPart,
    Value,
)
from amana.kernel.errors import BadInput, Problems, Where

ENCODINGS: Final = ("utf-8", "latin-1", "cp1252", "cp1250", "cp1256", "utf-16")
LAYOUTS: Final = ("flat", "two-files")
PERSON_KEYS: Final = (
    "key", "role", "presence", "sex", "birth", "name", "area", "residence", "phone",
    "identifiers", "account", "vars",
)  # fmt: skip
CODE: Final = re.compile(r"^[a-z][a-z0-9_]{0,62}$")


class MappingNotUnderstood(BadInput):
    """The mapping is not YAML, or not a mapping of keys."""

    code = "MAPPING_NOT_UNDERSTOOD"


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
        keys = self.keys(tree, "person", PERSON_KEYS)
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
