"""How programmes read on pages: states, units, rules and decisions in words and marks."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext, pgettext_lazy

from amana.programmes import queries, words
from amana.programmes.definition import Definition, Parameter, Text
from amana.programmes.models import Enrolment, TargetingRun
from amana.registry.models import Group, Person
from amana.web.registry.facts import name_of_group, name_of_person
from amana.web.words import in_language, say_amount, say_date, say_number

RUN_STATES: dict[str, tuple[Any, str]] = {
    TargetingRun.State.ASSESSED: (pgettext_lazy("list", "waits for approval"), "waits"),
    TargetingRun.State.APPROVED: (pgettext_lazy("list", "approved"), "active"),
    TargetingRun.State.ENROLLED: (pgettext_lazy("list", "enrolled"), "done"),
    TargetingRun.State.SUPERSEDED: (pgettext_lazy("list", "superseded"), "none"),
}
ENROLMENT_STATES: dict[str, tuple[Any, str]] = {
    Enrolment.State.PENDING: (pgettext_lazy("enrolment", "pending"), "waits"),
    Enrolment.State.WAITLISTED: (pgettext_lazy("enrolment", "waiting for a place"), "waits"),
    Enrolment.State.STAND_BY: (pgettext_lazy("enrolment", "on stand-by"), "none"),
    Enrolment.State.ACTIVE: (pgettext_lazy("enrolment", "active"), "done"),
    Enrolment.State.SUSPENDED: (pgettext_lazy("enrolment", "suspended"), "waits"),
    Enrolment.State.EXITED: (pgettext_lazy("enrolment", "closed"), "none"),
}
OUTCOMES: dict[str, tuple[Any, str]] = {
    "eligible": (pgettext_lazy("decision", "eligible"), "done"),
    "ineligible": (pgettext_lazy("decision", "not eligible"), "none"),
    "undetermined": (pgettext_lazy("decision", "not known yet"), "none"),
}
RELATIONS = {
    "SELF": pgettext_lazy("recipient", "the person themselves"),
    "HEAD": pgettext_lazy("recipient", "head of the household"),
    "PARENT": pgettext_lazy("recipient", "parent"),
    "GUARDIAN": pgettext_lazy("recipient", "guardian"),
    "CAREGIVER": pgettext_lazy("recipient", "caregiver"),
    "PROXY": pgettext_lazy("recipient", "proxy"),
    "INSTITUTION": pgettext_lazy("recipient", "institution"),
}
UNITS = {
    "person": _l("People"),
    "household": _l("Households"),
    "family": _l("Families"),
    "institution": _l("Institutions"),
    "other": _l("Groups"),
}
EVERY = {
    "once": pgettext_lazy("benefit", "once"),
    "month": pgettext_lazy("benefit", "every month"),
    "quarter": pgettext_lazy("benefit", "every quarter"),
    "half-year": pgettext_lazy("benefit", "every half-year"),
    "year": pgettext_lazy("benefit", "every year"),
}
RECIPIENTS = {
    "female caregiver, else head": _l("A woman who cares for the household, else its head"),
    "head": _l("The head of the household"),
    "self": _l("The person, or who may act for them"),
    "organisation": _l("The institution"),
}
VERDICT_MARKS = {"eligible": "done", "ineligible": "none", "undetermined": "unknown"}


def counted(unit: str, count: int) -> str:
    """Write a number of units: “303 households”.

    >>> counted("household", 1)
    '1 household'
    """
    texts = {
        "person": ngettext("%(n)s person", "%(n)s people", count),
        "household": ngettext("%(n)s household", "%(n)s households", count),
        "family": ngettext("%(n)s family", "%(n)s families", count),
        "institution": ngettext("%(n)s institution", "%(n)s institutions", count),
        "other": ngettext("%(n)s group", "%(n)s groups", count),
    }
    return texts[unit] % {"n": say_number(count)}


def name_of(unit: Group | Person | None) -> str:
    """Name a household or person; their reference when they have no name."""
    if unit is None:
        return ""
    return name_of_group(unit) if isinstance(unit, Group) else name_of_person(unit)


def text(value: Text) -> str:
    """Choose the reader's language of a text of a programme."""
    return in_language(value.by_language) or value.words()


def page_of(unit: Group | Person) -> str:
    """Give the address of the page of a household or person."""
    kind = "household" if isinstance(unit, Group) else "person"
    return reverse(f"registry:{kind}", args=[unit.reference])


def parameter_rows(definition: Definition, minor_digits: int) -> list[dict[str, Any]]:
    """List the values of all parameters, each with its day, unit and legal reference."""
    rows = []
    for parameter in definition.parameters:
        for value in parameter.values:
            rows.append(
                {
                    "name": parameter.name,
                    "value": _parameter_value(parameter, value.value, minor_digits),
                    "unit": value.unit,
                    "valid_from": value.valid_from,
                    "reference": value.reference,
                }
            )
    return rows


def _parameter_value(parameter: Parameter, value: Any, minor_digits: int) -> str:
    if parameter.kind == "money":
        return say_amount(value, minor_digits, exact=False)
    return words.value_words(value)


def criterion_items(found: queries.Explained, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Turn an explanation into what `{% criteria %}` draws.

    Args:
        facts: of the unit, by variable, to show the source and date of a value that was read.
    """
    items = []
    for criterion in found.criteria:
        values = []
        for name in criterion["values"]:
            fact = facts.get(name.partition(".")[2])
            values.append(
                {
                    "name": criterion["value_titles"][name],
                    "value": criterion["value_words"][name],
                    "source": fact.source if fact else "",
                    "on": fact.on if fact else None,
                    "stale": fact.is_stale if fact else False,
                }
            )
        items.append(
            {
                "id": criterion["id"],
                "says": criterion["short_sentence"],
                "outcome": criterion["outcome"],
                "values": values,
                "missing": criterion["missing_titles"],
                "change": criterion["change"],
                "rule": criterion["rule"],
            }
        )
    return items


def enrolled_sentence(enrolment: Enrolment) -> tuple[str, str]:
    """Say how an enrolment stands, with its mark."""
    since = say_date(enrolment.since)
    state = enrolment.state
    if state == Enrolment.State.ACTIVE:
        return _("enrolled since %(day)s") % {"day": say_date(enrolment.active_from)}, "done"
    if state == Enrolment.State.SUSPENDED:
        return _("suspended since %(day)s") % {"day": since}, "waits"
    word, mark = ENROLMENT_STATES[state]
    return _("%(state)s since %(day)s") % {"state": word, "day": since}, mark
