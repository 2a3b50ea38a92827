"""Numbers in SQL: exact, widened before they can overflow, unknown where there is no answer.

Whole numbers are 64-bit: a result beyond is unknown. Decimals (and money once it meets a decimal)
are decimal(18,6): products and quotients are rounded at the sixth digit, halves away from zero,
and a result of more than twelve digits before the point is unknown. A zero divisor is unknown.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from sqlglot import exp

from amana.engine import sql
from amana.engine.rules import Value
from amana.engine.sql import Expr

INT_LIMIT = 2**63
DECIMAL_LIMIT = 10**12


@dataclass(frozen=True, slots=True)
class Emitted:
    """An expression with what is known of it before it runs.

    Args:
        whole: stored as a 64-bit whole number (else a decimal, or no number at all).
        limit: bound of its magnitude.
        known: never null.
    """

    expr: Expr
    whole: bool
    limit: int
    known: bool


def truth(expr: Expr, known: bool) -> Emitted:
    """Wrap a condition."""
    return Emitted(expr, True, 1, known)


def widen(value: Emitted) -> Emitted:
    """Make a whole number 64 bits wide: a bare constant would be 32."""
    return Emitted(sql.cast(value.expr, "BIGINT"), True, value.limit, value.known)


def decimal(value: Emitted) -> Emitted:
    """Widen to decimal(18,6); unknown beyond twelve digits before the point."""
    if not value.whole:
        if isinstance(value.expr, exp.Literal | exp.Neg):
            return Emitted(sql.cast(value.expr, "DECIMAL(18,6)"), False, value.limit, value.known)
        return value
    fits = value.limit < DECIMAL_LIMIT
    convert = sql.cast if fits else sql.try_cast
    return Emitted(
        convert(value.expr, "DECIMAL(18,6)"),
        False,
        min(value.limit, DECIMAL_LIMIT),
        value.known and fits,
    )


def whole(op: str, left: Emitted, right: Emitted) -> Emitted:
    """Compute with two whole numbers; unknown beyond 64 bits."""
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
        return Emitted(sql.try_cast(total, "BIGINT"), True, INT_LIMIT, False)
    return Emitted(total, True, limit, known)


def times(left: Emitted, right: Emitted) -> Emitted:
    """Multiply."""
    if left.whole and right.whole:
        return whole("*", left, right)
    # widened first: the product of two decimal(18,6) would overflow at eighteen digits
    one = sql.cast(left.expr, "DECIMAL(38,6)" if not left.whole else "DECIMAL(38,0)")
    other = right.expr
    limit = left.limit * right.limit
    if (right.whole and right.limit >= DECIMAL_LIMIT) or (
        left.whole and left.limit >= DECIMAL_LIMIT
    ):
        wide, narrow = (right, left) if right.whole else (left, right)
        one = sql.cast(narrow.expr, "DECIMAL(38,6)")
        other = wide.expr
    return fitted(sql.binary(exp.Mul, one, other), limit, left.known and right.known)


def fitted(total: Expr, limit: int, known: bool) -> Emitted:
    """Bring a wide decimal back to decimal(18,6), rounding halves away from zero."""
    fits = limit < DECIMAL_LIMIT
    convert = sql.cast if fits else sql.try_cast
    return Emitted(
        convert(total, "DECIMAL(18,6)"), False, min(limit, DECIMAL_LIMIT), known and fits
    )


def divide(left: Emitted, right: Emitted) -> Emitted:
    """Divide two decimals; unknown when the divisor is zero."""
    return Emitted(sql.fn("AMANA_DIVIDE", left.expr, right.expr), False, DECIMAL_LIMIT, False)


def extreme(name: str, parts: list[Emitted], known: bool) -> Emitted:
    """Give LEAST or GREATEST, unknown when any part is."""
    best = sql.fn(name, *(part.expr for part in parts))
    if not known:
        # LEAST and GREATEST pass over nulls; an unknown among them makes the result unknown
        unknown = sql.either(*(sql.is_null(p.expr) for p in parts if not p.known))
        best = sql.case((unknown, sql.NULL), default=best)
    limit = max(part.limit for part in parts)
    return Emitted(best, all(part.whole for part in parts), limit, known)


def rounded(part: Emitted, digits: int) -> Emitted:
    """Round halves up: floor(x * 10^digits + 0.5) / 10^digits."""
    if digits == 6:
        return part
    scale = sql.number(10**digits)
    scaled = sql.binary(exp.Mul, sql.cast(part.expr, "DECIMAL(38,6)"), scale)
    up = sql.fn("FLOOR", sql.binary(exp.Add, scaled, sql.number(Decimal("0.5"))))
    back: Expr = sql.cast(up, "DECIMAL(38,0)")
    if digits:
        back = sql.binary(exp.Mul, back, sql.number(Decimal(1).scaleb(-digits)))
    return fitted(back, part.limit + 1, part.known)


def round_half_up(value: Decimal, digits: int) -> Decimal:
    """Round as decimals are kept: halves away from zero."""
    return value.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def folded(op: str, left: Value | None, right: Value | None) -> Value | None:
    """Compute `+ - *` of two constants as the SQL would; None when there is no exact answer."""
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
