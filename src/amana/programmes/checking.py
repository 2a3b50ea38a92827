"""A programme's rules checked against the dictionary, each mistake at its line and column.

Pure: the blueprint's own dictionary, models and areas may be given before anything is written.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from amana.engine.compile import check
from amana.engine.errors import RuleError
from amana.engine.rules import Criterion, Model, RuleSet
from amana.engine.schema import Schema
from amana.kernel.text_source import nearest, some
from amana.kernel.yaml_source import Source
from amana.programmes import rules
from amana.programmes.definition import Definition
from amana.programmes.definition_file import ProgrammeFile

_KINDS: Final = {
    "eligibility": "criterion",
    "benefits": "benefit",
    "priority": "priority",
    "exit": "exit",
    "condition": "condition",
}


def check_programme(
    file: ProgrammeFile,
    *,
    schema: Schema,
    models: Mapping[str, Model],
    areas: Collection[str] | None = None,
) -> None:
    """Note every mistake in the rules, models, level and areas of a programme file.

    Args:
        schema: what rules may read (from the dictionary), with the area levels.
        models: scoring models by code, those of the same blueprint included.
        areas: codes of the areas there are; None leaves places unchecked.
    """
    definition = file.definition
    first = next(iter(file.rules.values()), None)
    for code in sorted(rules.models_named(definition) - set(models)):
        source, key = _model_place(file, code)
        if source is not None:
            source.problem(
                f"There is no scoring model “{code}”.",
                key=key or None,
                mend=nearest(code, models) or f"Models: {some(sorted(models)) or 'none'}.",
            )
    if rules.models_named(definition) <= set(models):
        for error in _errors(definition, schema, models):
            _tell(file, error)
    places = definition.places
    if places is not None and first is not None:
        root = first[0]
        if places.by != "all" and places.by not in schema.levels:
            root.problem(
                f"Places are by “{places.by}”, which is not a level of areas.",
                mend=nearest(places.by, schema.levels) or f"Levels: {some(schema.levels)}.",
            )
        if areas is not None:
            unknown = sorted({quota.area for quota in places.quotas if quota.area} - set(areas))
            if unknown:
                root.problem(
                    f"Places are given to areas that do not exist: {some(unknown)}.",
                    mend="Use codes of areas.csv.",
                )


def _errors(definition: Definition, schema: Schema, models: Mapping[str, Model]) -> list[RuleError]:
    ruleset = rules.rule_set(definition, models)
    found = check(schema, ruleset)
    for prefix, criteria in (
        ("exit", [exit_.criterion for exit_ in definition.exits]),
        ("condition", [condition.criterion for condition in definition.conditions]),
    ):
        if not criteria:
            continue
        further = RuleSet(
            code=definition.code,
            version=definition.version,
            unit=definition.unit,
            criteria=tuple(Criterion(c.id, c.says.words(), c.when) for c in criteria),
            parameters=ruleset.parameters,
            models=ruleset.models,
            birth=ruleset.birth,
        )
        for error in check(schema, further):
            field = error.where.field or ""
            if field.startswith("eligibility."):
                field = prefix + field.removeprefix("eligibility")
            found.append(
                RuleError(
                    error.message,
                    text=error.text,
                    line=error.line,
                    column=error.column,
                    field=field,
                    mend=error.mend,
                    code=error.code,
                )
            )
    return found


def _tell(file: ProgrammeFile, error: RuleError) -> None:
    section, _, rest = (error.where.field or "").partition(".")
    name = rest.rsplit(".", 1)[0] if section != "priority" else rest
    place = file.rules.get((_KINDS.get(section, section), name))
    if place is None:
        place = next(iter(file.rules.values()))
        place[0].problem(f"{error.where.field}: {error.message}", mend=error.mend, code=error.code)
        return
    source, key = place
    source.problem(
        error.message,
        key=key or None,
        mend=error.mend,
        at=(error.line, error.column),
        code=error.code,
    )


def _model_place(file: ProgrammeFile, code: str) -> tuple[Source | None, str]:
    for source, key in file.rules.values():
        text = source.at(key).raw() if key else source.raw()
        if f"score.{code}" in text:
            return source, key
    first = next(iter(file.rules.values()), None)
    return (first[0], "") if first else (None, "")
