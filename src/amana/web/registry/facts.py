"""How facts, births and places read: from stored values to words."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from amana.places.models import Area, Country
from amana.registry.models import Group, Membership, Person, Variable
from amana.registry.queries import Fact
from amana.web.words import in_language, say_amount, say_date, say_number

SEXES = {"MALE": _l("male"), "FEMALE": _l("female"), "OTHER": _l("other")}
PRESENCES = {
    "USUAL": _l("lives here"),
    "ABSENT": _l("away, still of the household"),
    "PART": _l("part of the time"),
    "VISITOR": _l("visitor"),
}
GROUP_KINDS = {
    "HOUSEHOLD": _l("Household"),
    "FAMILY": _l("Family"),
    "INSTITUTION": _l("Institution"),
    "OTHER": _l("Group"),
}
BIRTHS_KNOWN = {
    "DOCUMENT": _l("from a document"),
    "STATED_DATE": _l("as stated"),
    "MONTH": _l("the month is known"),
    "YEAR": _l("the year is known"),
    "AGE": _l("from an age"),
    "GUESS": _l("a guess"),
}


def say_value(variable: Variable | None, value: Any, country: Country | None) -> str:
    """Write a fact's value for people; unknown stays “we do not know yet”."""
    if value is None:
        return _("we do not know yet")
    if isinstance(value, dict):  # a value for each period
        parts = sorted(value.items(), reverse=True)
        return "; ".join(f"{period}: {say_value(variable, one, country)}" for period, one in parts)
    if isinstance(value, list):
        return ", ".join(say_value(variable, one, country) for one in value)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if variable is None:
        return str(value)
    if variable.code_list is not None:
        titles = {code["code"]: code["title"] for code in variable.code_list.codes}
        return in_language(titles.get(str(value))) or str(value)
    if variable.type == Variable.Type.DATE:
        try:
            return say_date(date.fromisoformat(str(value)))
        except ValueError:
            return str(value)
    if variable.type == Variable.Type.MONEY:
        if country is None:
            return say_amount(int(value), exact=False)
        return f"{say_amount(int(value), country.minor_digits, exact=False)} {country.currency}"
    if variable.type in {Variable.Type.INTEGER, Variable.Type.DECIMAL}:
        try:
            number = say_number(Decimal(str(value)))
        except InvalidOperation:
            return str(value)
        return f"{number} {variable.unit}".strip()
    return str(value)


def fact_line(fact: Fact, country: Country | None) -> dict[str, Any]:
    """Give a fact as the facts table draws it."""
    title = in_language(fact.variable.title) if fact.variable else ""
    return {
        "code": fact.code,
        "title": title or fact.code,
        "value": say_value(fact.variable, fact.value, country),
        "source": fact.source,
        "submission": fact.submission,
        "on": fact.on,
        "is_stale": fact.is_stale,
    }


def say_birth(person: Person) -> str:
    """Write a birth as far as it is known: a day, or between two days."""
    first, last = person.birth_earliest, person.birth_latest
    if first is None or last is None:
        return ""
    known = BIRTHS_KNOWN.get(person.birth_known, "")
    if first == last:
        words = say_date(first)
    else:
        words = _("between %(a)s and %(b)s") % {"a": say_date(first), "b": say_date(last)}
    return f"{words} ({known})" if known else words


def name_of_person(person: Person) -> str:
    """Give a person's name, or say that there is none."""
    return person.display_name or _("no name yet")


def name_of_group(group: Group) -> str:
    """Give the title of a group's page: “Wanjiku household”, “Household of …”, or its reference.

    The head's name is used when `queries.name_heads` has set it.
    """
    kind = str(GROUP_KINDS.get(group.kind, GROUP_KINDS["OTHER"]))
    if not group.display_name:
        head = getattr(group, "head_name", "")
        return (
            _("%(kind)s of %(name)s") % {"kind": kind, "name": head}
            if head
            else f"{kind} {group.reference}"
        )
    if group.kind == Group.Kind.HOUSEHOLD:
        return _("%(name)s household") % {"name": group.display_name}
    return group.display_name


def place_of(area: Area | None) -> str:
    """Write where something is, the larger area first: “Kisumu East / Kajulu”."""
    if area is None:
        return ""
    return f"{area.parent.name} / {area.name}" if area.parent else area.name


def role_words(membership: Membership, roles: dict[str, Any]) -> str:
    """Write a member's relation to the head, from the code list {code: title}."""
    return in_language(roles.get(membership.role)) or membership.role.replace("_", " ").lower()
