"""Small constructors for the SQL tree, and the functions the compiled SQL calls.

What DuckDB and Spark do differently is said once, here and in `emit`: integers are widened before
arithmetic, decimals have 18 digits (6 after the point), a zero divisor and an overflow are null.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

from sqlglot import Dialect, exp
from sqlglot.expressions import Expression

Expr = Expression
DUCKDB = Dialect.get_or_raise("duckdb")

#: Functions the compiled SQL calls; created on every connection of the engine.
MACROS = """
-- completed years on a day: own arithmetic, so that 29 February has one meaning on every engine
CREATE OR REPLACE TEMP MACRO amana_age(birth, day) AS CAST(
    year(day) - year(birth)
    - CASE WHEN month(day) * 100 + day(day) < month(birth) * 100 + day(birth) THEN 1 ELSE 0 END
AS BIGINT);
-- exact quotient of two decimals at six digits, halves away from zero; null on a zero divisor
CREATE OR REPLACE TEMP MACRO amana_divide(a, b) AS TRY_CAST(
    CAST(
        CASE WHEN (a < 0) <> (b < 0) THEN -1 ELSE 1 END
        * ((CAST(CAST(abs(a) AS DECIMAL(38,6)) * 1000000 AS HUGEINT) * 2000000
            + CAST(CAST(abs(b) AS DECIMAL(38,6)) * 1000000 AS HUGEINT))
           // NULLIF(CAST(CAST(abs(b) AS DECIMAL(38,6)) * 1000000 AS HUGEINT) * 2, 0))
    AS DECIMAL(38,0)) * 0.000001
AS DECIMAL(18,6));
-- floor(x / step) for a decimal and a whole step, exactly
CREATE OR REPLACE TEMP MACRO amana_steps(x, step) AS (
    CAST(CAST(x AS DECIMAL(38,6)) * 1000000 AS HUGEINT) // (CAST(step AS HUGEINT) * 1000000)
    - CASE WHEN CAST(CAST(x AS DECIMAL(38,6)) * 1000000 AS HUGEINT)
                % (CAST(step AS HUGEINT) * 1000000) < 0 THEN 1 ELSE 0 END
);
-- roundings of amounts to whole steps, as amana.kernel.money names them
CREATE OR REPLACE TEMP MACRO amana_down(x, step) AS
    CAST(CASE WHEN x < 0 THEN -1 ELSE 1 END * amana_steps(abs(x), step) * step AS BIGINT);
CREATE OR REPLACE TEMP MACRO amana_up(x, step) AS
    CAST(CASE WHEN x < 0 THEN 1 ELSE -1 END * amana_steps(-abs(x), step) * step AS BIGINT);
CREATE OR REPLACE TEMP MACRO amana_half_up(x, step) AS CAST(
    CASE WHEN x < 0 THEN -1 ELSE 1 END
    * amana_steps(CAST(abs(x) AS DECIMAL(38,6)) * 2 + step, step * 2) * step
AS BIGINT);
CREATE OR REPLACE TEMP MACRO amana_half_even(x, step) AS CAST(
    CASE WHEN x < 0 THEN -1 ELSE 1 END
    * (amana_steps(CAST(abs(x) AS DECIMAL(38,6)) * 2 + step, step * 2)
       - CASE WHEN amana_steps(CAST(abs(x) AS DECIMAL(38,6)) * 2 + step, step * 2) % 2 <> 0
               AND CAST(abs(x) AS DECIMAL(38,6)) * 2 + step
                   = amana_steps(CAST(abs(x) AS DECIMAL(38,6)) * 2 + step, step * 2) * step * 2
              THEN 1 ELSE 0 END) * step
AS BIGINT);
"""

TRUE = exp.true()
FALSE = exp.false()
NULL = exp.null()


def column(table: str, name: str) -> Expr:
    """Give a quoted column of a table alias."""
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(table))


def named(name: str) -> Expr:
    """Give a quoted column without its table."""
    return exp.column(exp.to_identifier(name, quoted=True))


def alias(expr: Expr, name: str) -> Expr:
    """Name an expression, quoted."""
    return exp.Alias(this=expr, alias=exp.to_identifier(name, quoted=True))


def fn(name: str, *args: Expr) -> Expr:
    """Call a function by its name."""
    return exp.Anonymous(this=name, expressions=list(args))


def select(*columns: Expr) -> exp.Select:
    """Begin a select, without copying the trees given."""
    return exp.Select().select(*columns, copy=False)


def number(value: int | Decimal) -> Expr:
    """Write an exact number; a decimal keeps its point, so that it is never a double."""
    if isinstance(value, Decimal):
        text = format(value, "f")
        if "." not in text:
            text += ".0"
        magnitude = exp.Literal.number(text.lstrip("-"))
        return exp.Neg(this=magnitude) if value < 0 else magnitude
    if value < 0:
        return exp.paren(exp.Neg(this=exp.Literal.number(str(-value))), copy=False)
    return exp.Literal.number(str(value))


def text(value: str) -> Expr:
    """Write a text."""
    return exp.Literal.string(value)


def date(value: dt.date) -> Expr:
    """Write a date."""
    return cast(exp.Literal.string(value.isoformat()), "DATE")


def cast(expr: Expr, kind: str) -> Expr:
    """Convert; fails the statement when the value does not fit, so only where it always does."""
    return exp.Cast(this=expr, to=_type(kind))


def try_cast(expr: Expr, kind: str) -> Expr:
    """Convert; null when the value does not fit."""
    return exp.TryCast(this=expr, to=_type(kind), safe=True)


def case(*branches: tuple[Expr, Expr], default: Expr | None = None) -> Expr:
    """Give CASE WHEN … THEN … ELSE … END."""
    whens = [exp.If(this=condition, true=value) for condition, value in branches]
    return exp.Case(ifs=whens, default=default)


def paren(expr: Expr) -> Expr:
    """Put brackets around anything that is not a single name, number or call."""
    if isinstance(
        expr,
        exp.Column | exp.Literal | exp.Anonymous | exp.Func | exp.Paren | exp.Boolean | exp.Null,
    ) and not isinstance(expr, exp.And | exp.Or):
        return expr
    return exp.Paren(this=expr)


def binary(kind: type[exp.Expression], left: Expr, right: Expr) -> Expr:
    """Combine two sides, each in brackets where it needs them."""
    return kind(this=paren(left), expression=paren(right))


def both(*parts: Expr) -> Expr:
    """Give the conjunction; TRUE when there is none."""
    found = [part for part in parts if part is not TRUE]
    if not found:
        return TRUE
    result = found[0]
    for part in found[1:]:
        result = exp.And(this=_in_and(result), expression=_in_and(part))
    return result


def either(*parts: Expr) -> Expr:
    """Give the disjunction; FALSE when there is none."""
    if any(part is TRUE for part in parts):
        return TRUE
    found = [part for part in parts if part is not FALSE]
    if not found:
        return FALSE
    result = found[0]
    for part in found[1:]:
        result = exp.Or(this=_in_or(result), expression=_in_or(part))
    return result


def _in_and(expr: Expr) -> Expr:
    return exp.Paren(this=expr) if isinstance(expr, exp.Or) else expr


def _in_or(expr: Expr) -> Expr:
    return exp.Paren(this=expr) if isinstance(expr, exp.And) else expr


def negate(expr: Expr) -> Expr:
    """Give Kleene's not."""
    if isinstance(expr, exp.Not):
        inner: Expr = expr.this
        return inner.this if isinstance(inner, exp.Paren) else inner
    return exp.Not(this=paren(expr))


def is_null(expr: Expr) -> Expr:
    """Test for null."""
    return exp.Is(this=paren(expr), expression=exp.null())


def not_null(expr: Expr) -> Expr:
    """Test for not null."""
    return exp.Not(this=is_null(expr))


@cache
def _type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind, dialect=DUCKDB)


def key(expr: Expr) -> str:
    """Write an expression as a key: two that read the same are the same."""
    return str(DUCKDB.generate(expr, copy=False))


def render(expr: Expr, *, pretty: bool = False) -> str:
    """Write the tree as DuckDB's SQL."""
    return str(DUCKDB.generate(expr, pretty=pretty))
