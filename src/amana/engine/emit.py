"""Typed tree → SQL expressions.

An `Emitter` writes for one select, whose tables carry the words of the language as aliases
(``household``, ``person``, ``area``, ``members``; inside the grouped scan the people are
``member``). `blame` says which unknown variables matter where a value came out unknown.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from sqlglot import exp

from amana.engine import nodes, numbers, sql
from amana.engine.members import Bits, MemberScan
from amana.engine.nodes import Node
from amana.engine.numbers import DECIMAL_LIMIT, INT_LIMIT, Emitted, folded, truth, widen
from amana.engine.rules import Birth, Value
from amana.engine.schema import Kind
from amana.engine.sql import Expr

_COMPARISONS: dict[str, type[exp.Expression]] = {
    "==": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


@dataclass(frozen=True)
class Setting:
    """What is fixed when rules are compiled: the day, the parameters on it, births, the unit."""

    day: dt.date
    parameters: dict[str, Value]
    birth: Birth
    unit: str
    minor_digits: int


#: Gives a table's column where the select can read it (a later select reads it passed through).
Reach = Callable[[str, str], Expr]


class Emitter:
    """Write expressions for the select over units, or for the grouped scan (``in_scan``)."""

    def __init__(
        self,
        setting: Setting,
        scan: MemberScan,
        *,
        reach: Reach = sql.column,
        in_scan: bool = False,
    ) -> None:
        self.setting = setting
        self.scan = scan
        self.reach = reach
        self.in_scan = in_scan

    # -- values ---------------------------------------------------------------------------

    def emit(self, node: Node, favour: int = 0) -> Expr:
        """Give the SQL of a node; `favour` is +1 where true helps the applicant, -1 where false."""
        return self.value(node, favour).expr

    def value(self, node: Node, favour: int = 0) -> Emitted:
        """Give the SQL of a node with what is known about its size."""
        constant = self.constant(node)
        if constant is not None:
            return self.literal(node.kind, constant)
        found = self.written(node, favour)
        if self.in_scan and isinstance(
            node, nodes.Compare | nodes.In | nodes.Known | nodes.Receives
        ):
            # a column of its own: several rules ask the same of a member, and each asks twice
            return Emitted(self.scan.fact(found.expr), True, 1, found.known)
        return found

    def written(self, node: Node, favour: int) -> Emitted:
        """Give the SQL of a node that is no constant."""
        method = {
            nodes.Variable: self.variable,
            nodes.Age: self.age,
            nodes.Receives: self.receives,
            nodes.Score: self.score,
            nodes.RankShare: self.rank_share,
            nodes.In: self.membership,
            nodes.Known: self.known,
            nodes.Convert: self.convert,
            nodes.Arithmetic: self.arithmetic,
            nodes.Call: self.call,
        }.get(type(node))
        if method is not None:
            return cast(Callable[[Node], Emitted], method)(node)
        if isinstance(node, nodes.Not):
            part = self.value(node.part, -favour)
            return truth(sql.negate(part.expr), part.known)
        if isinstance(node, nodes.Logic):
            parts = [self.value(part, favour) for part in node.parts]
            combine = sql.both if node.op == "&&" else sql.either
            return truth(combine(*(p.expr for p in parts)), all(p.known for p in parts))
        if isinstance(node, nodes.If):
            return self.choice(node, favour)
        if isinstance(node, nodes.Compare):
            return self.compare(node, favour)
        if isinstance(node, nodes.Members):
            return self.members(node, favour)
        raise AssertionError(f"no SQL for {type(node).__name__}")

    def literal(self, kind: Kind, value: Value) -> Emitted:
        if isinstance(value, bool):
            return truth(sql.TRUE if value else sql.FALSE, True)
        if isinstance(value, int | Decimal):
            exact: int | Decimal = Decimal(value) if kind is Kind.DECIMAL else value
            whole = isinstance(exact, int)
            return Emitted(sql.number(exact), whole, int(abs(Decimal(value))) + 1, True)
        if isinstance(value, dt.date):
            return Emitted(sql.date(value), False, 0, True)
        return Emitted(sql.text(value), False, 0, True)

    def constant(self, node: Node) -> Value | None:
        """Fold constants and parameters; None when the node is not one (or has no exact value)."""
        if isinstance(node, nodes.Literal):
            return node.value
        if isinstance(node, nodes.Parameter):
            return self.setting.parameters[node.name]
        if isinstance(node, nodes.Convert):
            part = self.constant(node.part)
            if not isinstance(part, int | Decimal) or isinstance(part, bool):
                return None
            return self.converted(node.kind, part)
        if isinstance(node, nodes.Arithmetic) and node.op in ("+", "-", "*"):
            left, right = self.constant(node.left), self.constant(node.right)
            return folded(node.op, left, right)
        return None

    def converted(self, kind: Kind, part: int | Decimal) -> Value | None:
        if kind is Kind.MONEY:
            minor = Decimal(part) * 10**self.setting.minor_digits
            return int(minor) if minor == minor.to_integral_value() else minor
        if isinstance(part, Decimal):
            return part
        return Decimal(part)

    def variable(self, node: nodes.Variable) -> Emitted:
        table = self.table(node.scope)
        whole = node.kind in (Kind.INTEGER, Kind.MONEY)
        limit = INT_LIMIT if whole else DECIMAL_LIMIT
        return Emitted(self.reach(table, node.name), whole, limit, node.always_known)

    def table(self, scope: str) -> str:
        return "member" if scope == "member" else scope

    def age(self, node: nodes.Age) -> Emitted:
        low, high = self.age_bounds(node)
        exact = sql.case((sql.binary(exp.EQ, low, high), low))
        return Emitted(exact, True, 10_000, False)

    def age_bounds(self, node: nodes.Age) -> tuple[Expr, Expr]:
        table = self.table(node.scope)
        day = sql.date(self.setting.day)
        low = sql.fn("AMANA_AGE", self.reach(table, "birth_latest"), day)
        high = sql.fn("AMANA_AGE", self.reach(table, "birth_earliest"), day)
        return low, high

    def receives(self, node: nodes.Receives) -> Emitted:
        table = self.table(node.scope)
        listed = self.reach(table, "receives")
        known = node.scope in ("member", "person") or self.setting.unit != "person"
        return truth(sql.fn("LIST_CONTAINS", listed, sql.text(node.programme)), known)

    def score(self, node: nodes.Score) -> Emitted:
        return Emitted(self.reach("score", node.model), False, 10**6, False)

    def rank_share(self, node: nodes.RankShare) -> Emitted:
        rank, count = self.rank_parts(node)
        share = sql.fn("AMANA_DIVIDE", rank, count)
        return Emitted(share, False, 1, False)

    def rank_parts(self, node: nodes.RankShare) -> tuple[Expr, Expr]:
        """Give rank and denominator of a rank share."""
        name = f"{node.model}.{node.level}"
        return self.reach("rank", name), self.reach("of", name)

    def membership(self, node: nodes.In) -> Emitted:
        part = self.value(node.part)
        items = [self.emit(item) for item in node.items]
        return truth(exp.In(this=sql.paren(part.expr), expressions=items), part.known)

    def known(self, node: nodes.Known) -> Emitted:
        part = self.value(node.part)
        return truth(sql.TRUE if part.known else sql.not_null(part.expr), True)

    def choice(self, node: nodes.If, favour: int) -> Emitted:
        condition = self.value(node.condition)
        yes, no = self.value(node.yes, favour), self.value(node.no, favour)
        if node.kind.is_number or node.kind is Kind.MONEY:
            if yes.whole and no.whole:
                yes, no = widen(yes), widen(no)
            else:
                yes, no = numbers.decimal(yes), numbers.decimal(no)
        branches = [(condition.expr, yes.expr)]
        default: Expr | None = no.expr
        if not condition.known:
            branches.append((sql.negate(condition.expr), no.expr))
            default = None
        return Emitted(
            sql.case(*branches, default=default),
            yes.whole and no.whole,
            max(yes.limit, no.limit),
            condition.known and yes.known and no.known,
        )

    # -- numbers --------------------------------------------------------------------------

    def convert(self, node: nodes.Convert) -> Emitted:
        part = self.value(node.part)
        if node.kind is Kind.DECIMAL and node.part.kind is not Kind.MONEY:
            return numbers.decimal(part)
        scale = 10**self.setting.minor_digits
        if node.kind is Kind.MONEY:
            return numbers.times(
                numbers.decimal(part), Emitted(sql.number(scale), True, scale, True)
            )
        return numbers.divide(
            numbers.decimal(part), numbers.decimal(Emitted(sql.number(scale), True, scale, True))
        )

    def arithmetic(self, node: nodes.Arithmetic) -> Emitted:
        left, right = self.value(node.left), self.value(node.right)
        if node.op == "/":
            return numbers.divide(numbers.decimal(left), numbers.decimal(right))
        if node.op == "*":
            return numbers.times(left, right)
        if left.whole and right.whole:
            return numbers.whole(node.op, left, right)
        left, right = numbers.decimal(left), numbers.decimal(right)
        limit = left.limit + right.limit
        kind = exp.Add if node.op == "+" else exp.Sub
        total = sql.binary(kind, sql.cast(left.expr, "DECIMAL(38,6)"), right.expr)
        return numbers.fitted(total, limit, left.known and right.known)

    def call(self, node: nodes.Call) -> Emitted:
        parts = [self.value(part) for part in node.parts]
        known = all(part.known for part in parts)
        if node.name in ("startsWith", "endsWith", "contains"):
            name = {"startsWith": "STARTS_WITH", "endsWith": "ENDS_WITH", "contains": "CONTAINS"}
            return truth(sql.fn(name[node.name], *(p.expr for p in parts)), known)
        if node.name in ("min", "max"):
            if node.kind is not Kind.DATE:
                whole = all(part.whole for part in parts)
                parts = [widen(p) if whole else numbers.decimal(p) for p in parts]
            return numbers.extreme("LEAST" if node.name == "min" else "GREATEST", parts, known)
        part = parts[0]
        if node.name == "abs":
            if part.whole and part.limit >= INT_LIMIT:
                wide = sql.fn("ABS", sql.cast(part.expr, "HUGEINT"))
                return Emitted(sql.try_cast(wide, "BIGINT"), True, INT_LIMIT, False)
            return Emitted(sql.fn("ABS", part.expr), part.whole, part.limit, known)
        part = numbers.decimal(part)
        if node.name == "ln":
            log = sql.fn("LN", sql.cast(part.expr, "DOUBLE"))
            positive = sql.binary(exp.GT, part.expr, sql.number(0))
            rounded = sql.cast(log, "DECIMAL(18,6)")
            return Emitted(sql.case((positive, rounded)), False, 100, False)
        if node.name in ("floor", "ceil"):
            cut = sql.cast(sql.fn(node.name.upper(), part.expr), "BIGINT")
            return Emitted(cut, True, part.limit + 1, known)
        return numbers.rounded(part, node.digits)

    # -- comparisons ----------------------------------------------------------------------

    def compare(self, node: nodes.Compare, favour: int) -> Emitted:
        left, right = node.left, node.right
        op: str = node.op
        if (isinstance(right, nodes.Age) and not isinstance(left, nodes.Age)) or (
            isinstance(right, nodes.RankShare) and not isinstance(left, nodes.RankShare)
        ):
            left, right, op = right, left, _MIRRORED[op]
        if isinstance(left, nodes.Age):
            limit = self.constant(right)
            if isinstance(limit, int | Decimal) and not isinstance(limit, bool):
                return truth(self.age_compare(left, op, limit, favour), False)
        if isinstance(left, nodes.RankShare) and not isinstance(right, nodes.RankShare):
            rank, count = self.rank_parts(left)
            share = self.value(right)
            product = sql.binary(exp.Mul, sql.cast(share.expr, "DECIMAL(38,6)"), count)
            return truth(_COMPARISONS[op](this=rank, expression=product), False)
        if is_interval(left) or is_interval(right):
            return self.interval_compare(left, op, right, favour)
        first, second = self.value(left), self.value(right)
        compared = sql.binary(_COMPARISONS[op], first.expr, second.expr)
        return truth(compared, first.known and second.known)

    def age_compare(self, node: nodes.Age, op: str, limit: int | Decimal, favour: int) -> Expr:
        """Compare an age with a constant: births against one date, three-valued."""
        if op == "<":
            return self.younger(node, math.ceil(limit), favour)
        if op == "<=":
            return self.younger(node, math.floor(limit) + 1, favour)
        if op == ">":
            return sql.negate(self.younger(node, math.floor(limit) + 1, -favour))
        if op == ">=":
            return sql.negate(self.younger(node, math.ceil(limit), -favour))
        if op == "==":
            above = sql.negate(self.younger(node, math.ceil(limit), -favour))
            return sql.both(above, self.younger(node, math.floor(limit) + 1, favour))
        return sql.negate(self.age_compare(node, "==", limit, -favour))

    def younger(self, node: nodes.Age, years: int, favour: int) -> Expr:
        """Give ``age < years``: born after the last day on which one has reached those years."""
        table = self.table(node.scope)
        earliest = self.reach(table, "birth_earliest")
        latest = self.reach(table, "birth_latest")
        last = sql.date(last_birth_of_age(years, self.setting.day))
        if self.setting.birth is Birth.IN_FAVOUR and favour:
            both_known = latest if favour > 0 else earliest
            after = sql.binary(exp.GT, both_known, last)
            other = earliest if favour > 0 else latest
            return sql.case((sql.not_null(other), after))
        return sql.case(
            (sql.binary(exp.GT, earliest, last), sql.TRUE),
            (sql.binary(exp.LTE, latest, last), sql.FALSE),
        )

    def interval_compare(self, left: Node, op: str, right: Node, favour: int) -> Emitted:
        """Compare values that may be intervals: true or false where every case agrees."""
        direction = 1 if op in ("<", "<=") else -1 if op in (">", ">=") else 0
        low, high, first_known = self.bounds(left, -favour * direction)
        low_other, high_other, second_known = self.bounds(right, favour * direction)
        known = first_known and second_known
        if op in (">", ">="):
            low, high, low_other, high_other = low_other, high_other, low, high
            op = _MIRRORED[op]
        if op in ("<", "<="):
            yes = sql.binary(_COMPARISONS[op], high, low_other)
            opposite = ">=" if op == "<" else ">"
            no = sql.binary(_COMPARISONS[opposite], low, high_other)
            if known:
                return truth(yes, True)
            age = any(isinstance(side, nodes.Age) for side in (left, right))
            if age and favour and self.setting.birth is Birth.IN_FAVOUR:
                return truth(yes if favour < 0 else sql.negate(no), False)
            return truth(sql.case((yes, sql.TRUE), (no, sql.FALSE)), False)
        same = sql.both(
            sql.binary(exp.EQ, low, low_other),
            sql.binary(exp.EQ, high, high_other),
            sql.binary(exp.EQ, low, high),
        )
        apart = sql.either(sql.binary(exp.LT, high, low_other), sql.binary(exp.GT, low, high_other))
        yes, no = (sql.TRUE, sql.FALSE) if op == "==" else (sql.FALSE, sql.TRUE)
        return truth(sql.case((same, yes), (apart, no)), known)

    def bounds(self, node: Node, favour: int) -> tuple[Expr, Expr, bool]:
        """Give the least and the greatest a number can be, and whether it surely is known."""
        if isinstance(node, nodes.Age):
            low, high = self.age_bounds(node)
            return low, high, False
        if isinstance(node, nodes.Members) and node.op == "count":
            return self.count_bounds(node, favour)
        value = self.value(node)
        return value.expr, value.expr, value.known

    # -- members --------------------------------------------------------------------------

    @property
    def person_unit(self) -> bool:
        """Tell whether units are persons, who may have no household at all."""
        return self.setting.unit == "person"

    def inner(self) -> Emitter:
        """Give the emitter for the grouped scan."""
        return Emitter(self.setting, self.scan, reach=self.reach_in_scan, in_scan=True)

    def reach_in_scan(self, table: str, name: str) -> Expr:
        return self.scan.reach(table, name)

    def member_column(self, name: str) -> Expr:
        return self.reach("members", name)

    def count_or_zero(self, name: str) -> Expr:
        """Give an aggregate that is 0 for a household without members."""
        found = self.member_column(name)
        if self.person_unit:
            return found  # no household: unknown; a household of one's own has a member
        return exp.Coalesce(this=found, expressions=[sql.number(0)])

    def bit(self, bits: Bits, mask: int) -> Expr:
        word = self.count_or_zero(self.scan.word_name(bits.word))
        masked = exp.Paren(this=exp.BitwiseAnd(this=word, expression=sql.number(mask)))
        return exp.NEQ(this=masked, expression=sql.number(0))

    def any_member(self, condition: Emitted) -> Emitted:
        """Give Kleene's exists over members for a condition of the scan."""
        bits = self.scan.truth(condition.expr, known=condition.known)
        if condition.known:
            return truth(self.bit(bits, bits.true), not self.person_unit)
        branches = [(self.bit(bits, bits.true), sql.TRUE), (self.bit(bits, bits.unknown), sql.NULL)]
        if self.person_unit:
            word = self.member_column(self.scan.word_name(bits.word))
            branches.append((sql.is_null(word), sql.NULL))
        return truth(sql.case(*branches, default=sql.FALSE), False)

    def tested(self, node: nodes.Members, favour: int) -> Emitted:
        """Give what exists asks of each member: filter and body (all asks for a counterexample)."""
        inner = self.inner()
        sign = favour if node.op != "all" else -favour
        body = inner.value(node.body, favour)
        expr = sql.negate(body.expr) if node.op == "all" else body.expr
        known = body.known
        if node.where is not None:
            where = inner.value(node.where, sign)
            expr = sql.both(where.expr, expr)
            known = known and where.known
        return truth(expr, known)

    def members(self, node: nodes.Members, favour: int) -> Emitted:
        if node.op in ("exists", "all"):
            found = self.any_member(self.tested(node, favour))
            return truth(sql.negate(found.expr), found.known) if node.op == "all" else found
        if node.op == "count":
            low, high, known = self.count_bounds(node, favour)
            if known:
                return Emitted(low, True, 2**40, True)
            if low is high or sql.key(low) == sql.key(high):
                return Emitted(low, True, 2**40, False)
            return Emitted(sql.case((sql.binary(exp.EQ, low, high), low)), True, 2**40, False)
        return self.total(node)

    def count_bounds(self, node: nodes.Members, favour: int) -> tuple[Expr, Expr, bool]:
        condition = self.inner().value(node.body, favour)
        sure = not self.person_unit
        if condition.expr is sql.TRUE:
            name = self.scan.column("count", exp.Count(this=exp.Star()))
            return self.count_or_zero(name), self.count_or_zero(name), sure
        counted = sql.case((condition.expr, sql.number(1)))
        low = self.count_or_zero(self.scan.column("count", exp.Count(this=counted)))
        if condition.known:
            return low, low, sure
        possible = sql.case(
            (exp.Is(this=sql.paren(condition.expr), expression=sql.FALSE), sql.NULL),
            default=sql.number(1),
        )
        high = self.count_or_zero(self.scan.column("count", exp.Count(this=possible)))
        return low, high, False

    def total_parts(self, node: nodes.Members) -> tuple[Emitted, Emitted | None]:
        inner = self.inner()
        where = inner.value(node.where) if node.where is not None else None
        return inner.value(node.body), where

    def total_unknown(self, node: nodes.Members) -> Emitted:
        """Tell, for one member, whether it leaves a sum or an extreme unknown."""
        body, where = self.total_parts(node)
        missing = sql.FALSE if body.known else sql.is_null(body.expr)
        if where is None:
            return truth(missing, True)
        unsure = sql.FALSE if where.known else sql.is_null(where.expr)
        if missing is sql.FALSE:
            return truth(unsure, True)
        counted = (
            where.expr
            if where.known
            else exp.NEQ(
                this=exp.Coalesce(
                    this=sql.cast(where.expr, "INTEGER"), expressions=[sql.number(1)]
                ),
                expression=sql.number(0),
            )
        )
        return truth(sql.either(unsure, sql.both(counted, missing)), True)

    def total(self, node: nodes.Members) -> Emitted:
        body, where = self.total_parts(node)
        number = body.expr if where is None else sql.case((where.expr, body.expr))
        aggregates: dict[str, type[exp.Expression]] = {
            "sum": exp.Sum,
            "min": exp.Min,
            "max": exp.Max,
        }
        aggregate = aggregates[node.op](this=number)
        name = self.scan.column(node.op, aggregate)
        unknown = self.total_unknown(node)
        found = self.member_column(name)
        if node.op == "sum":
            found = self.count_or_zero(name)
            stored = "BIGINT" if body.whole else "DECIMAL(18,6)"
            found = sql.try_cast(found, stored)
        if unknown.expr is not sql.FALSE:
            bits = self.scan.truth(unknown.expr, known=True)
            found = sql.case((self.bit(bits, bits.true), sql.NULL), default=found)
        limit = INT_LIMIT if body.whole else DECIMAL_LIMIT
        return Emitted(found, body.whole, limit, False)


def last_birth_of_age(years: int, day: dt.date) -> dt.date:
    """Give the latest birth date with which one has completed `years` years on a day.

    One born on 29 February completes a year on 1 March where the year has no such day.

    >>> last_birth_of_age(5, dt.date(2026, 3, 1)), last_birth_of_age(1, dt.date(2024, 2, 29))
    (datetime.date(2021, 3, 1), datetime.date(2023, 2, 28))
    """
    year = day.year - years
    if year < 1:
        return dt.date.min
    if year > 9998:
        return dt.date(9998, 12, 31)
    try:
        return day.replace(year=year)
    except ValueError:
        return dt.date(year, 2, 28)


def is_interval(node: Node) -> bool:
    """Tell whether a number may be known by its bounds only: an age, a count of members."""
    return isinstance(node, nodes.Age) or (isinstance(node, nodes.Members) and node.op == "count")
