"""Text of a rule → syntax tree, with line and column on every node.

The grammar is cel-python's; its evaluator is not used. Length and depth are capped here, so that
nothing later has to fear a hostile rule.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from amana.engine.errors import RuleError

MAX_CHARACTERS = 4000
MAX_DEPTH = 60

_BINARY = {
    "relation_lt": "<",
    "relation_le": "<=",
    "relation_gt": ">",
    "relation_ge": ">=",
    "relation_eq": "==",
    "relation_ne": "!=",
    "relation_in": "in",
    "addition_add": "+",
    "addition_sub": "-",
    "multiplication_mul": "*",
    "multiplication_div": "/",
    "multiplication_mod": "%",
}
_RESERVED = frozenset(
    (
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let"),
        *("loop", "package", "namespace", "return", "var", "void", "while"),
    )
)


@dataclass(frozen=True, slots=True)
class Syntax:
    """One node as written: `op` says which, `name`/`value` its own text, `args` its children.

    ops: ``literal`` (value), ``ident`` (name), ``field`` (target; name), ``method`` (target and
    arguments; name), ``function`` (arguments; name), ``list``, ``!``, ``neg``, ``&&``, ``||``
    (any number of children), ``?`` (three children) and the binary operators.
    """

    op: str
    line: int
    column: int
    args: tuple[Syntax, ...] = ()
    name: str = ""
    value: bool | int | Decimal | str | None = None


def parse(text: str, *, field: str | None = None) -> Syntax:
    """Parse one rule.

    Args:
        text: the rule.
        field: which rule it is, for the error.
    Raises: RuleError with line, column and caret.
    """
    if len(text) > MAX_CHARACTERS:
        raise RuleError(
            f"The rule is {len(text)} characters long; at most {MAX_CHARACTERS} are allowed.",
            text=text,
            field=field,
            mend="Divide it into several criteria.",
            code="RULE_TOO_LARGE",
        )
    if not text.strip():
        raise RuleError("The rule is empty.", text=text, field=field, mend="Write a rule in CEL.")
    from celpy.celparser import CELParseError, CELParser

    try:
        tree = CELParser().parse(text)
    except CELParseError as refused:
        raise _syntax_error(refused, text, field) from None
    return _Reader(text, field).read(tree, 0)


def _syntax_error(refused: Any, text: str, field: str | None) -> RuleError:
    line, column = refused.line, refused.column
    if not isinstance(line, int) or not isinstance(column, int) or line < 1:
        lines = text.splitlines() or [""]
        line, column = len(lines), len(lines[-1]) + 1
        message = "The rule ends too early."
        mend = "Close what was opened: brackets, quotes, or an operator waiting for its other side."
        return RuleError(message, text=text, line=line, column=column, field=field, mend=mend)
    rest = (text.splitlines() or [""])[line - 1][column - 1 :]
    found = re.match(r"\w+|&&|\|\||[<>=!]=|.", rest)
    word = found.group(0) if found else "the end of the rule"
    mends = {
        "=": "Write == to compare.",
        "&": "Write && for and.",
        "|": "Write || for or.",
        "and": "Write && for and.",
        "or": "Write || for or.",
        "not": "Write ! for not.",
        "'": "Close the quotation mark.",
        '"': "Close the quotation mark.",
    }
    mend = mends.get(word, "Check what stands just before the caret, and the brackets.")
    shown = f"“{word}”" if found else word
    return RuleError(
        f"The rule cannot be read from {shown} on.",
        text=text,
        line=line,
        column=column,
        field=field,
        mend=mend,
    )


class _Reader:
    def __init__(self, text: str, field: str | None) -> None:
        self.text = text
        self.field = field

    def fail(self, node: Any, message: str, mend: str, code: str | None = None) -> RuleError:
        line, column = _place(node)
        return RuleError(
            message,
            text=self.text,
            line=line,
            column=column,
            field=self.field,
            mend=mend,
            code=code,
        )

    def read(self, tree: Any, depth: int) -> Syntax:
        if depth > MAX_DEPTH:
            raise self.fail(
                tree,
                f"The rule is nested more than {MAX_DEPTH} deep.",
                "Divide it into several criteria.",
                "RULE_TOO_LARGE",
            )
        node = _inner(tree)
        line, column = _place(node)
        kind = node.data
        below = depth + 1
        if kind == "literal":
            return self.literal(node.children[0], line, column)
        if kind in ("ident", "dot_ident"):
            return Syntax("ident", line, column, name=self.word(node.children[0]))
        if kind in ("ident_arg", "dot_ident_arg"):
            args = self.arguments(node.children[1:], below)
            return Syntax("function", line, column, args, name=self.word(node.children[0]))
        if kind == "member_dot":
            target = self.read(node.children[0], below)
            word = node.children[1]
            return Syntax("field", word.line, word.column, (target,), name=self.word(word))
        if kind == "member_dot_arg":
            target = self.read(node.children[0], below)
            word = node.children[1]
            args = (target, *self.arguments(node.children[2:], below))
            return Syntax("method", word.line, word.column, args, name=self.word(word))
        if kind == "list_lit":
            return Syntax("list", line, column, self.arguments(node.children, below))
        if kind == "unary":
            op = "!" if node.children[0].data == "unary_not" else "neg"
            return Syntax(op, line, column, (self.read(node.children[1], below),))
        if kind == "expr":
            parts = tuple(self.read(child, below) for child in node.children)
            return Syntax("?", line, column, parts)
        if kind in ("conditionalor", "conditionaland"):
            op = "||" if kind == "conditionalor" else "&&"
            chain = tuple(self.read(child, below) for child in _chain(node))
            return Syntax(op, line, column, chain)
        if kind in ("relation", "addition", "multiplication"):
            return self.binary(node, below)
        mends = {
            "member_index": "Lists cannot be indexed; use exists, all, filter, min or max.",
            "map_lit": "Maps are not part of the language; use ?: for a choice.",
            "member_object": "Messages are not part of the language.",
        }
        raise self.fail(node, "This part of CEL is not in Amana's language.", mends.get(kind, ""))

    def binary(self, node: Any, depth: int) -> Syntax:
        head, right = node.children
        left = self.read(head.children[0], depth)
        second = self.read(right, depth)
        return Syntax(_BINARY[head.data], left.line, left.column, (left, second))

    def arguments(self, children: list[Any], depth: int) -> tuple[Syntax, ...]:
        if not children:
            return ()
        return tuple(self.read(child, depth) for child in children[0].children)

    def word(self, token: Any) -> str:
        if str(token) in _RESERVED:
            raise self.fail(token, f"“{token}” is a reserved word of CEL.", "Use another name.")
        return str(token)

    def literal(self, token: Any, line: int, column: int) -> Syntax:
        text = str(token)
        value: bool | int | Decimal | str
        if token.type == "BOOL_LIT":
            value = text == "true"
        elif token.type == "INT_LIT":
            value = int(text, 16) if "0x" in text.lower() else int(text)
            if not -(2**63) <= value < 2**63:
                raise self.fail(token, "This whole number is too large.", "Use at most 18 digits.")
        elif token.type == "FLOAT_LIT":
            value = self.decimal(token, text)
        elif token.type in ("STRING_LIT", "MLSTRING_LIT"):
            value = self.string(token, text)
        elif token.type == "NULL_LIT":
            raise self.fail(
                token,
                "There is no null: what is not recorded is unknown.",
                "Ask with known(x) whether a value is there.",
            )
        else:
            raise self.fail(token, f"“{text}” is of a type the language does not have.", "")
        return Syntax("literal", line, column, value=value)

    def decimal(self, token: Any, text: str) -> Decimal:
        try:
            value = Decimal(text)
        except InvalidOperation:
            raise self.fail(token, "This number cannot be read.", "Write it as 0.5.") from None
        exponent = value.as_tuple().exponent
        if not isinstance(exponent, int) or -exponent > 6 or abs(value) >= 10**12:
            raise self.fail(
                token,
                "This decimal number has too many digits.",
                "Use at most 12 digits before the point and 6 after it.",
            )
        return value

    def string(self, token: Any, text: str) -> str:
        try:
            value = ast.literal_eval(text)
        except (SyntaxError, ValueError):
            raise self.fail(token, "This text cannot be read.", "Check the backslashes.") from None
        if not isinstance(value, str) or "\x00" in value:
            raise self.fail(token, "This text cannot be used.", "Remove the zero character.")
        return value


def _inner(node: Any) -> Any:
    while True:
        children = node.children
        if node.data == "paren_expr" or (
            len(children) == 1
            and node.data not in ("literal", "ident", "ident_arg", "list_lit")
            and hasattr(children[0], "data")
            and node.data not in ("dot_ident", "dot_ident_arg")
        ):
            node = children[0]
            continue
        return node


def _chain(node: Any) -> list[Any]:
    """Flatten ``a && b && c``, which the grammar nests to the left, without recursion."""
    kind = node.data
    parts: list[Any] = []
    while node.data == kind and len(node.children) == 2:
        parts.append(node.children[1])
        node = node.children[0]
    parts.append(node)
    return parts[::-1]


def _place(node: Any) -> tuple[int, int]:
    meta = getattr(node, "meta", node)
    return getattr(meta, "line", 1) or 1, getattr(meta, "column", 1) or 1
