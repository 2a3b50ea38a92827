"""Check rule sets and compile them: the door from rules as text to SQL.

`check` gives every mistake of a rule set at once; `compile_rules` gives a `Compiled`, whose SQL
can be read, stored with a run, and run over any snapshot that has the columns it reads.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import cached_property

from amana.engine import nodes, sql
from amana.engine.errors import RuleError, RulesRefused
from amana.engine.grounds import Names
from amana.engine.nodes import Node
from amana.engine.plan import Typed, TypedModel
from amana.engine.resolve import resolve
from amana.engine.rules import Model, RuleSet
from amana.engine.schema import Kind, Schema
from amana.engine.statement import Statement


def check(schema: Schema, rules: RuleSet | Model) -> list[RuleError]:
    """Give every mistake in the rules of a rule set or model; empty when there is none.

    Each error names its rule (``eligibility.poor.when``), line, column and mend.
    """
    errors: list[RuleError] = []
    if isinstance(rules, Model):
        _type_model(schema, rules, errors)
    else:
        _type_ruleset(schema, rules, errors)
    return errors


def compile_rules(schema: Schema, ruleset: RuleSet, *, on: dt.date) -> Compiled:
    """Type and compile a rule set for a day.

    Args:
        schema: what a snapshot holds; only the columns the rules read must be there at the run.
        ruleset: the rules of one programme version.
        on: the reference date of ages and parameters.
    Raises: RulesRefused with every mistake.
    """
    errors: list[RuleError] = []
    typed = _type_ruleset(schema, ruleset, errors)
    for name in sorted(_parameters_read(typed)) if not errors else []:
        if ruleset.parameters[name].on(on) is None:
            errors.append(
                RuleError(
                    f"param.{name} has no value on {on}.",
                    field=f"parameters.{name}",
                    mend="Add a value with an earlier from.",
                )
            )
    if errors:
        raise RulesRefused(f"{len(errors)} rules of {ruleset.code} are refused.", errors)
    return Compiled(schema, typed, on)


def compile_model(schema: Schema, model: Model, *, on: dt.date) -> Compiled:
    """Compile a scoring model alone, as a rule set without criteria.

    Raises: RulesRefused with every mistake.
    """
    ruleset = RuleSet(code=model.code, version=model.version, unit=model.of, models=(model,))
    return compile_rules(schema, ruleset, on=on)


# -- typing -----------------------------------------------------------------------------------


def _typed(
    text: str, names: Names, field: str, kinds: tuple[Kind, ...], errors: list[RuleError]
) -> Node | None:
    try:
        node = resolve(text, names, field=field)
        if node.kind not in kinds:
            wanted = " or ".join(kind.words for kind in kinds)
            mend = ""
            if kinds == (Kind.MONEY,):
                mend = (
                    "Write money(100) for one hundred units of currency, or give the parameter a "
                    "unit that begins with the currency (KES/month)."
                )
            raise RuleError(
                f"The rule must give {wanted}, not {node.kind.words}.",
                text=text,
                line=node.line,
                column=node.column,
                field=field,
                mend=mend,
                code="RULE_TYPE",
            )
        return node
    except RuleError as error:
        errors.append(error)
        return None


def _type_model(schema: Schema, model: Model, errors: list[RuleError]) -> TypedModel:
    # a model reads no parameters: it gives the same score to every programme
    names = Names(schema, model.of, {})
    where = f"models.{model.code}"
    numbers = (Kind.INTEGER, Kind.DECIMAL, Kind.BOOLEAN)
    terms: list[Node | None] = []
    for term in model.terms:
        if -term.weight.as_tuple().exponent > 12 or abs(term.weight) >= 10**6:  # type: ignore[operator]
            errors.append(
                RuleError(
                    f"The weight {term.weight} has too many digits.",
                    field=f"{where}.terms.{term.id}.weight",
                    mend="Use at most 6 digits before the point and 12 after it.",
                )
            )
        terms.append(_typed(term.value, names, f"{where}.terms.{term.id}.value", numbers, errors))
    items: list[tuple[Node | None, ...]] = []
    for item in model.items:
        fields = [f"{where}.items.{item.id}.points.{n + 1}.when" for n in range(len(item.points))]
        items.append(
            tuple(
                _typed(when, names, name, (Kind.BOOLEAN,), errors)
                for (when, _), name in zip(item.points, fields, strict=True)
            )
        )
    if errors:
        return TypedModel(model)
    return TypedModel(
        model,
        tuple(node for node in terms if node is not None),
        tuple(tuple(node for node in item if node is not None) for item in items),
    )


def _type_ruleset(schema: Schema, ruleset: RuleSet, errors: list[RuleError]) -> Typed:
    names = Names(schema, ruleset.unit, ruleset.parameters, ruleset.models)
    models = tuple(_type_model(schema, model, errors) for model in ruleset.models)
    for label, ids in (
        ("eligibility", [criterion.id for criterion in ruleset.criteria]),
        ("benefits", [benefit.id for benefit in ruleset.benefits]),
    ):
        for repeated in sorted({one for one in ids if ids.count(one) > 1}):
            errors.append(
                RuleError(
                    f"The id {repeated} stands twice.",
                    field=f"{label}.{repeated}",
                    mend="Give each its own id.",
                )
            )
    criteria = [
        _typed(c.when, names, f"eligibility.{c.id}.when", (Kind.BOOLEAN,), errors)
        for c in ruleset.criteria
    ]
    benefits = [
        _typed(b.amount, names, f"benefits.{b.id}.amount", (Kind.MONEY,), errors)
        for b in ruleset.benefits
    ]
    ordered = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY, Kind.DATE, Kind.TEXT, Kind.BOOLEAN)
    keys = [
        _typed(text, names, f"priority.{n + 1}", ordered, errors)
        for n, text in enumerate(ruleset.priority)
    ]
    return Typed(
        ruleset,
        tuple(node for node in criteria if node is not None),
        tuple(node for node in benefits if node is not None),
        tuple((node, _is_descending(node, ruleset)) for node in keys if node is not None),
        models,
    )


def _is_descending(node: Node, ruleset: RuleSet) -> bool:
    if not isinstance(node, nodes.Score):
        return False
    model = ruleset.model(node.model)
    return model is not None and model.direction == "higher_is_poorer"


def _parameters_read(typed: Typed) -> set[str]:
    every = [*typed.nodes, *(node for model in typed.models for node in model.nodes)]
    return {
        part.name
        for node in every
        for part in nodes.walk(node)
        if isinstance(part, nodes.Parameter)
    }


# -- the compiled rules -----------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Compiled:
    """Rules ready to run: typed, fixed for a day, with their SQL."""

    schema: Schema
    typed: Typed
    on: dt.date

    @property
    def ruleset(self) -> RuleSet:
        """Give the rule set it was made from."""
        return self.typed.ruleset

    @cached_property
    def columns_read(self) -> dict[str, frozenset[str]]:
        """Give the columns read, by table (``people``, ``groups``, ``areas``)."""
        found: dict[str, set[str]] = {"people": set(), "groups": set(), "areas": set()}
        every = [*self.typed.nodes, *(node for model in self.typed.models for node in model.nodes)]
        for node in every:
            for part in nodes.walk(node):
                if isinstance(part, nodes.Variable):
                    found[nodes.TABLE_OF[part.scope]].add(part.name)
                elif isinstance(part, nodes.Age):
                    found["people"] |= {"birth_earliest", "birth_latest"}
                elif isinstance(part, nodes.Receives):
                    found[nodes.TABLE_OF[part.scope]].add("receives")
                elif isinstance(part, nodes.RankShare) and part.level != "all":
                    found["groups"].add(f"area_{part.level}")
        return {table: frozenset(names) for table, names in found.items()}

    def sql(self) -> str:
        """Give the SQL for people to read: the functions, then the statement.

        The lottery's seed stands as ``GETVARIABLE('seed')``; places are left out.
        """
        return self._readable

    @cached_property
    def _readable(self) -> str:
        statement = Statement(self.schema, self.typed, self.on).write(seed=None)
        return f"{sql.MACROS.strip()}\n\n{sql.render(statement, pretty=True)};"

    def statement(
        self, *, seed: str, places_by: str | None = None, places_count: int | None = None
    ) -> str:
        """Give the statement of one run; places by level are read from the table ``places``."""
        return self.statements(seed=seed, places_by=places_by, places_count=places_count)[0]

    def statements(
        self, *, seed: str, places_by: str | None = None, places_count: int | None = None
    ) -> tuple[str, str]:
        """Give the statement of one run, and the same laid out for people with its functions."""
        select = Statement(self.schema, self.typed, self.on).write(
            seed=seed, places_by=places_by, places_count=places_count
        )
        readable = f"{sql.MACROS.strip()}\n\n{sql.render(select, pretty=True)};"
        return sql.render(select), readable

    def model_statement(self) -> str:
        """Give the statement that scores every unit with the first model, and nothing else."""
        return sql.render(Statement(self.schema, self.typed, self.on).write_model())

    @property
    def can_slice(self) -> bool:
        """Tell whether the scans can run in slices (not when persons read household ranks)."""
        return Statement(self.schema, self.typed, self.on).can_slice

    def sliced(
        self, *, seed: str, places_by: str | None = None, places_count: int | None = None
    ) -> tuple[str, str]:
        """Give the statement of one slice, and the one over what all slices found (``scanned``)."""
        first, last = Statement(self.schema, self.typed, self.on).write_sliced(
            seed=seed, places_by=places_by, places_count=places_count
        )
        return sql.render(first), sql.render(last)
