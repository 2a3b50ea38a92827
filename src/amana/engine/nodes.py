"""The typed tree between the language and SQL: few nodes, frozen, validated when made.

Every meaning is decided here once: a node is *unknown* (null) when a value it needs is not
recorded, and `&&`, `||`, `exists` and `all` follow Kleene's logic.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as Choice

from amana.engine.schema import Kind

Scope = Choice["person", "household", "member", "area"]
TABLE_OF: dict[str, str] = {
    "person": "people",
    "member": "people",
    "household": "groups",
    "area": "areas",
}
WORD_OF: dict[str, str] = {
    "person": "person",
    "member": "members",
    "household": "household",
    "area": "area",
}


@dataclass(frozen=True, slots=True)
class Node:
    """A typed expression; `line` and `column` say where it stands in its rule."""

    kind: Kind
    line: int
    column: int

    @property
    def children(self) -> tuple[Node, ...]:
        """Give the nodes it is made of."""
        return ()


@dataclass(frozen=True, slots=True)
class Literal(Node):
    """A constant."""

    value: bool | int | Decimal | str | dt.date


@dataclass(frozen=True, slots=True)
class Parameter(Node):
    """`param.<name>`: a dated policy value, fixed when the rules are compiled for a day."""

    name: str


@dataclass(frozen=True, slots=True)
class Variable(Node):
    """A recorded value of a person, household, member or area; unknown when null."""

    scope: Scope
    name: str
    always_known: bool = False

    @property
    def path(self) -> str:
        """Name it as explanations do: ``household.roof``, ``members.income``."""
        return f"{WORD_OF[self.scope]}.{self.name}"


@dataclass(frozen=True, slots=True)
class Age(Node):
    """Completed years on the run's reference date: an interval when the birth is one."""

    scope: Scope

    @property
    def path(self) -> str:
        """Name it as explanations do."""
        return f"{WORD_OF[self.scope]}.age"


@dataclass(frozen=True, slots=True)
class Receives(Node):
    """Whether the person or group receives a programme; always known."""

    scope: Scope
    programme: str


@dataclass(frozen=True, slots=True)
class Score(Node):
    """`score.<model>.value`; unknown when the model could not be computed."""

    model: str


@dataclass(frozen=True, slots=True)
class RankShare(Node):
    """`score.<model>.rank_share(level)`: rank from the poorer end over the number with a score."""

    model: str
    level: str


@dataclass(frozen=True, slots=True)
class Not(Node):
    """Kleene's not."""

    part: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Give the part."""
        return (self.part,)


@dataclass(frozen=True, slots=True)
class Logic(Node):
    """Kleene's and (``&&``) and or (``||``) over two or more parts."""

    op: Choice["&&", "||"]
    parts: tuple[Node, ...]

    def __post_init__(self) -> None:
        if len(self.parts) < 2 or any(part.kind is not Kind.BOOLEAN for part in self.parts):
            raise ValueError("logic needs two or more parts that are true or false")

    @property
    def children(self) -> tuple[Node, ...]:
        """Give the parts."""
        return self.parts


@dataclass(frozen=True, slots=True)
class Compare(Node):
    """A comparison; unknown when a side is, unless an interval decides it."""

    op: Choice["==", "!=", "<", "<=", ">", ">="]
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Give both sides."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class In(Node):
    """`x in [a, b]` with constants; unknown when x is."""

    part: Node
    items: tuple[Node, ...]

    @property
    def children(self) -> tuple[Node, ...]:
        """Give the part; the items are constants."""
        return (self.part,)


@dataclass(frozen=True, slots=True)
class Arithmetic(Node):
    """`+ - * / %` and `div`, exact; unknown on a zero divisor and beyond the type's range."""

    op: Choice["+", "-", "*", "/", "%", "div"]
    left: Node
    right: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Give both sides."""
        return (self.left, self.right)


@dataclass(frozen=True, slots=True)
class If(Node):
    """`condition ? yes : no`; unknown when the condition is."""

    condition: Node
    yes: Node
    no: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Give condition and both branches."""
        return (self.condition, self.yes, self.no)


@dataclass(frozen=True, slots=True)
class Known(Node):
    """`known(x)`: whether x is known; never unknown itself."""

    part: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Give the part."""
        return (self.part,)


@dataclass(frozen=True, slots=True)
class Convert(Node):
    """A change of type: whole to decimal, number to money (``money``), money to decimal."""

    part: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Give the part."""
        return (self.part,)


@dataclass(frozen=True, slots=True)
class Call(Node):
    """A function of numbers (`min max abs ln round floor ceil`) or texts."""

    name: str
    parts: tuple[Node, ...]
    digits: int = 0

    @property
    def children(self) -> tuple[Node, ...]:
        """Give the arguments."""
        return self.parts


@dataclass(frozen=True, slots=True)
class Members(Node):
    """A macro over the members of the household: one aggregate of one grouped scan.

    ``where`` are the filters before it; ``body`` is what it tests or adds.
    """

    op: Choice["exists", "all", "count", "sum", "min", "max"]
    where: Node | None
    body: Node

    @property
    def children(self) -> tuple[Node, ...]:
        """Give filter and body."""
        return (self.body,) if self.where is None else (self.where, self.body)


def walk(node: Node) -> Iterator[Node]:
    """Give a node and everything below it, each once per place it stands."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting.extend(reversed(current.children))
