"""YAML files that people write, read with the place of every mistake.

A blueprint is written by hand, so each refusal names file, line, column and key, says what was
expected and how to mend it, and all mistakes of a file are told in one go. A `Source` is one value
of a YAML file together with its place; its methods give typed values, and note a problem (never
raise) when the value does not fit, so that reading goes on::

    problems = Problems("The blueprint has mistakes.")
    root = read_yaml(path, problems=problems)
    code = root.code("channel")
    debtor = root.mapping("debtor")
    name = debtor.text("name")
    root.finish()                 # refuses keys that nobody asked for, with the nearest known one
    problems.raise_if_any()

YAML 1.2 rules hold: `no` is a text, only `true` and `false` are yes and no; 0.30 is exactly 0.30.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from amana.kernel.errors import Problems, Where
from amana.kernel.text_source import decimal_of, nearest, read_text, some

NODES_MAX: Final = 500_000
CODE: Final = re.compile(r"^[a-z][a-z0-9]*([-_][a-z0-9]+)*$")
NAME: Final = re.compile(r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")
_INTEGER: Final = re.compile(r"^[-+]?[0-9]+$")
_TAG: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(
    _TAG + name for name in ("map", "seq", "str", "int", "float", "bool", "null", "timestamp")
)
_MISSING: Final = object()


@dataclass
class Source:
    """One value of a YAML file, with its place and the problems found while reading it.

    A source without a node stands for a value that is absent or was refused: it gives defaults and
    notes nothing more, so that one mistake is told once.
    """

    file: str
    problems: Problems
    node: Node | None
    path: str = ""
    lines: Sequence[str] = ()
    _asked: dict[str, None] = field(default_factory=dict)
    _made: dict[str, Source] = field(default_factory=dict, repr=False)

    # -- places ---------------------------------------------------------------------------------

    def where(self, key: str | None = None, *, at: tuple[int, int] | None = None) -> Where:
        """Give the place of this value, or of the value under `key`.

        Args:
            key: a key of this mapping; the place of the mapping itself when it has no such key.
            at: 1-based line and column inside the text under `key` (of a rule, say), turned into
                the line and column of the file.
        """
        node = self.node
        path = self.path
        if key is not None:
            path = f"{self.path}.{key}" if self.path else key
            child = self._child(key)
            node = child if child is not None else node
        if node is None:
            return Where(file=self.file, field=path or None)
        row, column = node.start_mark.line + 1, node.start_mark.column + 1
        if at is not None and isinstance(node, ScalarNode):
            row, column_inside = self._inside(node, at)
            return Where(file=self.file, row=row, column=column_inside, field=path or None)
        return Where(file=self.file, row=row, column=column, field=path or None)

    def locate(self, path: Sequence[str | int]) -> Where:
        """Give the place of a value by its path from here: keys, and 0-based numbers of items.

        The nearest value above is given when the path leads nowhere (a missing key).
        """
        source = self
        for step in path:
            if isinstance(step, int):
                found = source.items()[step] if step < len(source.items()) else None
            else:
                child = source._child(step)
                found = None if child is None else source._source(child, step)
            if found is None or found.node is None:
                name = f"[{step + 1}]" if isinstance(step, int) else f".{step}"
                where = source.where()
                field_path = f"{source.path}{name}".lstrip(".")
                return Where(where.file, where.row, where.column, field_path)
            source = found
        return source.where()

    def _inside(self, node: ScalarNode, at: tuple[int, int]) -> tuple[int, int | None]:
        line, column = at
        row = node.start_mark.line + 1
        if node.style == "|":
            inner = self.lines[row : row + line]
            indent = min(
                (len(text) - len(text.lstrip()) for text in self.lines[row:] if text.strip()),
                default=0,
            )
            first = next((text for text in inner if text.strip()), "")
            indent = len(first) - len(first.lstrip()) if first else indent
            return row + line, indent + column
        if node.style == ">" or node.end_mark.line != node.start_mark.line:
            return row, None
        return row, node.start_mark.column + column + (1 if node.style in ("'", '"') else 0)

    def problem(
        self,
        message: str,
        *,
        key: str | None = None,
        mend: str = "",
        at: tuple[int, int] | None = None,
        code: str = "BLUEPRINT_MISTAKE",
    ) -> None:
        """Note one mistake at this value, or at the value under `key`."""
        self.problems.add(message, mend=mend, where=self.where(key, at=at), code=code)

    # -- shape ----------------------------------------------------------------------------------

    def __bool__(self) -> bool:
        return self.node is not None

    def _pairs(self) -> Iterator[tuple[str, Node, Node]]:
        if isinstance(self.node, MappingNode):
            for key, value in self.node.value:
                yield str(key.value), key, value

    def _child(self, key: str) -> Node | None:
        for name, _, value in self._pairs():
            if name == key:
                return value
        return None

    def _source(self, node: Node | None, step: str) -> Source:
        known = self._made.get(step)
        if known is not None and known.node is node:
            return known  # the same value remembers which of its keys were asked for
        if step.startswith("["):
            path = f"{self.path}{step}"
        else:
            path = f"{self.path}.{step}" if self.path else step
        made = self._made[step] = Source(self.file, self.problems, node, path, self.lines)
        return made

    def keys(self) -> list[str]:
        """Give the keys of this mapping in the order they were written."""
        return [name for name, _, _ in self._pairs()]

    def has(self, key: str) -> bool:
        """Tell whether the mapping has `key` with a value other than null."""
        self._asked[key] = None
        node = self._child(key)
        return node is not None and not _is_null(node)

    def at(self, key: str) -> Source:
        """Give the value under `key` whatever its shape; an absent one is an empty source."""
        self._asked[key] = None
        node = self._child(key)
        return self._source(None if node is None or _is_null(node) else node, key)

    @property
    def is_mapping(self) -> bool:
        """Whether the value is a mapping (key: value)."""
        return isinstance(self.node, MappingNode)

    @property
    def is_list(self) -> bool:
        """Whether the value is a list."""
        return isinstance(self.node, SequenceNode)

    @property
    def is_scalar(self) -> bool:
        """Whether the value is one text, number, date or yes/no."""
        return isinstance(self.node, ScalarNode)

    def _required(self, key: str) -> None:
        if self.node is None:
            return
        mend = nearest(key, [name for name in self.keys() if name not in self._asked])
        self.problem(f"The key “{key}” is missing.", mend=mend or f"Write “{key}: …” here.")

    def mapping(self, key: str, *, required: bool = True) -> Source:
        """Give the mapping under `key`; an empty source when it is absent or not a mapping."""
        child = self.at(key)
        if not child:
            if required:
                self._required(key)
            return child
        if not child.is_mapping:
            child.problem(f"“{key}” is {child.kind()}.", mend=f"Write keys under “{key}:”.")
            return self._source(None, key)
        return child

    def entries(self, key: str, *, required: bool = False) -> list[tuple[str, Source]]:
        """Give the pairs of the mapping under `key`, whose keys the author chooses."""
        return self.mapping(key, required=required).pairs()

    def pairs(self) -> list[tuple[str, Source]]:
        """Give the pairs of this mapping, whose keys the author chooses; marks all as read."""
        found = []
        for name, _, value in self._pairs():
            self._asked[name] = None
            found.append((name, self._source(None if _is_null(value) else value, name)))
        return found

    def items(self) -> list[Source]:
        """Give the items of this list; a single value counts as a list of one."""
        if isinstance(self.node, SequenceNode):
            return [
                self._source(item, f"[{number}]") for number, item in enumerate(self.node.value, 1)
            ]
        return [self] if self else []

    def list_of(self, key: str, *, required: bool = False) -> list[Source]:
        """Give the items of the list under `key`, each a mapping; others are noted and left out."""
        child = self.at(key)
        if not child and required:
            self._required(key)
        if not child:
            return []
        if not child.is_list:
            child.problem(f"“{key}” is {child.kind()}.", mend="Start each item with “- ”.")
            return []
        good = []
        for item in child.items():
            if item.is_mapping:
                good.append(item)
            else:
                item.problem(
                    f"This item of “{key}” is {item.kind()}.", mend="Write “- key: value” pairs."
                )
        return good

    def finish(self) -> None:
        """Refuse the keys of this mapping that nobody asked for, with the nearest known one."""
        for name, key, _ in self._pairs():
            if name not in self._asked:
                where = Where(
                    file=self.file,
                    row=key.start_mark.line + 1,
                    column=key.start_mark.column + 1,
                    field=f"{self.path}.{name}" if self.path else name,
                )
                mend = nearest(name, self._asked) or f"Known keys are {some(sorted(self._asked))}."
                self.problems.add(
                    f"The key “{name}” is not known here.",
                    mend=mend,
                    where=where,
                    code="BLUEPRINT_MISTAKE",
                )

    # -- scalars --------------------------------------------------------------------------------

    def kind(self) -> str:
        """Name the shape of the value for a message: a text, a list, …"""
        if self.node is None or _is_null(self.node):
            return "empty"
        if isinstance(self.node, MappingNode):
            return "a mapping"
        if isinstance(self.node, SequenceNode):
            return "a list"
        names = {"int": "a number", "float": "a number", "bool": "true or false"}
        return names.get(str(self.node.tag).removeprefix(_TAG), "a text")

    def raw(self) -> str:
        """Give the text of a scalar as it was written; empty for anything else."""
        return str(self.node.value) if isinstance(self.node, ScalarNode) else ""

    def _scalar(self, key: str, expected: str, default: Any) -> str | None:
        child = self.at(key)
        if not child:
            if default is _MISSING:
                self._required(key)
            return None
        if not child.is_scalar:
            child.problem(f"“{key}” is {child.kind()}.", mend=f"Expected {expected}.")
            return None
        return child.raw()

    def _refuse(self, key: str, raw: str, expected: str) -> None:
        self.problem(f"“{raw}” does not fit “{key}”.", key=key, mend=f"Expected {expected}.")

    def text(self, key: str, default: Any = _MISSING, *, length_max: int = 20_000) -> str:
        """Give the text under `key`; numbers and dates are given as they were written."""
        raw = self._scalar(key, "a text", default)
        if raw is None:
            return "" if default is _MISSING else default
        if not raw.strip():
            self.problem(f"“{key}” is an empty text.", key=key, mend="Write it or leave it out.")
        if len(raw) > length_max:
            self.problem(
                f"“{key}” is {len(raw)} characters long.",
                key=key,
                mend=f"At most {length_max} are allowed.",
            )
        return raw.strip()

    def code(self, key: str, default: Any = _MISSING, *, name: bool = False) -> str:
        """Give a code: small letters, digits and hyphens; with `name`, underscores only.

        Args:
            name: the code is used as a name in rules (`household.roof`), so hyphens would be minus.
        """
        raw = self._scalar(key, "a code", default)
        if raw is None:
            return "" if default is _MISSING else default
        if not (NAME if name else CODE).match(raw) or len(raw) > 63:
            separators = "_" if name else "- or _"
            self._refuse(
                key,
                raw,
                "a code of small letters and digits, starting with a letter, words joined by"
                f" {separators}, at most 63 characters",
            )
        return raw

    def one_of(self, key: str, choices: Iterable[str], default: Any = _MISSING) -> str:
        """Give the text under `key`, which must be one of `choices`."""
        known = list(choices)
        raw = self._scalar(key, f"one of {some(known)}", default)
        if raw is None:
            return "" if default is _MISSING else default
        if raw not in known:
            self.problem(
                f"“{raw}” is not a value of “{key}”.",
                key=key,
                mend=" ".join(filter(None, [nearest(raw, known), f"Expected {some(known)}."])),
            )
            return "" if default is _MISSING else default
        return raw

    def integer(
        self,
        key: str,
        default: Any = _MISSING,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> int:
        """Give the whole number under `key`, within the bounds."""
        bounds = _bounds(minimum, maximum)
        raw = self._scalar(key, f"a whole number{bounds}", default)
        if raw is None:
            return 0 if default is _MISSING else default
        if not _INTEGER.match(raw):
            self._refuse(key, raw, f"a whole number{bounds}")
            return 0 if default is _MISSING else default
        number = int(raw)
        if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
            self._refuse(key, raw, f"a whole number{bounds}")
        return number

    def decimal(
        self,
        key: str,
        default: Any = _MISSING,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> Decimal:
        """Give the number under `key`, exactly as written, within the bounds."""
        bounds = _bounds(minimum, maximum)
        raw = self._scalar(key, f"a number{bounds}", default)
        if raw is None:
            return Decimal(0) if default is _MISSING else default
        number = decimal_of(raw)
        if number is None:
            self._refuse(key, raw, f"a number with a point, such as 1500.50{bounds}")
            return Decimal(0) if default is _MISSING else default
        if (minimum is not None and number < minimum) or (maximum is not None and number > maximum):
            self._refuse(key, raw, f"a number{bounds}")
        return number

    def boolean(self, key: str, default: Any = _MISSING) -> bool:
        """Give true or false under `key`."""
        raw = self._scalar(key, "true or false", default)
        if raw in ("true", "false"):
            return raw == "true"
        if raw is not None:
            self._refuse(key, raw, "true or false")
        return False if default is _MISSING else default

    def date(self, key: str, default: Any = _MISSING) -> date:
        """Give the date under `key`, written as 2026-01-31."""
        raw = self._scalar(key, "a date such as 2026-01-31", default)
        if raw is None:
            return date.min if default is _MISSING else default
        try:
            return date.fromisoformat(raw)
        except ValueError:
            self._refuse(key, raw, "a date such as 2026-01-31")
            return date.min if default is _MISSING else default

    def translations(self, key: str, default: Any = _MISSING) -> dict[str, str]:
        """Give a text that may be plain or per language: `{"": text}` or `{"en": …, "sw": …}`."""
        child = self.at(key)
        if child.is_mapping:
            found = {}
            for language, words in child.pairs():
                if not re.match(r"^[a-z]{2,3}(-[A-Za-z]+)?$", language):
                    child.problem(
                        f"“{language}” is not a language code.",
                        key=language,
                        mend="Use codes such as en, fr, sw.",
                    )
                elif not words.is_scalar or not words.raw().strip():
                    words.problem(f"The text for “{language}” is {words.kind()}.", mend="Write it.")
                else:
                    found[language] = words.raw().strip()
            return found
        text = self.text(key, "" if default is not _MISSING else _MISSING)
        if not text:
            return {} if default is _MISSING else default
        return {"": text}

    def words(self, key: str, choices: Iterable[str] | None = None) -> list[str]:
        """Give the texts of the list under `key` ([] when absent), each one of `choices` if given.

        One text alone counts as a list of one.
        """
        child = self.at(key)
        if child.is_mapping:
            child.problem(f"“{key}” is a mapping.", mend="Expected a list, as in [one, two].")
            return []
        known = None if choices is None else list(choices)
        found = []
        for item in child.items():
            if not item.is_scalar or _is_null(item.node):
                item.problem(f"This item of “{key}” is {item.kind()}.", mend="Expected a text.")
                continue
            word = item.raw()
            if known is not None and word not in known:
                mend = " ".join(filter(None, [nearest(word, known), f"Expected {some(known)}."]))
                item.problem(f"“{word}” is not a value of “{key}”.", mend=mend)
                continue
            if word in found:
                item.problem(f"“{word}” stands twice in “{key}”.", mend="Take one away.")
                continue
            found.append(word)
        return found

    def value(self) -> Any:
        """Give this value as plain data: dict, list, str, int, Decimal, bool, date or None.

        Two files that differ in comments, layout or quoting only give equal data.
        """
        return None if self.node is None else _plain(self.node)


def jsonable(value: Any) -> Any:
    """Turn plain data into what JSON can hold: decimals and dates become texts.

    >>> jsonable({"share": Decimal("0.30"), "from": date(2026, 1, 1)})
    {'share': '0.30', 'from': '2026-01-01'}
    """
    if isinstance(value, dict):
        return {str(key): jsonable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(item) for item in value]
    if isinstance(value, Decimal):
        return str(value)
    return value.isoformat() if isinstance(value, date) else value


def _bounds(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum} to {maximum}"
    if minimum is not None:
        return f" of at least {minimum}"
    return f" of at most {maximum}" if maximum is not None else ""


def _is_null(node: Node | None) -> bool:
    return isinstance(node, ScalarNode) and str(node.tag) == f"{_TAG}null"


def _plain(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, SequenceNode):
        return [_plain(item) for item in node.value]
    raw, tag = str(node.value).replace("\a", ""), str(node.tag).removeprefix(_TAG)
    if tag == "null":
        return None
    if tag == "bool" and raw in ("true", "false"):
        return raw == "true"
    if tag == "int" and _INTEGER.match(raw):
        return int(raw)
    if tag == "float" and (number := decimal_of(raw)) is not None:
        return number
    if tag == "timestamp":
        try:
            return date.fromisoformat(raw)
        except ValueError:
            return raw
    return raw


def _check_tree(root: Node, source: Source) -> bool:
    """Refuse doubled keys, keys that are not texts, tags of other languages and floods."""
    good, count, todo = True, 0, [root]
    while todo:
        node = todo.pop()
        count += 1
        if count > NODES_MAX:
            source.problem(
                f"The file holds more than {NODES_MAX} values.",
                mend="Split it, or take its anchors (&, *) away.",
            )
            return False
        if str(node.tag) not in _PLAIN_TAGS:
            Source(source.file, source.problems, node).problem(
                f"The tag “{node.tag}” is not allowed.", mend="Write plain values."
            )
            good = False
        if isinstance(node, SequenceNode):
            todo.extend(node.value)
        elif isinstance(node, MappingNode):
            seen: dict[str, int] = {}
            for key, value in node.value:
                place = Source(source.file, source.problems, key)
                if not isinstance(key, ScalarNode):
                    place.problem("A key is not a text.", mend="Write “key: value”.")
                    good = False
                elif key.value in seen:
                    place.problem(
                        f"The key “{key.value}” stands twice; first on line {seen[key.value]}.",
                        mend="Take one of them away.",
                    )
                    good = False
                else:
                    seen[key.value] = key.start_mark.line + 1
                todo.append(value)
    return good


def parse_yaml(text: str, *, file: str, problems: Problems) -> Source:
    """Read a YAML text whose root is a mapping; an empty source when it cannot be read."""
    lines = text.splitlines()
    empty = Source(file, problems, None, lines=lines)
    try:
        # Not "rt": the round-trip reader marks the breaks of folded texts (`>-`) with a bell.
        reader = YAML(typ="safe", pure=True)
        reader.version = (1, 2)
        root = reader.compose(io.StringIO(text))
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problems.add(
            f"This is not YAML: {error.problem or error.context}.",
            mend="Look at the line above as well: an open quote, a missing colon or a tab.",
            where=Where(
                file=file,
                row=mark.line + 1 if mark else None,
                column=mark.column + 1 if mark else None,
            ),
            code="NOT_YAML",
        )
        return empty
    except (YAMLError, RecursionError) as error:
        problems.add(f"This is not YAML: {error}.", where=Where(file=file), code="NOT_YAML")
        return empty
    source = Source(file, problems, root, lines=lines)
    if root is None:
        problems.add("The file is empty.", where=Where(file=file), code="FILE_EMPTY")
        return empty
    if not isinstance(root, MappingNode):
        source.problem(f"The file is {source.kind()}.", mend="Write “key: value” lines.")
        return empty
    return source if _check_tree(root, source) else empty


def read_yaml(path: Path, *, problems: Problems, file: str | None = None) -> Source:
    """Read a YAML file whose root is a mapping; an empty source when it cannot be read.

    Args:
        file: how the file is named in messages; its own name by default.
    """
    name = file or path.name
    text = read_text(path, problems=problems, file=name)
    if text is None:
        return Source(name, problems, None)
    return parse_yaml(text, file=name, problems=problems)
