"""A scoring model's file of the blueprint (`models/<code>.yaml`) as an engine `Model`, and back.

Pure. Every mistake names its place, and all of a file are told at once by the caller's `Problems`;
rules are checked against the dictionary by `check_model`, each mistake at its line and column.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Literal, cast

from amana.engine import Item, Model, Schema, Term, check
from amana.kernel.errors import Problems
from amana.kernel.yaml_source import NAME, Source, jsonable, parse_yaml

KINDS: Final = ("linear", "points")
UNITS: Final = ("household", "person", "family", "institution", "other")
DIRECTIONS: Final = ("lower_is_poorer", "higher_is_poorer")
TERM_LIMIT: Final = 300
POINT_LIMIT: Final = 60


@dataclass(frozen=True)
class ModelFile:
    """A model as its file says, and where each of its rules stands in the file.

    Args:
        model: what the engine computes.
        title: by language; `""` is the language of a plain text.
        definition: the file as plain data: what is hashed, stored and compared.
        rules: rule field of the engine (`terms.size.value`) → the source that holds it, its key.
    """

    model: Model
    title: Mapping[str, str]
    definition: dict[str, Any]
    rules: dict[str, tuple[Source, str]] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """Give the hash of the content: the same for files that differ in comments only."""
        text = json.dumps(self.definition, sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()


def read_model(root: Source) -> ModelFile:
    """Read a model from its file; mistakes are noted in the source's problems.

    Args:
        root: the file's root, from `amana.kernel.yaml_source.read_yaml`.
    """
    return _Reader(root).read()


def parse_model(data: Mapping[str, Any]) -> Model:
    """Read a model from plain data: a parsed file, or a stored definition.

    Raises:
        BadInputs: every mistake with the path of its key as `where.field` (`terms[2].weight`).
    """
    problems = Problems("The scoring model has mistakes.")
    text = json.dumps(jsonable(dict(data)), ensure_ascii=False)
    root = parse_yaml(text, file=f"models/{data.get('model', '?')}.yaml", problems=problems)
    found = read_model(root)
    problems.raise_if_any()
    return found.model


def check_model(file: ModelFile, *, schema: Schema) -> None:
    """Note every mistake in the rules of a model, at its line and column of the file."""
    for error in check(schema, file.model):
        name = (error.where.field or "").removeprefix(f"models.{file.model.code}.")
        place = file.rules.get(name)
        if place is None:
            parent = name.rsplit(".", 1)[0]
            place = file.rules.get(f"{parent}.value") or next(iter(file.rules.values()), None)
        if place is None:
            continue
        source, key = place
        at = (error.line, error.column) if name in file.rules else None
        source.problem(error.message, key=key, mend=error.mend, at=at, code=error.code)


class _Reader:
    def __init__(self, root: Source) -> None:
        self.root = root
        self.rules: dict[str, tuple[Source, str]] = {}
        self.ids: set[str] = set()

    def read(self) -> ModelFile:
        root = self.root
        code = root.code("model", name=True)
        version = root.text("version", length_max=20)
        title = root.translations("title", {"": code})
        kind = root.one_of("kind", KINDS)
        unit = root.one_of("of", UNITS, "household")
        root.one_of("missing", ("unknown",), "unknown")
        digits = root.integer("round", 6 if kind == "linear" else 0, minimum=0, maximum=6)
        direction = root.one_of("direction", DIRECTIONS, "lower_is_poorer")
        intercept = root.decimal("intercept", Decimal(0), minimum=-999_999, maximum=999_999)
        root.text("source", "")
        terms = self.terms() if kind == "linear" else ()
        items = self.items() if kind == "points" else ()
        root.finish()
        model = Model(
            code=code,
            version=version,
            kind=cast(Literal["linear", "points"], kind or "linear"),
            of=unit,
            terms=terms,
            items=items,
            intercept=intercept,
            round=digits,
            direction=cast(Literal["lower_is_poorer", "higher_is_poorer"], direction),
            title=title.get("") or title.get("en") or next(iter(title.values()), code),
        )
        definition = jsonable(root.value() or {})
        return ModelFile(model, title, definition, self.rules)

    def identify(self, source: Source) -> str:
        found = source.code("id", name=True)
        if found and found in self.ids:
            source.problem(f"The id “{found}” stands twice.", key="id", mend="Give each its own.")
        if found and not NAME.match(found):
            return ""
        self.ids.add(found)
        return found

    def terms(self) -> tuple[Term, ...]:
        found = []
        for source in self.limited("terms", TERM_LIMIT):
            name = self.identify(source)
            says = source.text("says", "")
            rule = source.text("value", length_max=4_000)
            weight = source.decimal("weight")
            source.finish()
            self.rules[f"terms.{name}.value"] = (source, "value")
            found.append(Term(name, rule, weight, says))
        return tuple(found)

    def items(self) -> tuple[Item, ...]:
        found = []
        for source in self.limited("items", TERM_LIMIT):
            name = self.identify(source)
            says = source.text("says", "")
            points = []
            answers = source.list_of("points", required=True)
            for number, answer in enumerate(answers[:POINT_LIMIT], 1):
                when = answer.text("when", length_max=4_000)
                given = answer.integer("points", minimum=-9_999, maximum=9_999)
                answer.text("says", "")
                answer.finish()
                self.rules[f"items.{name}.points.{number}.when"] = (answer, "when")
                points.append((when, given))
            if len(answers) > POINT_LIMIT:
                source.problem(
                    f"This item has {len(answers)} answers.",
                    key="points",
                    mend=f"At most {POINT_LIMIT} are allowed.",
                )
            source.finish()
            found.append(Item(name, tuple(points), says))
        return tuple(found)

    def limited(self, key: str, limit: int) -> list[Source]:
        found = self.root.list_of(key, required=True)
        if len(found) > limit:
            self.root.problem(
                f"The model has {len(found)} {key}.", key=key, mend=f"At most {limit} are allowed."
            )
        return found[:limit]
