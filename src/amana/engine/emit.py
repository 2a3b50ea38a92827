"""Typed tree → SQL expressions, and which unknown variables can still settle an unknown one.

An `Emitter` writes for one select, whose tables carry the words of the language as aliases
(``household``, ``person``, ``area``, ``members``; inside the grouped scan the people are
``member``). `Emitter.emit` gives the value, `Emitter.blame` the names of unknown variables with
the condition under which each matters, given that the value came out unknown.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import cast

from sqlglot import exp

from amana.engine import nodes, sql
from amana.engine.members import Bits, MemberScan
from amana.engine.nodes import Node
from amana.engine.rules import Birth, Value
from amana.engine.schema import Kind
from amana.engine.sql import Expr

INT_LIMIT = 2**63
DECIMAL_LIMIT = 10**12
_COMPARISONS: dict[str, type[exp.Expression]] = {
    "==": exp.EQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}

#: Unknown variable → condition under which it matters.
Blame = dict[str, Expr]


@dataclass(frozen=True, slots=True)
class Value_:
    """An emitted value: `limit` bounds its magnitude, `known` says it is never null."""

    expr: Expr
    whole: bool
    limit: int
    known: bool


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

    def value(self, node: Node, favour: int = 0) -> Value_:
        """Give the SQL of a node with what is known about its size."""
        constant = self.constant(node)
        if constant is not None:
            return self.literal(node.kind, constant)
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
            return cast(Callable[[Node], Value_], method)(node)
        if isinstance(node, nodes.Not):
            part = self.value(node.part, -favour)
            return _truth(sql.negate(part.expr), part.known)
        if isinstance(node, nodes.Logic):
            parts = [self.value(part, favour) for part in node.parts]
            combine = sql.both if node.op == "&&" else sql.either
            return _truth(combine(*(p.expr for p in parts)), all(p.known for p in parts))
        if isinstance(node, nodes.If):
            return self.choice(node, favour)
        if isinstance(node, nodes.Compare):
            return self.compare(node, favour)
        if isinstance(node, nodes.Members):
            return self.members(node, favour)
        raise AssertionError(f"no SQL for {type(node).__name__}")

    def literal(self, kind: Kind, value: Value) -> Value_:
        if isinstance(value, bool):
            return _truth(sql.TRUE if value else sql.FALSE, True)
        if isinstance(value, int | Decimal):
            whole = isinstance(value, int)
            if kind is Kind.DECIMAL and whole:
                value, whole = Decimal(value), False
            return Value_(sql.number(value), whole, math.ceil(abs(value)), True)
        if isinstance(value, dt.date):
            return Value_(sql.date(value), False, 0, True)
        return Value_(sql.text(value), False, 0, True)

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
            return _folded(node.op, left, right)
        return None

    def converted(self, kind: Kind, part: int | Decimal) -> Value | None:
        if kind is Kind.MONEY:
            minor = Decimal(part) * 10**self.setting.minor_digits
            return int(minor) if minor == minor.to_integral_value() else minor
        if isinstance(part, Decimal):
            return part
        return Decimal(part)

    def variable(self, node: nodes.Variable) -> Value_:
        table = self.table(node.scope)
        whole = node.kind in (Kind.INTEGER, Kind.MONEY)
        limit = INT_LIMIT if whole else DECIMAL_LIMIT
        return Value_(self.reach(table, node.name), whole, limit, node.always_known)

    def table(self, scope: str) -> str:
        return "member" if scope == "member" else scope

    def age(self, node: nodes.Age) -> Value_:
        low, high = self.age_bounds(node)
        exact = sql.case((sql.binary(exp.EQ, low, high), low))
        return Value_(exact, True, 10_000, False)

    def age_bounds(self, node: nodes.Age) -> tuple[Expr, Expr]:
        table = self.table(node.scope)
        day = sql.date(self.setting.day)
        low = sql.fn("AMANA_AGE", self.reach(table, "birth_latest"), day)
        high = sql.fn("AMANA_AGE", self.reach(table, "birth_earliest"), day)
        return low, high

    def receives(self, node: nodes.Receives) -> Value_:
        table = self.table(node.scope)
        listed = self.reach(table, "receives")
        known = node.scope in ("member", "person") or self.setting.unit != "person"
        return _truth(sql.fn("LIST_CONTAINS", listed, sql.text(node.programme)), known)

    def score(self, node: nodes.Score) -> Value_:
        return Value_(self.reach("score", node.model), False, 10**6, False)

    def rank_share(self, node: nodes.RankShare) -> Value_:
        rank, count = self.rank_parts(node)
        share = sql.fn("AMANA_DIVIDE", rank, count)
        return Value_(share, False, 1, False)

    def rank_parts(self, node: nodes.RankShare) -> tuple[Expr, Expr]:
        """Give rank and denominator of a rank share."""
        name = f"{node.model}.{node.level}"
        return self.reach("rank", name), self.reach("of", name)

    def membership(self, node: nodes.In) -> Value_:
        part = self.value(node.part)
        items = [self.emit(item) for item in node.items]
        return _truth(exp.In(this=sql.paren(part.expr), expressions=items), part.known)

    def known(self, node: nodes.Known) -> Value_:
        part = self.value(node.part)
        return _truth(sql.TRUE if part.known else sql.not_null(part.expr), True)

    def choice(self, node: nodes.If, favour: int) -> Value_:
        condition = self.value(node.condition)
        yes, no = self.value(node.yes, favour), self.value(node.no, favour)
        if node.kind.is_number or node.kind is Kind.MONEY:
            if yes.whole and no.whole:
                yes, no = _widen(yes), _widen(no)
            else:
                yes, no = self.decimal(yes), self.decimal(no)
        branches = [(condition.expr, yes.expr)]
        default: Expr | None = no.expr
        if not condition.known:
            branches.append((sql.negate(condition.expr), no.expr))
            default = None
        return Value_(
            sql.case(*branches, default=default),
            yes.whole and no.whole,
            max(yes.limit, no.limit),
            condition.known and yes.known and no.known,
        )

    # -- numbers --------------------------------------------------------------------------

    def decimal(self, value: Value_) -> Value_:
        """Widen to decimal(18,6); unknown beyond twelve digits before the point."""
        if not value.whole:
            if isinstance(value.expr, exp.Literal | exp.Neg):
                return Value_(
                    sql.cast(value.expr, "DECIMAL(18,6)"), False, value.limit, value.known
                )
            return value
        fits = value.limit < DECIMAL_LIMIT
        convert = sql.cast if fits else sql.try_cast
        return Value_(
            convert(value.expr, "DECIMAL(18,6)"),
            False,
            min(value.limit, DECIMAL_LIMIT),
            value.known and fits,
        )

    def convert(self, node: nodes.Convert) -> Value_:
        part = self.value(node.part)
        if node.kind is Kind.DECIMAL and node.part.kind is not Kind.MONEY:
            return self.decimal(part)
        scale = 10**self.setting.minor_digits
        if node.kind is Kind.MONEY:
            return self.times(self.decimal(part), Value_(sql.number(scale), True, scale, True))
        return self.divide(
            self.decimal(part), self.decimal(Value_(sql.number(scale), True, scale, True))
        )

    def arithmetic(self, node: nodes.Arithmetic) -> Value_:
        left, right = self.value(node.left), self.value(node.right)
        if node.op == "/":
            return self.divide(self.decimal(left), self.decimal(right))
        if node.op == "*":
            return self.times(left, right)
        if left.whole and right.whole:
            return self.whole(node.op, left, right)
        left, right = self.decimal(left), self.decimal(right)
        limit = left.limit + right.limit
        kind = exp.Add if node.op == "+" else exp.Sub
        total = sql.binary(kind, sql.cast(left.expr, "DECIMAL(38,6)"), right.expr)
        return self.fitted(total, limit, left.known and right.known)

    def whole(self, op: str, left: Value_, right: Value_) -> Value_:
        limit = left.limit * right.limit if op == "*" else left.limit + right.limit
        known = left.known and right.known
        divisor = right.expr
        if op in ("%", "div"):
            limit = left.limit
            zero = isinstance(divisor, exp.Literal) and divisor.this != "0"
            if not zero:
                divisor = sql.fn("NULLIF", divisor, sql.number(0))
                known = False
        kinds: dict[str, type[exp.Expression]] = {
            "+": exp.Add,
            "-": exp.Sub,
            "*": exp.Mul,
            "%": exp.Mod,
            "div": exp.IntDiv,
        }
        fits = limit < INT_LIMIT
        wide = "BIGINT" if fits else "HUGEINT"
        first = sql.cast(left.expr, wide)
        second = sql.cast(divisor, wide)
        if op == "div":
            # sqlglot writes IntDiv as // for DuckDB, which cuts towards zero
            total: Expr = exp.IntDiv(this=first, expression=second)
        else:
            total = kinds[op](this=first, expression=second)
        if not fits:
            return Value_(sql.try_cast(total, "BIGINT"), True, INT_LIMIT, False)
        return Value_(total, True, limit, known)

    def times(self, left: Value_, right: Value_) -> Value_:
        if left.whole and right.whole:
            return self.whole("*", left, right)
        # widened first: the product of two decimal(18,6) would overflow at eighteen digits
        one = sql.cast(left.expr, "DECIMAL(38,6)" if not left.whole else "DECIMAL(38,0)")
        other = right.expr
        limit = left.limit * right.limit
        if (
            right.whole
            and right.limit >= DECIMAL_LIMIT
            or left.whole
            and left.limit >= DECIMAL_LIMIT
        ):
            wide, narrow = (right, left) if right.whole else (left, right)
            one = sql.cast(narrow.expr, "DECIMAL(38,6)")
            other = wide.expr
        return self.fitted(sql.binary(exp.Mul, one, other), limit, left.known and right.known)

    def fitted(self, total: Expr, limit: int, known: bool) -> Value_:
        """Bring a wide decimal back to decimal(18,6), rounding halves away from zero."""
        fits = limit < DECIMAL_LIMIT
        convert = sql.cast if fits else sql.try_cast
        return Value_(
            convert(total, "DECIMAL(18,6)"), False, min(limit, DECIMAL_LIMIT), known and fits
        )

    def divide(self, left: Value_, right: Value_) -> Value_:
        return Value_(sql.fn("AMANA_DIVIDE", left.expr, right.expr), False, DECIMAL_LIMIT, False)

    def call(self, node: nodes.Call) -> Value_:
        parts = [self.value(part) for part in node.parts]
        known = all(part.known for part in parts)
        if node.name in ("startsWith", "endsWith", "contains"):
            name = {"startsWith": "STARTS_WITH", "endsWith": "ENDS_WITH", "contains": "CONTAINS"}
            return _truth(sql.fn(name[node.name], *(p.expr for p in parts)), known)
        if node.name in ("min", "max"):
            return self.extreme(node, parts, known)
        part = parts[0]
        if node.name == "abs":
            if part.whole and part.limit >= INT_LIMIT:
                wide = sql.fn("ABS", sql.cast(part.expr, "HUGEINT"))
                return Value_(sql.try_cast(wide, "BIGINT"), True, INT_LIMIT, False)
            return Value_(sql.fn("ABS", part.expr), part.whole, part.limit, known)
        part = self.decimal(part)
        if node.name == "ln":
            log = sql.fn("LN", sql.cast(part.expr, "DOUBLE"))
            positive = sql.binary(exp.GT, part.expr, sql.number(0))
            rounded = sql.cast(log, "DECIMAL(18,6)")
            return Value_(sql.case((positive, rounded)), False, 100, False)
        if node.name in ("floor", "ceil"):
            cut = sql.cast(sql.fn(node.name.upper(), part.expr), "BIGINT")
            return Value_(cut, True, part.limit + 1, known)
        return self.rounded(part, node.digits)

    def extreme(self, node: nodes.Call, parts: list[Value_], known: bool) -> Value_:
        if node.kind is not Kind.DATE:
            whole = all(part.whole for part in parts)
            parts = [_widen(p) if whole else self.decimal(p) for p in parts]
        name = "LEAST" if node.name == "min" else "GREATEST"
        best = sql.fn(name, *(part.expr for part in parts))
        if not known:
            # LEAST and GREATEST pass over nulls; an unknown among them makes the result unknown
            unknown = sql.either(*(sql.is_null(p.expr) for p in parts if not p.known))
            best = sql.case((unknown, sql.NULL), default=best)
        limit = max(part.limit for part in parts)
        return Value_(best, all(part.whole for part in parts), limit, known)

    def rounded(self, part: Value_, digits: int) -> Value_:
        """Round halves up: floor(x * 10^digits + 0.5) / 10^digits."""
        if digits == 6:
            return part
        scale = sql.number(10**digits)
        scaled = sql.binary(exp.Mul, sql.cast(part.expr, "DECIMAL(38,6)"), scale)
        up = sql.fn("FLOOR", sql.binary(exp.Add, scaled, sql.number(Decimal("0.5"))))
        back: Expr = sql.cast(up, "DECIMAL(38,0)")
        if digits:
            back = sql.binary(exp.Mul, back, sql.number(Decimal(1).scaleb(-digits)))
        return self.fitted(back, part.limit + 1, part.known)

    # -- comparisons ----------------------------------------------------------------------

    def compare(self, node: nodes.Compare, favour: int) -> Value_:
        left, right, op = node.left, node.right, node.op
        if (
            isinstance(right, nodes.Age)
            and not isinstance(left, nodes.Age)
            or (isinstance(right, nodes.RankShare) and not isinstance(left, nodes.RankShare))
        ):
            left, right, op = right, left, cast(type(op), _MIRRORED[op])
        if isinstance(left, nodes.Age):
            limit = self.constant(right)
            if isinstance(limit, int | Decimal) and not isinstance(limit, bool):
                return _truth(self.age_compare(left, op, limit, favour), False)
        if isinstance(left, nodes.RankShare) and not isinstance(right, nodes.RankShare):
            rank, count = self.rank_parts(left)
            share = self.value(right)
            product = sql.binary(exp.Mul, sql.cast(share.expr, "DECIMAL(38,6)"), count)
            return _truth(_COMPARISONS[op](this=rank, expression=product), False)
        if _is_interval(left) or _is_interval(right):
            return self.interval_compare(left, op, right, favour)
        first, second = self.value(left), self.value(right)
        compared = sql.binary(_COMPARISONS[op], first.expr, second.expr)
        return _truth(compared, first.known and second.known)

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

    def interval_compare(self, left: Node, op: str, right: Node, favour: int) -> Value_:
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
                return _truth(yes, True)
            age = any(isinstance(side, nodes.Age) for side in (left, right))
            if age and favour and self.setting.birth is Birth.IN_FAVOUR:
                return _truth(yes if favour < 0 else sql.negate(no), False)
            return _truth(sql.case((yes, sql.TRUE), (no, sql.FALSE)), False)
        same = sql.both(
            sql.binary(exp.EQ, low, low_other),
            sql.binary(exp.EQ, high, high_other),
            sql.binary(exp.EQ, low, high),
        )
        apart = sql.either(sql.binary(exp.LT, high, low_other), sql.binary(exp.GT, low, high_other))
        yes, no = (sql.TRUE, sql.FALSE) if op == "==" else (sql.FALSE, sql.TRUE)
        return _truth(sql.case((same, yes), (apart, no)), known)

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
        if table != "member":
            self.scan.reads.add(table)
        return sql.column(table, name)

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

    def any_member(self, condition: Value_) -> Value_:
        """Give Kleene's exists over members for a condition of the scan."""
        bits = self.scan.truth(condition.expr, known=condition.known)
        if condition.known:
            return _truth(self.bit(bits, bits.true), not self.person_unit)
        branches = [(self.bit(bits, bits.true), sql.TRUE), (self.bit(bits, bits.unknown), sql.NULL)]
        if self.person_unit:
            word = self.member_column(self.scan.word_name(bits.word))
            branches.append((sql.is_null(word), sql.NULL))
        return _truth(sql.case(*branches, default=sql.FALSE), False)

    def tested(self, node: nodes.Members, favour: int) -> Value_:
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
        return _truth(expr, known)

    def members(self, node: nodes.Members, favour: int) -> Value_:
        if node.op in ("exists", "all"):
            found = self.any_member(self.tested(node, favour))
            return _truth(sql.negate(found.expr), found.known) if node.op == "all" else found
        if node.op == "count":
            low, high, known = self.count_bounds(node, favour)
            if known:
                return Value_(low, True, 2**40, True)
            if low is high or sql.render(low) == sql.render(high):
                return Value_(low, True, 2**40, False)
            return Value_(sql.case((sql.binary(exp.EQ, low, high), low)), True, 2**40, False)
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

    def total_parts(self, node: nodes.Members) -> tuple[Value_, Value_ | None]:
        inner = self.inner()
        where = inner.value(node.where) if node.where is not None else None
        return inner.value(node.body), where

    def total_unknown(self, node: nodes.Members) -> Value_:
        """Tell, for one member, whether it leaves a sum or an extreme unknown."""
        body, where = self.total_parts(node)
        missing = sql.FALSE if body.known else sql.is_null(body.expr)
        if where is None:
            return _truth(missing, True)
        unsure = sql.FALSE if where.known else sql.is_null(where.expr)
        if missing is sql.FALSE:
            return _truth(unsure, True)
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
        return _truth(sql.either(unsure, sql.both(counted, missing)), True)

    def total(self, node: nodes.Members) -> Value_:
        body, where = self.total_parts(node)
        number = body.expr if where is None else sql.case((where.expr, body.expr))
        aggregate = {"sum": exp.Sum, "min": exp.Min, "max": exp.Max}[node.op](this=number)
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
        return Value_(found, body.whole, limit, False)

    # -- which unknown variables matter ---------------------------------------------------

    def blame(self, node: Node, favour: int = 0) -> Blame:
        """Name the unknown variables that can settle a node, given that it is unknown."""
        if isinstance(node, nodes.Variable):
            return {} if node.always_known else {node.path: sql.TRUE}
        if isinstance(node, nodes.Age):
            return {node.path: sql.TRUE}
        if isinstance(node, nodes.Receives):
            return {"person.household": sql.TRUE} if not self.receives(node).known else {}
        if isinstance(node, nodes.Score):
            return {f"score.{node.model}": sql.TRUE}
        if isinstance(node, nodes.RankShare):
            return self.blame_rank(node)
        if isinstance(node, nodes.Members):
            return self.blame_members(node, favour)
        if isinstance(node, nodes.If):
            condition = self.value(node.condition)
            found = self.blame_parts([(node.condition, 0)])
            yes = self.blame_parts([(node.yes, favour)])
            no = self.blame_parts([(node.no, favour)])
            _merge(found, {k: sql.both(condition.expr, v) for k, v in yes.items()})
            _merge(found, {k: sql.both(sql.negate(condition.expr), v) for k, v in no.items()})
            return found
        if isinstance(node, nodes.Compare) and (
            _is_interval(node.left) or _is_interval(node.right)
        ):
            return self.blame_interval(node)
        sign = -favour if isinstance(node, nodes.Not) else favour
        parts = [(child, sign) for child in node.children]
        found = self.blame_parts(parts)
        if _may_fail(node):
            # every part is known and the result is not: a zero divisor, or an overflow
            all_known = sql.both(
                *(sql.not_null(v.expr) for v in (self.value(c) for c, _ in parts) if not v.known)
            )
            for child, _ in parts:
                for path in sorted(leaves(child)):
                    _merge(found, {path: all_known})
        return found

    def blame_parts(self, parts: list[tuple[Node, int]]) -> Blame:
        """Collect the blame of each part that itself is unknown."""
        found: Blame = {}
        for part, favour in parts:
            value = self.value(part, favour)
            if value.known:
                continue
            below = self.blame(part, favour)
            unknown = sql.is_null(value.expr)
            _merge(found, {name: sql.both(unknown, when) for name, when in below.items()})
        return found

    def blame_rank(self, node: nodes.RankShare) -> Blame:
        score = self.reach("score", node.model)
        found = {f"score.{node.model}": sql.is_null(score)}
        where = "area" if node.level == "all" else node.level
        found[f"household.{where}" if not self.person_unit else f"person.{where}"] = sql.not_null(
            score
        )
        return found

    def blame_interval(self, node: nodes.Compare) -> Blame:
        found: Blame = {}
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, nodes.Age) and self.constant(other) is not None:
                found[side.path] = sql.TRUE
            elif isinstance(side, nodes.Age):
                # an exact age can be no reason, unless it is missing on the other side too
                low, high = self.age_bounds(side)
                exact = exp.NullSafeNEQ(this=low, expression=high)
                _merge(found, {side.path: sql.either(exact, sql.is_null(low))})
            elif isinstance(side, nodes.Members):
                low, high, known = self.count_bounds(side, 0)
                if not known:
                    _merge(found, self.blame_members(side, 0))
            else:
                _merge(found, self.blame_parts([(side, 0)]))
        return found

    def blame_members(self, node: nodes.Members, favour: int) -> Blame:
        """Name the members' variables by the bits the scan kept for each."""
        found: Blame = {}
        if self.person_unit:
            found["person.household"] = sql.is_null(self.reach("person", "group_id"))
        inner = self.inner()
        if node.op in ("exists", "all", "count"):
            sign = favour if node.op != "all" else -favour
            below = inner.blame_parts(
                [(part, sign) for part in (node.where, node.body) if part is not None]
            )
            tested = self.tested(node, favour)
            unknown = sql.is_null(tested.expr)
            if tested.known:
                return found
        else:
            unknown = self.total_unknown(node).expr
            below = inner.blame_parts(
                [(part, 0) for part in (node.where, node.body) if part is not None]
            )
            if node.op in ("min", "max"):
                bits = self.scan.truth(unknown, known=True)
                found["members"] = sql.negate(self.bit(bits, bits.true))
        if len(below) == 1 and node.op in ("exists", "all", "sum"):
            found[next(iter(below))] = sql.TRUE
            if self.person_unit:
                found[next(iter(below))] = sql.not_null(self.reach("person", "group_id"))
            return found
        for name, when in below.items():
            bits = self.scan.truth(sql.both(unknown, when), known=False)
            found[name] = self.bit(bits, bits.true)
        return found


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


def leaves(node: Node) -> set[str]:
    """Name the recorded variables a node reads."""
    found: set[str] = set()
    for part in nodes.walk(node):
        if isinstance(part, nodes.Variable | nodes.Age):
            found.add(part.path)
        elif isinstance(part, nodes.Score | nodes.RankShare):
            found.add(f"score.{part.model}")
    return found


def round_half_up(value: Decimal, digits: int) -> Decimal:
    """Round as decimals are kept: halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def _truth(expr: Expr, known: bool) -> Value_:
    return Value_(expr, True, 1, known)


def _widen(value: Value_) -> Value_:
    return Value_(sql.cast(value.expr, "BIGINT"), True, value.limit, value.known)


def _is_interval(node: Node) -> bool:
    return isinstance(node, nodes.Age) or (isinstance(node, nodes.Members) and node.op == "count")


def _may_fail(node: Node) -> bool:
    if isinstance(node, nodes.Arithmetic):
        return True
    return isinstance(node, nodes.Convert) or (isinstance(node, nodes.Call) and node.name == "ln")


def _folded(op: str, left: Value | None, right: Value | None) -> Value | None:
    numbers = (int, Decimal)
    if not isinstance(left, numbers) or not isinstance(right, numbers):
        return None
    if isinstance(left, bool) or isinstance(right, bool):
        return None
    total: int | Decimal = (
        left + right if op == "+" else left - right if op == "-" else left * right
    )
    if isinstance(total, int):
        return total if abs(total) < INT_LIMIT else None
    total = round_half_up(total, 6)
    return total if abs(total) < DECIMAL_LIMIT else None


def _merge(into: Blame, more: Blame) -> None:
    for name, when in more.items():
        into[name] = sql.either(into[name], when) if name in into else when
