"""How one answer of a file is read: DuckDB expressions for its value and for what is wrong with it.

Each answer becomes an `Answer`: the SQL of its raw text, the SQL of its typed value, and the checks
that refuse it. Expressions are only ever built from quoted headings and quoted literals.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from amana.intake.files import literal, quoted
from amana.intake.mapping import Value
from amana.kernel.text_source import some
from amana.registry.dictionary import Dictionary, Variable

TEXT_CHARACTERS_MAX: Final = 2_000
NUMBER: Final = "DECIMAL(28, 6)"
YES: Final = ("true", "yes", "y", "1", "t")
NO: Final = ("false", "no", "n", "0", "f")
_DIGIT_FIRST: Final = r"'^[0-9]{4}-'"


@dataclass(frozen=True, slots=True)
class Check:
    """One reason to refuse a row.

    Args:
        when: SQL condition over the inner columns; never null.
        column: heading of the column, for the errors file.
        value: SQL of the value as the file wrote it.
        code: stable code of the refusal.
        reason: SQL of the words that say what was wrong.
        mend: how to mend it.
    """

    when: str
    column: str
    value: str
    code: str
    reason: str
    mend: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as two inner columns, `r_<name>` (raw) and `t_<name>` (typed), and its checks."""

    name: str
    raw: str
    typed: str
    checks: tuple[Check, ...] = ()

    @property
    def inner(self) -> str:
        """The columns of the inner query."""
        return f"{self.raw} AS {quoted('r_' + self.name)}"

    @property
    def r(self) -> str:
        """The raw text, as a column."""
        return quoted("r_" + self.name)

    @property
    def t(self) -> str:
        """The typed value, as a column."""
        return quoted("t_" + self.name)


class Expressions:
    """Makes answers for the columns of one mapping.

    Args:
        missing: texts that mean "no answer".
        minor_digits: digits of the currency's smallest unit.
    """

    def __init__(self, missing: Sequence[str], minor_digits: int) -> None:
        self.missing = tuple(missing)
        self.minor_digits = minor_digits

    def clean(self, column: str) -> str:
        """The trimmed text of a column; null when it means no answer."""
        text = f"trim({quoted(column)})"
        if not self.missing:
            return f"nullif({text}, '')"
        words = ", ".join(literal(word) for word in ("", *self.missing))
        return f"CASE WHEN {text} NOT IN ({words}) THEN {text} END"

    def raw(self, value: Value | None) -> str:
        """The text of an answer as the file wrote it."""
        if value is None:
            return "NULL::VARCHAR"
        if value.column is None:
            return literal(value.constant or "")
        return self.clean(value.column)

    def text(self, name: str, value: Value | None, longest: int = 200) -> Answer:
        """A free text, refused when it is longer than its place."""
        answer = Answer(name, self.raw(value), f'"r_{name}"')
        if value is None or value.column is None:
            return answer
        check = Check(
            f"coalesce(length({answer.r}) > {longest}, false)",
            value.column,
            answer.r,
            "TEXT_TOO_LONG",
            f"'The text has ' || length({answer.r}) || ' characters.'",
            f"At most {longest} are kept here.",
        )
        return Answer(name, answer.raw, answer.typed, (check,))

    def code(self, name: str, value: Value | None, codes: Iterable[str]) -> Answer:
        """A code of a closed list, through the mapping's own codes when it has any."""
        known = list(codes)
        r = quoted("r_" + name)
        if value is None:
            return Answer(name, "NULL::VARCHAR", "NULL::VARCHAR")
        if value.codes is not None:
            branches = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in value.codes)
            typed, expected = f"CASE {r} {branches} END", [k for k, _ in value.codes]
        else:
            listed = ", ".join(literal(code) for code in known)
            typed, expected = f"CASE WHEN {r} IN ({listed}) THEN {r} END", known
        check = Check(
            f"({r} IS NOT NULL AND {quoted('t_' + name)} IS NULL)",
            value.column or value.key,
            r,
            "CODE_UNKNOWN",
            f"'“' || left({r}, 60) || '” is not among the codes of {_flat(value.key)}.'",
            f"Expected one of: {some(expected)}.",
        )
        return Answer(name, self.raw(value), typed, (check,))

    def date(self, name: str, value: Value | None) -> Answer:
        """A date; ISO 8601 unless the mapping says how it is written."""
        r = quoted("r_" + name)
        if value is None:
            return Answer(name, "NULL::VARCHAR", "NULL::DATE")
        if value.format:
            typed = f"CAST(try_strptime({r}, {literal(value.format)}) AS DATE)"
        else:
            typed = f"TRY_CAST(CASE WHEN regexp_matches({r}, {_DIGIT_FIRST}) THEN {r} END AS DATE)"
        check = Check(
            f"({r} IS NOT NULL AND {quoted('t_' + name)} IS NULL)",
            value.column or value.key,
            r,
            "DATE_UNREADABLE",
            f"'“' || left({r}, 60) || '” is not a date.'",
            f"Write it as {value.format}."
            if value.format
            else "Write it as 2026-03-01, or say `format:` in the mapping.",
        )
        return Answer(name, self.raw(value), typed, (check,))

    def whole(self, name: str, value: Value | None, low: int, high: int, code: str) -> Answer:
        """A whole number within bounds (ages, years)."""
        r, t = quoted("r_" + name), quoted("t_" + name)
        if value is None:
            return Answer(name, "NULL::VARCHAR", "NULL::BIGINT")
        return Answer(
            name,
            self.raw(value),
            _whole(r),
            (
                *_whole_checks(name, value),
                Check(
                    f"coalesce({t} NOT BETWEEN {low} AND {high}, false)",
                    value.column or value.key,
                    r,
                    code,
                    f"'{_flat(value.key)} is ' || {r} || '.'",
                    f"Expected {low} to {high}.",
                ),
            ),
        )

    def variable(
        self, name: str, value: Value, variable: Variable, dictionary: Dictionary
    ) -> Answer:
        """The answer to a variable of the dictionary."""
        kind = variable.type
        if kind == "code":
            return self.code(name, value, dictionary.codes_of(variable.code))
        if kind == "text":
            return self.text(name, value, TEXT_CHARACTERS_MAX)
        if kind == "date":
            return self.date(name, value)
        if kind == "boolean":
            return self._boolean(name, value)
        return self._number(name, value, variable)

    def _coded(self, name: str, value: Value) -> tuple[str, tuple[Check, ...]]:
        """The text after the mapping's codes, for numbers and booleans that are coded."""
        r = quoted("r_" + name)
        if value.codes is None:
            return r, ()
        branches = " ".join(f"WHEN {literal(k)} THEN {literal(v)}" for k, v in value.codes)
        listed = ", ".join(literal(k) for k, _ in value.codes)
        check = Check(
            f"coalesce({r} NOT IN ({listed}), false)",
            value.column or value.key,
            r,
            "CODE_UNKNOWN",
            f"'“' || left({r}, 60) || '” is not among the codes of {_flat(value.key)}.'",
            f"Expected one of: {some(k for k, _ in value.codes)}.",
        )
        return f"CASE {r} {branches} END", (check,)

    def _boolean(self, name: str, value: Value) -> Answer:
        r, t = quoted("r_" + name), quoted("t_" + name)
        text, checks = self._coded(name, value)
        yes = ", ".join(literal(word) for word in YES)
        no = ", ".join(literal(word) for word in NO)
        typed = (
            f"CASE WHEN lower({text}) IN ({yes}) THEN true "
            f"WHEN lower({text}) IN ({no}) THEN false END"
        )
        if not checks:
            checks = (
                Check(
                    f"({r} IS NOT NULL AND {t} IS NULL)",
                    value.column or value.key,
                    r,
                    "BOOLEAN_UNREADABLE",
                    f"'“' || left({r}, 60) || '” is neither yes nor no.'",
                    "Write true or false, yes or no, 1 or 0, or give `codes` in the mapping.",
                ),
            )
        return Answer(name, self.raw(value), typed, checks)

    def _number(self, name: str, value: Value, variable: Variable) -> Answer:
        r, t = quoted("r_" + name), quoted("t_" + name)
        text, checks = self._coded(name, value)
        column = value.column or value.key
        if variable.type == "integer":
            typed = _whole(text)
            if not checks:
                checks = _whole_checks(name, value)
        else:
            if variable.type == "money":
                scale = 10**self.minor_digits
                typed = f"TRY_CAST(round(TRY_CAST({text} AS {NUMBER}) * {scale}) AS BIGINT)"
            else:
                typed = f"TRY_CAST({text} AS DECIMAL(18, 6))"
            if not checks:
                checks = (_unreadable(name, column),)
        low, high = variable.minimum, variable.maximum
        if low is not None or high is not None:
            scale = 10**self.minor_digits if variable.type == "money" else 1
            bounds = []
            if low is not None:
                bounds.append(f"{t} < {low * scale:f}")
            if high is not None:
                bounds.append(f"{t} > {high * scale:f}")
            checks += (
                Check(
                    f"coalesce({' OR '.join(bounds)}, false)",
                    column,
                    r,
                    "NUMBER_OUT_OF_RANGE",
                    f"'{_flat(variable.code)} is ' || {r} || '.'",
                    f"Expected {_bounds(low, high)}.",
                ),
            )
        return Answer(name, self.raw(value), typed, checks)


def json_piece(answer: Answer, variable: Variable, name: str) -> str:
    """Give the SQL of `"name":value` for a JSON object; null when there is no answer."""
    t = answer.t
    if variable.type in ("code", "text"):
        value = f"to_json({t})::VARCHAR"
    elif variable.type == "date":
        value = f"'\"' || CAST({t} AS VARCHAR) || '\"'"
    else:
        value = f"CAST({t} AS VARCHAR)"
    if variable.type == "decimal":
        value = f"rtrim(rtrim({value}, '0'), '.')"
    return f"""'"{_flat(name)}":' || {value}"""


def _whole(text: str) -> str:
    number = f"TRY_CAST({text} AS {NUMBER})"
    return f"CASE WHEN {number} = trunc({number}) THEN TRY_CAST({number} AS BIGINT) END"


def _unreadable(name: str, column: str) -> Check:
    r = quoted("r_" + name)
    return Check(
        f"({r} IS NOT NULL AND {quoted('t_' + name)} IS NULL)",
        column,
        r,
        "NUMBER_UNREADABLE",
        f"'“' || left({r}, 60) || '” is not a number, or has too many digits.'",
        "Write digits, with a point for decimals and nothing for thousands.",
    )


def _whole_checks(name: str, value: Value) -> tuple[Check, ...]:
    r, t = quoted("r_" + name), quoted("t_" + name)
    column = value.column or value.key
    unreadable = _unreadable(name, column)
    number = f"TRY_CAST({r} AS {NUMBER})"
    return (
        Check(
            f"({r} IS NOT NULL AND {t} IS NULL AND {number} IS NULL)",
            column,
            r,
            unreadable.code,
            unreadable.reason,
            unreadable.mend,
        ),
        Check(
            f"({r} IS NOT NULL AND {t} IS NULL AND {number} IS NOT NULL)",
            column,
            r,
            "NUMBER_NOT_WHOLE",
            f"'“' || left({r}, 60) || '” is not a whole number.'",
            "Write a whole number.",
        ),
    )


def _bounds(low: Decimal | None, high: Decimal | None) -> str:
    """Say a range in words, without the noughts that the database keeps."""
    if low is None:
        return f"at most {(high or Decimal(0)).normalize():f}"
    if high is None:
        return f"at least {low.normalize():f}"
    return f"{low.normalize():f} to {high.normalize():f}"


def _flat(text: str) -> str:
    """A word of the mapping inside an SQL literal or a JSON key."""
    return text.replace("'", "''").replace('"', "").replace("\\", "")
