"""The one grouped scan over people: what every macro over members adds to it.

What rules ask of each member stands as a column first. Conditions are then packed as bits into
BIT_OR words (a true bit and an unknown bit each), which is several times cheaper than one
aggregate per condition. Sums, counts and extremes stand as columns of their own. Whatever two
rules share is computed once.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlglot import exp

from amana.engine import sql
from amana.engine.sql import Expr

WORD_BITS = 62


@dataclass(frozen=True, slots=True)
class Bits:
    """Where a condition's bits stand: word and masks; ``unknown`` is 0 when it always is known."""

    word: int
    true: int
    unknown: int


@dataclass
class MemberScan:
    """The aggregates asked for so far, each once."""

    words: list[list[Expr]] = field(default_factory=list)
    used: list[int] = field(default_factory=list)
    columns: dict[str, Expr] = field(default_factory=dict)
    facts: dict[str, Expr] = field(default_factory=dict)
    passed: dict[tuple[str, str], None] = field(default_factory=dict)
    _facts: dict[str, str] = field(default_factory=dict)
    _bits: dict[tuple[str, bool], Bits] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        """Tell whether no rule reads the members."""
        return not self.words and not self.columns

    def reach(self, table: str, name: str) -> Expr:
        """Give a column of the member, or one of its household or area, to be passed on to it."""
        if table == "member":
            return sql.column("member", name)
        self.passed[(table, name)] = None
        return sql.column("member", f"{table}.{name}")

    def fact(self, condition: Expr) -> Expr:
        """Keep a condition as a column of the member, computed once; gives that column."""
        key = sql.key(condition)
        if key not in self._facts:
            self._facts[key] = f"is.{len(self._facts)}"
            self.facts[self._facts[key]] = condition
        return sql.column("member", self._facts[key])

    def truth(self, condition: Expr, *, known: bool) -> Bits:
        """Keep whether a condition is true, and whether it is unknown, for any member."""
        key = (sql.key(condition), known)
        if key not in self._bits:
            width = 1 if known else 2
            word = self._room(width)
            shift = self.used[word]
            self.used[word] += width
            value: Expr = sql.cast(condition, "BIGINT")
            if not known:
                value = exp.Coalesce(this=value, expressions=[sql.number(2)])
            if shift:
                value = exp.BitwiseLeftShift(this=value, expression=sql.number(shift))
            self.words[word].append(value)
            self._bits[key] = Bits(word, 1 << shift, 0 if known else 2 << shift)
        return self._bits[key]

    def column(self, prefix: str, aggregate: Expr) -> str:
        """Keep one aggregate as a column; gives its name (``count.1``)."""
        key = sql.key(aggregate)
        if key not in self._names:
            name = f"{prefix}.{len(self.columns)}"
            self._names[key] = name
            self.columns[name] = aggregate
        return self._names[key]

    def word_name(self, word: int) -> str:
        """Give the column of a word of bits."""
        return f"bits.{word}"

    def selected(self) -> list[Expr]:
        """Give the columns of the grouped select, in order."""
        found: list[Expr] = []
        for word, parts in enumerate(self.words):
            combined = parts[0]
            for part in parts[1:]:
                combined = exp.BitwiseOr(this=combined, expression=part)
            found.append(sql.alias(sql.fn("BIT_OR", combined), self.word_name(word)))
        found.extend(sql.alias(aggregate, name) for name, aggregate in self.columns.items())
        return found

    def _room(self, width: int) -> int:
        for word, used in enumerate(self.used):
            if used + width <= WORD_BITS:
                return word
        self.words.append([])
        self.used.append(0)
        return len(self.words) - 1
