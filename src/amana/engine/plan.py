"""A rule set → one SQL statement over a snapshot, as a chain of named steps.

``members`` (the one grouped scan over people) → ``units`` (one row per unit, only what the rules
read) → ``scored`` → ``ranked`` → ``judged`` (criteria) → ``decided`` (outcome, what is missing,
amounts) → the result (rank, places). Steps that nothing needs are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from amana.engine import nodes, sql
from amana.engine.blame import Blamer, leaves, merge
from amana.engine.emit import Emitter, Setting
from amana.engine.members import MemberScan
from amana.engine.nodes import Node
from amana.engine.numbers import Emitted
from amana.engine.rules import Benefit, Model, Rounding, RuleSet
from amana.engine.schema import Kind
from amana.engine.sql import Expr


@dataclass(frozen=True)
class TypedModel:
    """A model with its rules typed: (node, weight) for linear, [(node, points)] per item."""

    model: Model
    terms: tuple[Node, ...] = ()
    items: tuple[tuple[Node, ...], ...] = ()

    @property
    def nodes(self) -> list[Node]:
        """Give all rules of the model."""
        return [*self.terms, *(node for item in self.items for node in item)]


@dataclass(frozen=True)
class Typed:
    """A rule set with every rule typed, in the order of the rule set."""

    ruleset: RuleSet
    criteria: tuple[Node, ...]
    benefits: tuple[Node, ...]
    priority: tuple[tuple[Node, bool], ...]
    models: tuple[TypedModel, ...]

    @property
    def nodes(self) -> list[Node]:
        """Give all rules outside the models."""
        return [*self.criteria, *self.benefits, *(node for node, _ in self.priority)]


class UnitScan:
    """The steps up to ``scored`` and ``ranked`` for one kind of unit."""

    def __init__(self, setting: Setting, scan: MemberScan, *, prefix: str = "") -> None:
        self.setting = setting
        self.scan = scan
        self.prefix = prefix
        self.passed: dict[tuple[str, str], None] = {}
        self.emitter = Emitter(setting, scan, reach=self.reach)
        self.blamer = Blamer(self.emitter)
        #: whether ``missing.<code>`` is a column; a run over many computes it only where asked
        self.keeps_missing = False
        self.home: dict[str, str] = {}

    @property
    def is_person(self) -> bool:
        """Tell whether the units are persons."""
        return self.setting.unit == "person"

    def reach(self, table: str, name: str) -> Expr:
        """Give a column passed through from the tables, and remember to pass it."""
        if table in ("score", "rank", "of"):
            model = name.split(".")[0]
            if model in self.home:
                self.passed[("home", f"{table}.{name}")] = None
                return sql.named(f"home.{table}.{name}")
            return sql.named(f"{table}.{name}")
        self.passed[(table, name)] = None
        return sql.named(f"{table}.{name}")

    def missing_of(self, typed: TypedModel) -> Expr:
        """Give the list of what a model lacks, worth asking for where its score is unknown."""
        code = typed.model.code
        if code in self.home:
            self.passed[("home", f"missing.{code}")] = None
            return sql.named(f"home.missing.{code}")
        if self.keeps_missing:
            return sql.named(f"missing.{code}")
        return self.model_missing(typed)

    def units(self, levels: Iterable[str]) -> exp.Select:
        """Give the select with one row per unit and the columns passed through so far."""
        unit = "person" if self.is_person else "household"
        key = "person_id" if self.is_person else "group_id"
        columns = [
            sql.alias(sql.column(unit, key), "unit_id"),
            sql.alias(sql.column(unit, "area_id"), "area_id"),
        ]
        columns += [
            sql.alias(sql.column(unit, f"area_{level}"), f"area.{level}") for level in levels
        ]
        columns += [
            sql.alias(sql.column(table, name), f"{table}.{name}") for table, name in self.passed
        ]
        tables = {table for table, _ in self.passed}
        source = "people" if self.is_person else "groups"
        select = sql.select(*columns).from_(_table(source, unit), copy=False)
        group = sql.column(unit, "group_id")
        if self.is_person and "household" in tables:
            select = _left_join(
                select, _table("groups", "household"), "household", "group_id", group
            )
        if "area" in tables:
            place = sql.column(unit, "area_id")
            select = _left_join(select, _table("areas", "area"), "area", "area_id", place)
        if "members" in tables:
            select = _left_join(select, exp.to_table("members"), "members", "group_id", group)
        if "home" in tables:
            home = _table("home_scores", "home")
            select = _left_join(select, home, "home", "unit_id", group)
        if self.is_person:
            return select.where(sql.column(unit, "home"), copy=False)
        kind = exp.EQ(this=sql.column(unit, "kind"), expression=sql.text(self.setting.unit.upper()))
        return select.where(kind, copy=False)

    # -- models ---------------------------------------------------------------------------

    def score_column(self, typed: TypedModel) -> Expr:
        """Give ``score.<code>`` of a model."""
        score = self.linear(typed) if typed.model.kind == "linear" else self.points(typed)
        return sql.alias(score, f"score.{typed.model.code}")

    def missing_column(self, typed: TypedModel) -> Expr:
        """Give ``missing.<code>``: what a model lacks, null where its score is known."""
        code = typed.model.code
        unknown = sql.is_null(sql.named(f"score.{code}"))
        return sql.alias(sql.case((unknown, self.model_missing(typed))), f"missing.{code}")

    def linear(self, typed: TypedModel) -> Expr:
        """Give the rounded sum of weight times value; one unknown value makes it unknown.

        Nothing is rounded before the end: each product keeps all its digits.
        """
        model = typed.model
        digits = max([0, _scale(model.intercept), *(_scale(term.weight) for term in model.terms)])
        total: Expr = sql.number(model.intercept)
        for term, node in zip(model.terms, typed.terms, strict=True):
            number, has_point = self.weighable(node)
            if has_point:
                digits = max(digits, 6 + _scale(term.weight))
            weight = sql.number(term.weight)
            total = exp.Add(this=total, expression=exp.Mul(this=number, expression=weight))
        return self.kept(total, digits, model.round)

    def weighable(self, node: Node) -> tuple[Expr, bool]:
        """Give a term's value as a number, and whether it has a point.

        Kept so narrow that no product and no sum can overflow: beyond a thousand million the
        value is unknown.
        """
        value = self.emitter.value(node)
        if node.kind is Kind.BOOLEAN:
            return sql.cast(value.expr, "INTEGER"), False
        if value.whole:
            convert = sql.cast if value.limit < 2**31 else sql.try_cast
            return convert(value.expr, "INTEGER"), False
        return sql.try_cast(value.expr, "DECIMAL(15,6)"), True

    def kept(self, total: Expr, digits: int, kept: int) -> Expr:
        """Round halves up to the model's digits and keep decimal(12,6); unknown beyond."""
        total = exp.Paren(this=total)
        if digits > kept:
            bounded = sql.try_cast(total, f"DECIMAL({7 + digits},{digits})")
            scaled = exp.Mul(this=bounded, expression=sql.number(10**kept))
            up = sql.fn("FLOOR", exp.Add(this=scaled, expression=sql.number(Decimal("0.5"))))
            total = up
            if kept:
                whole = sql.cast(up, "DECIMAL(18,0)")
                total = exp.Mul(this=whole, expression=sql.number(Decimal(1).scaleb(-kept)))
        return sql.try_cast(total, "DECIMAL(12,6)")

    def points(self, typed: TypedModel) -> Expr:
        """Give the sum over items of the points of the first rule that holds."""
        parts: list[Expr] = []
        for item, tests in zip(typed.model.items, typed.items, strict=True):
            branches: list[tuple[Expr, Expr]] = []
            for (_, points), node in zip(item.points, tests, strict=True):
                value = self.emitter.value(node)
                branches.append((value.expr, sql.number(points)))
                if not value.known:
                    branches.append((sql.is_null(value.expr), sql.NULL))
            parts.append(sql.case(*branches, default=sql.number(0)))
        total: Expr = sql.cast(sql.number(Decimal(typed.model.intercept)), "DECIMAL(18,6)")
        for part in parts:
            total = exp.Add(this=total, expression=part)
        return sql.try_cast(exp.Paren(this=total), "DECIMAL(12,6)")

    def model_missing(self, typed: TypedModel) -> Expr:
        """Give the names of the unknown variables that keep the score unknown."""
        blamed: dict[str, Expr] = {}
        for node in typed.terms:
            merge(blamed, self.blamer.blame_parts([(node, 0)]))
        for tests in typed.items:
            reached: list[Expr] = []
            for node in tests:
                value = self.emitter.value(node)
                for name, when in self.blamer.blame_parts([(node, 0)]).items():
                    # a rule after one that holds, or after one that is unknown, asks for nothing
                    merge(blamed, {name: sql.both(*reached, when)})
                reached.append(exp.Is(this=sql.paren(value.expr), expression=sql.FALSE))
        listed = named_list(blamed)
        # every input known and no score: a number beyond its range, so any of them may be wrong
        every = sorted({path for node in typed.nodes for path in leaves(node)})
        none = exp.EQ(this=sql.fn("LEN", listed), expression=sql.number(0))
        return sql.case((none, text_list(every)), default=listed)


def _scale(number: Decimal) -> int:
    """Give the digits after the point."""
    exponent = Decimal(number).as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def text_list(names: Iterable[str]) -> Expr:
    """Give a list of constant texts."""
    return sql.cast(exp.Array(expressions=[sql.text(name) for name in names]), "VARCHAR[]")


def named_list(blamed: dict[str, Expr], more: Iterable[Expr] = ()) -> Expr:
    """Give the sorted list of the names whose condition holds, and of other lists."""
    listed: Expr = sql.cast(
        exp.Array(
            expressions=[
                sql.case((when, sql.text(name))) if when is not sql.TRUE else sql.text(name)
                for name, when in sorted(blamed.items())
            ]
        ),
        "VARCHAR[]",
    )
    for other in more:
        listed = sql.fn("LIST_CONCAT", listed, other)
    return sql.fn("LIST_SORT", sql.fn("LIST_DISTINCT", listed))


def _table(name: str, alias: str) -> exp.Table:
    return exp.alias_(exp.to_table(name), alias, table=True)  # type: ignore[return-value]


def _left_join(
    select: exp.Select, table: exp.Expression, alias: str, key: str, other: Expr
) -> exp.Select:
    on = exp.EQ(this=sql.column(alias, key), expression=other)
    return select.join(table, on=on, join_type="left", copy=False)


def member_steps(scan: MemberScan) -> list[tuple[str, exp.Select]]:
    """Give the steps of the grouped scan; households and areas are joined only when read."""
    group = sql.column("member", "group_id")
    steps: list[tuple[str, exp.Select]] = []
    source = "people"
    if scan.passed:
        passed = [sql.alias(sql.column(t, name), f"{t}.{name}") for t, name in scan.passed]
        joined = sql.select(_all_of("member"), *passed).from_(_table(source, "member"), copy=False)
        joined = _left_join(joined, _table("groups", "household"), "household", "group_id", group)
        if any(table == "area" for table, _ in scan.passed):
            place = sql.column("household", "area_id")
            joined = _left_join(joined, _table("areas", "area"), "area", "area_id", place)
        steps.append(("members_with_household", joined))
        source = "members_with_household"
    if scan.facts:
        facts = [sql.alias(expr, name) for name, expr in scan.facts.items()]
        asked = sql.select(_all_of("member"), *facts).from_(_table(source, "member"), copy=False)
        steps.append(("members_asked", asked))
        source = "members_asked"
    columns = [sql.alias(group, "group_id"), *scan.selected()]
    grouped = sql.select(*columns).from_(_table(source, "member"), copy=False)
    grouped = grouped.where(sql.not_null(group), copy=False).group_by(group, copy=False)
    return [*steps, ("members", grouped)]


def _all_of(table: str) -> Expr:
    return exp.Column(this=exp.Star(), table=exp.to_identifier(table))


def lottery(seed: str | None, when: Expr | None) -> Expr:
    """Give sha256(seed || ':' || unit id), the printed lottery; a parameter when no seed is set."""
    start = (
        sql.text(f"{seed}:")
        if seed is not None
        else exp.DPipe(this=sql.fn("GETVARIABLE", sql.text("seed")), expression=sql.text(":"))
    )
    drawn = sql.fn("SHA256", sql.fn("CONCAT", start, sql.cast(sql.named("unit_id"), "VARCHAR")))
    return drawn if when is None else sql.case((when, drawn))


def rank_columns(shares: Iterable[nodes.RankShare], models: dict[str, Model]) -> list[Expr]:
    """Give ``rank.<model>.<level>`` and ``of.<model>.<level>``: rank from the poorer end."""
    found: list[Expr] = []
    for model, level in sorted({(share.model, share.level) for share in shares}):
        score = sql.named(f"score.{model}")
        within: list[Expr] = [] if level == "all" else [sql.named(f"area.{level}")]
        descending = models[model].direction == "higher_is_poorer"
        order = exp.Order(
            expressions=[
                exp.Ordered(this=score, desc=descending, nulls_first=False),
                exp.Ordered(this=sql.named("lottery"), nulls_first=False),
                exp.Ordered(this=sql.named("unit_id"), nulls_first=False),
            ]
        )
        row = exp.Window(this=sql.fn("ROW_NUMBER"), partition_by=within, order=order)
        count = exp.Window(this=exp.Count(this=score), partition_by=within)
        there = sql.both(sql.not_null(score), *(sql.not_null(area) for area in within))
        found.append(sql.alias(sql.case((there, row)), f"rank.{model}.{level}"))
        found.append(sql.alias(sql.case((there, count)), f"of.{model}.{level}"))
    return found


def benefit_amount(benefit: Benefit, value: Emitted) -> Expr:
    """Give an amount in whole minor units, rounded once as the benefit says."""
    if value.whole and benefit.step_minor == 1:
        return sql.cast(value.expr, "BIGINT")
    names = {
        Rounding.HALF_UP: "AMANA_HALF_UP",
        Rounding.HALF_EVEN: "AMANA_HALF_EVEN",
        Rounding.DOWN: "AMANA_DOWN",
        Rounding.UP: "AMANA_UP",
    }
    decimal = value.expr
    if value.whole:
        decimal = sql.try_cast(value.expr, "DECIMAL(18,6)")
    return sql.fn(names[benefit.rounding], decimal, sql.number(benefit.step_minor))


def setting_on(ruleset: RuleSet, day: dt.date, minor_digits: int, unit: str) -> Setting:
    """Fix a rule set's parameters for a day (those without a value yet are refused earlier)."""
    found = {name: parameter.on(day) for name, parameter in ruleset.parameters.items()}
    values = {name: value for name, value in found.items() if value is not None}
    return Setting(day, values, ruleset.birth, unit, minor_digits)
