"""What typing a rule rests on: what it may name, how a mistake is told, how types are matched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import cast

from amana.engine import nodes
from amana.engine.errors import RuleError, nearest
from amana.engine.nodes import Node
from amana.engine.parse import Syntax
from amana.engine.rules import Model, Parameter
from amana.engine.schema import HIDDEN, Column, Kind, Schema


@dataclass(frozen=True)
class Names:
    """What one rule may name.

    Args:
        unit: ``person`` or a kind of group.
        models: the models whose score may be read; empty inside a model.
    """

    schema: Schema
    unit: str
    parameters: Mapping[str, Parameter]
    models: tuple[Model, ...] = ()


class Grounds:
    """The text being typed, what it may name, and the checks every part needs."""

    def __init__(self, text: str, names: Names, field: str | None) -> None:
        self.text = text
        self.names = names
        self.field = field
        self.bound: tuple[str, ...] = ()

    def fail(
        self, at: Syntax | Node, message: str, mend: str = "", code: str = "RULE_TYPE"
    ) -> RuleError:
        return RuleError(
            message,
            text=self.text,
            line=at.line,
            column=at.column,
            field=self.field,
            mend=mend,
            code=code,
        )

    def unknown_name(self, at: Syntax, what: str, known: Iterable[str], full: str) -> RuleError:
        options = sorted(set(known))
        near = nearest(at.name, options)
        if near:
            mend = f"Did you mean {near}?"
        elif options:
            mend = "Known here: " + ", ".join(options[:12]) + ("…" if len(options) > 12 else ".")
        else:
            mend = "None is defined."
        return self.fail(at, f"There is no {what} {full}.", mend, "RULE_UNKNOWN_NAME")

    def expect(self, node: Node, kinds: tuple[Kind, ...], role: str) -> Node:
        if node.kind not in kinds:
            wanted = " or ".join(kind.words for kind in kinds)
            raise self.fail(node, f"{role} must be {wanted}, not {node.kind.words}.")
        return node

    def column(self, s: Syntax, scope: str) -> Column | None:
        if s.name in HIDDEN:
            return None
        return self.names.schema.table(nodes.TABLE_OF[scope]).get(s.name)

    def check_codes(self, variable: Node, constant: Node) -> None:
        if not isinstance(variable, nodes.Variable) or not isinstance(constant, nodes.Literal):
            return
        column = self.names.schema.table(nodes.TABLE_OF[variable.scope])[variable.name]
        if column.codes and constant.value not in column.codes:
            near = nearest(str(constant.value), column.codes)
            raise self.fail(
                constant,
                f"{variable.path} has no code {constant.value!r}.",
                f"Did you mean {near!r}?" if near else f"Codes: {', '.join(column.codes)}.",
                "RULE_UNKNOWN_CODE",
            )

    def alike(self, s: Syntax, parts: list[Node], role: str, *, widen: bool = True) -> list[Node]:
        """Bring parts to one type: whole numbers widen to decimals, a bare 0 is any money."""
        kinds = {part.kind for part in parts}
        if Kind.MONEY in kinds:
            parts = [_money_zero(part) for part in parts]
            kinds = {part.kind for part in parts}
        if len(kinds) == 1:
            return parts
        if kinds == {Kind.INTEGER, Kind.DECIMAL}:
            return [to_decimal(part) for part in parts] if widen else parts
        words = " and ".join(kind.words for kind in sorted(kinds, key=lambda k: k.value))
        mend = ""
        if Kind.MONEY in kinds and kinds & {Kind.INTEGER, Kind.DECIMAL}:
            mend = "Write money(100) for one hundred units of currency, or major(x) for its number."
        if Kind.DATE in kinds and Kind.TEXT in kinds:
            mend = "Write date('2026-01-31') for a date."
        raise self.fail(s, f"{role} must be of one type, not {words}.", mend)

    # -----------------------------------------------------------------------

    def arity(self, s: Syntax, count: int, given: int | None = None) -> None:
        found = len(s.args) if given is None else given
        if found != count:
            plural = "" if count == 1 else "s"
            raise self.fail(s, f"{s.name} takes {count} argument{plural}, not {found}.", "")


def is_count(node: Node) -> bool:
    return isinstance(node, nodes.Members) and node.op == "count"


def to_decimal(node: Node) -> Node:
    """Widen a whole number; constants are widened in place."""
    if node.kind is Kind.DECIMAL:
        return node
    if isinstance(node, nodes.Literal):
        return replace(node, kind=Kind.DECIMAL, value=Decimal(cast(int, node.value)))
    return nodes.Convert(Kind.DECIMAL, node.line, node.column, node)


def _money_zero(node: Node) -> Node:
    """Read a bare 0 beside money as no money."""
    if isinstance(node, nodes.Literal) and node.kind.is_number and node.value == 0:
        return replace(node, kind=Kind.MONEY, value=0)
    return node
