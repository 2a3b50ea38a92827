"""Which unknown variables can still settle something unknown.

`blame` gives, for a node that came out unknown, the names of unknown variables with the SQL
condition under which each matters. What stands under a branch that is already decided is left out:
where the whole is unknown, no part of an ``&&`` is false and no part of an ``||`` is true, so every
unknown part matters and no known one does.
"""

from __future__ import annotations

from sqlglot import exp

from amana.engine import nodes, sql
from amana.engine.emit import Emitter, is_interval
from amana.engine.nodes import Node
from amana.engine.sql import Expr

#: Unknown variable → condition under which it matters.
Blame = dict[str, Expr]


class Blamer:
    """Name unknown variables for the select an emitter writes for."""

    def __init__(self, emitter: Emitter) -> None:
        self.emitter = emitter

    def blame(self, node: Node, favour: int = 0) -> Blame:
        """Name the unknown variables that can settle a node, given that it is unknown."""
        if isinstance(node, nodes.Variable):
            return {} if node.always_known else {node.path: sql.TRUE}
        if isinstance(node, nodes.Age):
            return {node.path: sql.TRUE}
        if isinstance(node, nodes.Receives):
            return {"person.household": sql.TRUE} if not self.emitter.receives(node).known else {}
        if isinstance(node, nodes.Score):
            return {f"score.{node.model}": sql.TRUE}
        if isinstance(node, nodes.RankShare):
            return self.blame_rank(node)
        if isinstance(node, nodes.Members):
            return self.blame_members(node, favour)
        if isinstance(node, nodes.If):
            condition = self.emitter.value(node.condition)
            found = self.blame_parts([(node.condition, 0)])
            yes = self.blame_parts([(node.yes, favour)])
            no = self.blame_parts([(node.no, favour)])
            merge(found, {k: sql.both(condition.expr, v) for k, v in yes.items()})
            merge(found, {k: sql.both(sql.negate(condition.expr), v) for k, v in no.items()})
            return found
        if isinstance(node, nodes.Compare) and (is_interval(node.left) or is_interval(node.right)):
            return self.blame_interval(node)
        sign = -favour if isinstance(node, nodes.Not) else favour
        parts = [(child, sign) for child in node.children]
        found = self.blame_parts(parts)
        if _may_fail(node):
            # every part is known and the result is not: a zero divisor, or an overflow
            all_known = sql.both(
                *(
                    sql.not_null(v.expr)
                    for v in (self.emitter.value(c) for c, _ in parts)
                    if not v.known
                )
            )
            for child, _ in parts:
                for path in sorted(leaves(child)):
                    merge(found, {path: all_known})
        return found

    def blame_parts(self, parts: list[tuple[Node, int]]) -> Blame:
        """Collect the blame of each part that itself is unknown."""
        found: Blame = {}
        for part, favour in parts:
            value = self.emitter.value(part, favour)
            if value.known:
                continue
            below = self.blame(part, favour)
            unknown = sql.is_null(value.expr)
            merge(found, {name: sql.both(unknown, when) for name, when in below.items()})
        return found

    def blame_rank(self, node: nodes.RankShare) -> Blame:
        score = self.emitter.reach("score", node.model)
        found = {f"score.{node.model}": sql.is_null(score)}
        where = "area" if node.level == "all" else node.level
        found[f"household.{where}" if not self.emitter.person_unit else f"person.{where}"] = (
            sql.not_null(score)
        )
        return found

    def blame_interval(self, node: nodes.Compare) -> Blame:
        found: Blame = {}
        for side, other in ((node.left, node.right), (node.right, node.left)):
            if isinstance(side, nodes.Age) and self.emitter.constant(other) is not None:
                found[side.path] = sql.TRUE
            elif isinstance(side, nodes.Age):
                # an exact age can be no reason, unless it is missing on the other side too
                low, high = self.emitter.age_bounds(side)
                exact = exp.NullSafeNEQ(this=low, expression=high)
                merge(found, {side.path: sql.either(exact, sql.is_null(low))})
            elif isinstance(side, nodes.Members):
                low, high, known = self.emitter.count_bounds(side, 0)
                if not known:
                    merge(found, self.blame_members(side, 0))
            else:
                merge(found, self.blame_parts([(side, 0)]))
        return found

    def blame_members(self, node: nodes.Members, favour: int) -> Blame:
        """Name the members' variables by the bits the scan kept for each."""
        found: Blame = {}
        if self.emitter.person_unit:
            found["person.household"] = sql.is_null(self.emitter.reach("person", "group_id"))
        inner = Blamer(self.emitter.inner())
        if node.op in ("exists", "all", "count"):
            sign = favour if node.op != "all" else -favour
            below = inner.blame_parts(
                [(part, sign) for part in (node.where, node.body) if part is not None]
            )
            tested = self.emitter.tested(node, favour)
            unknown = sql.is_null(tested.expr)
            if tested.known:
                return found
        else:
            unknown = self.emitter.total_unknown(node).expr
            below = inner.blame_parts(
                [(part, 0) for part in (node.where, node.body) if part is not None]
            )
            if node.op in ("min", "max"):
                bits = self.emitter.scan.truth(unknown, known=True)
                found["members"] = sql.negate(self.emitter.bit(bits, bits.true))
        if len(below) == 1 and node.op in ("exists", "all", "sum"):
            found[next(iter(below))] = sql.TRUE
            if self.emitter.person_unit:
                found[next(iter(below))] = sql.not_null(self.emitter.reach("person", "group_id"))
            return found
        for name, when in below.items():
            bits = self.emitter.scan.truth(sql.both(unknown, when), known=False)
            found[name] = self.emitter.bit(bits, bits.true)
        return found


def leaves(node: Node) -> set[str]:
    """Name the recorded variables a node reads."""
    found: set[str] = set()
    for part in nodes.walk(node):
        if isinstance(part, nodes.Variable | nodes.Age):
            found.add(part.path)
        elif isinstance(part, nodes.Score | nodes.RankShare):
            found.add(f"score.{part.model}")
    return found


def _may_fail(node: Node) -> bool:
    if isinstance(node, nodes.Arithmetic):
        return True
    return isinstance(node, nodes.Convert) or (isinstance(node, nodes.Call) and node.name == "ln")


def merge(into: Blame, more: Blame) -> None:
    """Add conditions to those already there, by name."""
    for name, when in more.items():
        into[name] = sql.either(into[name], when) if name in into else when
