"""Syntax tree → typed tree: every name looked up, every type checked, mistakes pointed at."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as Choice
from typing import cast

from amana.engine import nodes
from amana.engine.errors import nearest
from amana.engine.grounds import Grounds, Names, is_count, to_decimal
from amana.engine.nodes import Node
from amana.engine.parse import Syntax, parse
from amana.engine.rules import Model
from amana.engine.schema import HIDDEN, Kind

MACROS = ("exists", "all", "exists_one", "filter", "map", "count", "sum", "min", "max", "size")
FUNCTIONS = (
    *("min", "max", "abs", "floor", "ceil", "round", "ln", "div"),
    *("decimal", "double", "money", "major", "date", "known", "receives", "size"),
)
WORDS = ("members", "household", "group", "person", "area", "param", "score")


def resolve(text: str, names: Names, *, field: str | None = None) -> Node:
    """Parse and type one rule.

    Raises: RuleError at the first mistake, with line, column, caret and a mend.
    """
    return _Resolver(text, names, field).node(parse(text, field=field))


@dataclass(frozen=True)
class _Source:
    """The list a macro works on: members, after filters and a map."""

    where: Node | None = None
    mapped: Node | None = None


class _Resolver(Grounds):
    # -- nodes ---

    def node(self, s: Syntax) -> Node:
        handlers: dict[str, Callable[[Syntax], Node]] = {
            "literal": self.literal,
            "ident": self.ident,
            "field": self.field_access,
            "method": self.method,
            "function": self.function,
            "!": self.negation,
            "neg": self.minus,
            "&&": self.logic,
            "||": self.logic,
            "?": self.choice,
            "in": self.membership,
            "list": self.stray_list,
        }
        if s.op in handlers:
            return handlers[s.op](s)
        if s.op in ("==", "!=", "<", "<=", ">", ">="):
            return self.comparison(s)
        return self.arithmetic(s)

    def literal(self, s: Syntax) -> Node:
        kinds: dict[type, Kind] = {
            bool: Kind.BOOLEAN,
            int: Kind.INTEGER,
            Decimal: Kind.DECIMAL,
            str: Kind.TEXT,
        }
        assert s.value is not None
        return nodes.Literal(kinds[type(s.value)], s.line, s.column, s.value)

    def stray_list(self, s: Syntax) -> Node:
        raise self.fail(
            s,
            "A list stands only after in.",
            "Write x in ['a', 'b'].",
        )

    def ident(self, s: Syntax) -> Node:
        if s.name in WORDS or s.name in self.bound:
            example = {
                "members": "members.exists(m, m.age < 18)",
                "score": "score.pmt.value",
                "param": "param.age_limit",
            }.get(s.name, f"{s.name}.area_code")
            raise self.fail(s, f"{s.name} alone is not a value.", f"Write for example {example}.")
        known = [*WORDS, *self.bound, *FUNCTIONS]
        if self.column(s, "household") or self.column(s, "person"):
            scope = "household" if self.column(s, "household") else "person"
            raise self.fail(
                s,
                f"There is no name {s.name}.",
                f"Did you mean {scope}.{s.name}?",
                "RULE_UNKNOWN_NAME",
            )
        raise self.unknown_name(s, "name", known, s.name)

    def scope_of(self, s: Syntax) -> nodes.Scope | None:
        """Tell which row an identifier stands for, or None when it is not one."""
        if s.op != "ident":
            return None
        if s.name in self.bound:
            return "member"
        if s.name in ("household", "group"):
            return "household"
        if s.name == "person":
            if self.names.unit != "person":
                raise self.fail(
                    s,
                    f"This rule is about a {self.names.unit}, so there is no person.",
                    "Use members.exists(m, …) or household.….",
                    "RULE_UNKNOWN_NAME",
                )
            if self.bound:
                raise self.fail(
                    s,
                    "person cannot be read inside a macro over members.",
                    "Compute the condition on the person outside the macro.",
                )
            return "person"
        if s.name == "area":
            return "area"
        return None

    def field_access(self, s: Syntax) -> Node:
        target = s.args[0]
        scope = self.scope_of(target)
        if scope is not None:
            return self.variable(s, scope)
        if target.op == "ident" and target.name == "param":
            found = self.names.parameters.get(s.name)
            if found is None:
                known = self.names.parameters
                raise self.unknown_name(s, "parameter", known, f"param.{s.name}")
            return nodes.Parameter(found.kind, s.line, s.column, s.name)
        if target.op == "field" and target.args[0].op == "ident" and target.args[0].name == "score":
            self.score_model(target)
            if s.name == "value":
                return nodes.Score(Kind.DECIMAL, s.line, s.column, target.name)
            raise self.unknown_name(s, "field", ["value", "rank_share"], f"score.….{s.name}")
        if target.op == "ident" and target.name == "score":
            self.score_model(s)
            raise self.fail(s, "A score alone is not a value.", f"Write score.{s.name}.value.")
        if target.op == "ident":
            self.ident(target)
        raise self.fail(s, f"Nothing here has a field {s.name}.", "")

    def score_model(self, s: Syntax) -> Model:
        if self.bound:
            raise self.fail(s, "A score cannot be read inside a macro over members.", "")
        for model in self.names.models:
            if model.code == s.name:
                if self.names.unit not in (model.of, "person"):
                    raise self.fail(
                        s,
                        f"The model {s.name} scores a {model.of}; this rule is about a "
                        f"{self.names.unit}.",
                        f"Use a model of the {self.names.unit}.",
                    )
                return model
        known = [model.code for model in self.names.models]
        raise self.unknown_name(s, "model", known, f"score.{s.name}")

    def variable(self, s: Syntax, scope: nodes.Scope) -> Node:
        if s.name == "age" and scope in ("person", "member"):
            return nodes.Age(Kind.INTEGER, s.line, s.column, scope)
        column = self.column(s, scope)
        if column is None:
            table = self.names.schema.table(nodes.TABLE_OF[scope])
            known = [name for name in table if name not in HIDDEN]
            if scope in ("person", "member"):
                known.append("age")
            word = s.args[0].name
            raise self.unknown_name(s, "variable", known, f"{word}.{s.name}")
        # A person may have no household, and a household no area: known only on their own row.
        sure = column.known and (
            scope in ("person", "member") or (scope == "household" and self.names.unit != "person")
        )
        return nodes.Variable(column.kind, s.line, s.column, scope, s.name, sure)

    # -- logic ----------------------------------------------------------------------------

    def negation(self, s: Syntax) -> Node:
        part = self.expect(self.node(s.args[0]), (Kind.BOOLEAN,), "What follows !")
        return nodes.Not(Kind.BOOLEAN, s.line, s.column, part)

    def logic(self, s: Syntax) -> Node:
        parts = tuple(
            self.expect(self.node(arg), (Kind.BOOLEAN,), f"Each side of {s.op}") for arg in s.args
        )
        op = cast(Choice["&&", "||"], s.op)
        return nodes.Logic(Kind.BOOLEAN, s.line, s.column, op, parts)

    def choice(self, s: Syntax) -> Node:
        condition = self.expect(self.node(s.args[0]), (Kind.BOOLEAN,), "What stands before ?")
        yes, no = self.alike(s, [self.node(s.args[1]), self.node(s.args[2])], "Both branches")
        return nodes.If(yes.kind, s.line, s.column, condition, yes, no)

    def comparison(self, s: Syntax) -> Node:
        left, right = self.node(s.args[0]), self.node(s.args[1])
        left, right = self.alike(s, [left, right], f"Both sides of {s.op}", widen=False)
        op = cast(Choice["==", "!=", "<", "<=", ">", ">="], s.op)
        if op not in ("==", "!=") and not left.kind.is_ordered:
            raise self.fail(
                s,
                f"{left.kind.words.capitalize()} has no order, so {op} has no sense.",
                "Compare with == or !=.",
            )
        if left.kind is Kind.LIST:
            raise self.fail(s, "Lists cannot be compared.", "Use receives('code').")
        self.check_codes(left, right)
        self.check_codes(right, left)
        return nodes.Compare(Kind.BOOLEAN, s.line, s.column, op, left, right)

    def membership(self, s: Syntax) -> Node:
        part = self.node(s.args[0])
        listed = s.args[1]
        if listed.op != "list":
            raise self.fail(listed, "What follows in must be a list.", "Write x in ['a', 'b'].")
        if not listed.args:
            raise self.fail(listed, "The list is empty.", "Name at least one value.")
        items = []
        for arg in listed.args:
            item = self.node(arg)
            if not isinstance(item, nodes.Literal | nodes.Parameter):
                raise self.fail(item, "A list holds only constants and parameters.", "")
            one, item = self.alike(arg, [part, item], "All values of the list", widen=False)
            self.check_codes(one, item)
            items.append(item)
        if isinstance(part, nodes.Age) or is_count(part):
            tests: list[Node] = [
                nodes.Compare(Kind.BOOLEAN, s.line, s.column, "==", part, item) for item in items
            ]
            if len(tests) == 1:
                return tests[0]
            return nodes.Logic(Kind.BOOLEAN, s.line, s.column, "||", tuple(tests))
        return nodes.In(Kind.BOOLEAN, s.line, s.column, part, tuple(items))

    def minus(self, s: Syntax) -> Node:
        part = self.node(s.args[0])
        self.expect(part, (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY), "What follows -")
        zero = nodes.Literal(part.kind, s.line, s.column, 0)
        return nodes.Arithmetic(part.kind, s.line, s.column, "-", zero, part)

    def arithmetic(self, s: Syntax) -> Node:
        left, right = self.node(s.args[0]), self.node(s.args[1])
        for side in (left, right):
            self.expect(side, (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY), f"Each side of {s.op}")
        op = cast(Choice["+", "-", "*", "/", "%", "div"], s.op)
        kind = self.arithmetic_kind(s, op, left, right)
        if op in ("+", "-"):
            left, right = self.alike(s, [left, right], f"Both sides of {op}")
        return nodes.Arithmetic(kind, s.line, s.column, op, left, right)

    def arithmetic_kind(self, s: Syntax, op: str, left: Node, right: Node) -> Kind:
        money = [side.kind is Kind.MONEY for side in (left, right)]
        whole = left.kind is right.kind is Kind.INTEGER
        if op in ("+", "-"):
            if any(money):
                return Kind.MONEY
            return Kind.INTEGER if whole else Kind.DECIMAL
        if op == "%":
            if not whole:
                raise self.fail(s, "% is for whole numbers.", "Use floor(x) first.")
            return Kind.INTEGER
        if op == "*":
            if all(money):
                raise self.fail(s, "Money times money has no meaning.", "")
            if any(money):
                return Kind.MONEY
            return Kind.INTEGER if whole else Kind.DECIMAL
        if whole:
            raise self.fail(
                s,
                "A whole number divided by a whole number could lose its rest.",
                "Write decimal(a) / b for the exact share, or div(a, b) to drop the rest.",
                "RULE_INTEGER_DIVISION",
            )
        if all(money):
            return Kind.DECIMAL
        if money[1]:
            raise self.fail(s, "A number divided by money has no meaning.", "")
        return Kind.MONEY if money[0] else Kind.DECIMAL

    # -- functions ------------------------------------------------------------------------

    def function(self, s: Syntax) -> Node:
        name, args = s.name, s.args
        if name == "size" and len(args) == 1:
            return self.count(s, self.source(args[0]), None)
        if name == "receives":
            scope: nodes.Scope = "person" if self.names.unit == "person" else "household"
            if self.bound and scope == "person":
                raise self.fail(s, "Inside a macro say whose: m.receives('code').", "")
            return self.receives(s, scope, args)
        if name == "date":
            return self.date(s)
        if name == "known":
            self.arity(s, 1)
            return nodes.Known(Kind.BOOLEAN, s.line, s.column, self.node(args[0]))
        if name in ("min", "max"):
            if len(args) < 2:
                raise self.fail(s, f"{name} needs two values or more.", "")
            parts = self.alike(s, [self.node(arg) for arg in args], "All values")
            if not parts[0].kind.is_ordered:
                raise self.fail(s, f"{name} is for numbers, money and dates.", "")
            return nodes.Call(parts[0].kind, s.line, s.column, name, tuple(parts))
        if name in ("decimal", "double", "money", "major"):
            return self.conversion(s)
        if name == "div":
            self.arity(s, 2)
            left, right = (
                self.expect(self.node(arg), (Kind.INTEGER,), "div's argument") for arg in args
            )
            return nodes.Arithmetic(Kind.INTEGER, s.line, s.column, "div", left, right)
        if name in ("abs", "floor", "ceil", "ln", "round"):
            return self.number_function(s)
        if name in MACROS:
            raise self.fail(s, f"{name} is asked of a list.", f"Write members.{name}(m, …).")
        raise self.unknown_name(s, "function", FUNCTIONS, f"{name}()")

    def number_function(self, s: Syntax) -> Node:
        if s.name == "round":
            self.arity(s, 2)
            digits = self.node(s.args[1])
            valid = isinstance(digits, nodes.Literal) and digits.kind is Kind.INTEGER
            if not valid or not 0 <= cast(int, cast(nodes.Literal, digits).value) <= 6:
                raise self.fail(digits, "round keeps 0 to 6 digits, written as a number.", "")
            part = to_decimal(
                self.expect(self.node(s.args[0]), (Kind.INTEGER, Kind.DECIMAL), "round's argument")
            )
            count = cast(int, cast(nodes.Literal, digits).value)
            return nodes.Call(Kind.DECIMAL, s.line, s.column, "round", (part,), count)
        self.arity(s, 1)
        part = self.node(s.args[0])
        if s.name == "abs":
            self.expect(part, (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY), "abs's argument")
            return nodes.Call(part.kind, s.line, s.column, "abs", (part,))
        self.expect(part, (Kind.INTEGER, Kind.DECIMAL), f"{s.name}'s argument")
        kind = Kind.DECIMAL if s.name == "ln" else Kind.INTEGER
        return nodes.Call(kind, s.line, s.column, s.name, (to_decimal(part),))

    def conversion(self, s: Syntax) -> Node:
        self.arity(s, 1)
        part = self.node(s.args[0])
        if s.name == "major":
            self.expect(part, (Kind.MONEY,), "major's argument")
            return nodes.Convert(Kind.DECIMAL, s.line, s.column, part)
        self.expect(part, (Kind.INTEGER, Kind.DECIMAL), f"{s.name}'s argument")
        if s.name == "money":
            return nodes.Convert(Kind.MONEY, s.line, s.column, to_decimal(part))
        return to_decimal(part)

    def date(self, s: Syntax) -> Node:
        self.arity(s, 1)
        arg = s.args[0]
        if arg.op != "literal" or not isinstance(arg.value, str):
            raise self.fail(arg, "date needs a text.", "Write date('2026-01-31').")
        try:
            day = dt.date.fromisoformat(arg.value)
        except ValueError:
            raise self.fail(
                arg, f"{arg.value!r} is not a date.", "Write year-month-day: date('2026-01-31')."
            ) from None
        return nodes.Literal(Kind.DATE, s.line, s.column, day)

    def receives(self, s: Syntax, scope: nodes.Scope, args: tuple[Syntax, ...]) -> Node:
        self.arity(s, 1, len(args))
        code = args[0].value if args[0].op == "literal" else None
        if not isinstance(code, str):
            raise self.fail(
                args[0], "receives needs a programme's code.", "Write receives('orphans-grant')."
            )
        known = self.names.schema.programmes
        if known and code not in known:
            near = nearest(code, known)
            raise self.fail(
                args[0],
                f"There is no programme {code!r}.",
                f"Did you mean {near!r}?" if near else f"Known: {', '.join(known)}.",
                "RULE_UNKNOWN_NAME",
            )
        return nodes.Receives(Kind.BOOLEAN, s.line, s.column, scope, code)

    # -- methods and macros ---------------------------------------------------------------

    def method(self, s: Syntax) -> Node:
        target, args = s.args[0], s.args[1:]
        if s.name == "rank_share":
            return self.rank_share(s, target, args)
        scope = self.scope_of(target)
        if scope is not None:
            if s.name == "receives" and scope != "area":
                return self.receives(s, scope, args)
            raise self.unknown_name(s, "method", ["receives"], f"{target.name}.{s.name}()")
        if s.name in ("startsWith", "endsWith", "contains"):
            return self.text_method(s)
        if s.name not in MACROS:
            raise self.unknown_name(s, "method", [*MACROS, "receives"], f"{s.name}()")
        return self.macro(s, self.source(target), args)

    def text_method(self, s: Syntax) -> Node:
        self.arity(s, 1, len(s.args) - 1)
        parts = tuple(
            self.expect(self.node(arg), (Kind.TEXT,), f"{s.name}'s sides") for arg in s.args
        )
        return nodes.Call(Kind.BOOLEAN, s.line, s.column, s.name, parts)

    def rank_share(self, s: Syntax, target: Syntax, args: tuple[Syntax, ...]) -> Node:
        if target.op != "field" or target.args[0].name != "score":
            raise self.fail(s, "rank_share is asked of a score.", "Write score.pmt.rank_share(…).")
        self.score_model(target)
        self.arity(s, 1, len(args))
        level = args[0].value if args[0].op == "literal" else None
        levels = (*self.names.schema.levels, "all")
        if not isinstance(level, str) or level not in levels:
            near = nearest(str(level), levels)
            raise self.fail(
                args[0],
                f"There is no area level {level!r}.",
                f"Did you mean {near!r}?" if near else f"Levels: {', '.join(levels)}.",
                "RULE_UNKNOWN_NAME",
            )
        return nodes.RankShare(Kind.DECIMAL, s.line, s.column, target.name, level)

    def source(self, s: Syntax) -> _Source:
        if s.op == "ident" and s.name == "members":
            if self.bound:
                raise self.fail(
                    s,
                    "A macro over members cannot stand inside another one.",
                    "Divide the rule into two criteria.",
                )
            return _Source()
        if s.op == "method" and s.name in ("filter", "map"):
            source = self.source(s.args[0])
            if source.mapped is not None:
                raise self.fail(s, f"{s.name} cannot follow map.", "Filter first, then map.")
            args = s.args[1:]
            if s.name == "map" and len(args) == 3:
                source = _Source(self.both(source.where, self.body(s, args[:2], (Kind.BOOLEAN,))))
                args = (args[0], args[2])
            self.arity(s, 2, len(args))
            if s.name == "filter":
                return _Source(self.both(source.where, self.body(s, args, (Kind.BOOLEAN,))))
            return _Source(source.where, self.body(s, args, None))
        if s.op == "ident":
            near = nearest(s.name, ["members"])
            raise self.fail(
                s,
                f"{s.name} is not a list.",
                "Did you mean members?" if near else "Write members.exists(m, …).",
                "RULE_UNKNOWN_NAME",
            )
        raise self.fail(s, "This is not a list of members.", "Write members.exists(m, …).")

    def both(self, first: Node | None, second: Node) -> Node:
        if first is None:
            return second
        return nodes.Logic(Kind.BOOLEAN, second.line, second.column, "&&", (first, second))

    def body(self, s: Syntax, args: tuple[Syntax, ...], kinds: tuple[Kind, ...] | None) -> Node:
        if args[0].op != "ident" or args[0].name in WORDS:
            raise self.fail(
                args[0], "A macro begins with a name for the member.", f"Write {s.name}(m, …)."
            )
        self.bound = (*self.bound, args[0].name)
        try:
            body = self.node(args[1])
        finally:
            self.bound = self.bound[:-1]
        return body if kinds is None else self.expect(body, kinds, f"The condition of {s.name}")

    def macro(self, s: Syntax, source: _Source, args: tuple[Syntax, ...]) -> Node:
        name = s.name
        if name in ("filter", "map"):
            raise self.fail(
                s, f"{name} gives a list, not a value.", f"Add .size() or .exists(k, …) to {name}."
            )
        if name == "size" or (name == "count" and not args):
            self.arity(s, 0, len(args))
            return self.count(s, source, None)
        if source.mapped is not None and not args and name in ("sum", "min", "max"):
            return self.total(s, source.where, source.mapped)
        if source.mapped is not None:
            raise self.fail(s, f"{name} cannot follow map.", "Only sum(), min() and max() can.")
        self.arity(s, 2, len(args))
        if name in ("sum", "min", "max"):
            return self.total(s, source.where, self.body(s, args, None))
        test = self.body(s, args, (Kind.BOOLEAN,))
        if name == "count":
            return self.count(s, source, test)
        if name == "exists_one":
            one = nodes.Literal(Kind.INTEGER, s.line, s.column, 1)
            count = self.count(s, source, test)
            return nodes.Compare(Kind.BOOLEAN, s.line, s.column, "==", count, one)
        op = cast(Choice["exists", "all"], name)
        return nodes.Members(Kind.BOOLEAN, s.line, s.column, op, source.where, test)

    def count(self, s: Syntax, source: _Source, test: Node | None) -> Node:
        parts = [part for part in (source.where, test) if part is not None]
        body: Node
        if not parts:
            body = nodes.Literal(Kind.BOOLEAN, s.line, s.column, True)
        else:
            body = parts[0] if len(parts) == 1 else self.both(parts[0], parts[1])
        return nodes.Members(Kind.INTEGER, s.line, s.column, "count", None, body)

    def total(self, s: Syntax, where: Node | None, body: Node) -> Node:
        kinds: tuple[Kind, ...] = (Kind.INTEGER, Kind.DECIMAL, Kind.MONEY)
        if s.name in ("min", "max"):
            kinds = (*kinds, Kind.DATE)
        self.expect(body, kinds, f"What {s.name} works on")
        op = cast(Choice["sum", "min", "max"], s.name)
        return nodes.Members(body.kind, s.line, s.column, op, where, body)
