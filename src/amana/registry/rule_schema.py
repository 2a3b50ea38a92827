"""What rules may read, made from the dictionary: the schema of snapshots and rule checks."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from amana.engine.schema import Column, Schema, kind_of
from amana.registry.contributions import contributions
from amana.registry.dictionary import Dictionary, Variable


def rule_schema(
    dictionary: Dictionary,
    *,
    levels: Sequence[str],
    minor_digits: int,
    programmes: Collection[str] = (),
) -> Schema:
    """Give the columns that rules may read and snapshots hold.

    Variables with a value per period and lists of records are left out: rules cannot read them yet.

    Args:
        levels: codes of the area levels, from the top.
        minor_digits: digits of the currency's smallest unit.
        programmes: codes that `receives()` may name; none given, any is accepted.
    """
    people = {v.code: _column(dictionary, v) for v in dictionary.of("person") if v.is_simple}
    groups = {v.code: _column(dictionary, v) for v in dictionary.of("household") if v.is_simple}
    areas = {v.code: _column(dictionary, v) for v in dictionary.of("area") if v.is_simple}
    schema = Schema.build(levels=levels)
    for contribution in contributions("people"):
        if contribution.column not in schema.people:
            people[contribution.column] = Column(kind_of(contribution.type))
    for contribution in contributions("groups"):
        if contribution.column not in schema.groups:
            groups[contribution.column] = Column(kind_of(contribution.type))
    return Schema.build(
        people=people,
        groups=groups,
        areas=areas,
        levels=levels,
        programmes=sorted(programmes),
        minor_digits=minor_digits,
    )


def _column(dictionary: Dictionary, variable: Variable) -> Column:
    title = (
        variable.title.get("")
        or variable.title.get("en")
        or next(iter(variable.title.values()), variable.code)
    )
    return Column(
        kind=kind_of(variable.type), codes=tuple(dictionary.codes_of(variable.code)), title=title
    )
