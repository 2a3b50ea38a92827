"""What others read of the registry, within the actor's areas: households, people, their facts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, Min, Q, QuerySet
from django.db.models.expressions import RawSQL

from amana.access import scope
from amana.kernel.command import Actor
from amana.kernel.errors import NotFound
from amana.kernel.references import ReferenceMistyped, decode_reference
from amana.places.models import Area
from amana.registry.models import (
    Account,
    CodeList,
    Death,
    Group,
    Membership,
    Person,
    Relationship,
    SourceKey,
    Submission,
    SubmissionSubject,
    Variable,
)
from amana.registry.names import alternatives

VIEW = "registry.view_people"


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of one variable of a person or group.

    Args:
        variable: the variable, or None when the dictionary no longer has it.
        code: its code.
        value: as stored.
        on: the day it was true.
        source: code of the source of its evidence, with the submission it came in.
        is_stale: past its validity on the day asked for.
    """

    variable: Variable | None
    code: str
    value: Any
    on: date | None
    source: str
    submission: str
    is_stale: bool


def list_groups(*, actor: Actor, permission: str = VIEW) -> QuerySet[Group]:
    """List the groups that exist today in the actor's areas."""
    rows = Group.objects.filter(dissolved_on__isnull=True).select_related("area")
    return scope.within_areas(rows, actor, permission)


def list_people(*, actor: Actor, permission: str = VIEW) -> QuerySet[Person]:
    """List people in the actor's areas, each human once (merged rows are left out)."""
    rows = Person.objects.filter(survivor__isnull=True).select_related("area", "group")
    return scope.within_areas(rows, actor, permission)


def get_group(*, actor: Actor, reference: str) -> Group:
    """Get a group by its reference or by `source:external-id`.

    Raises:
        ReferenceMistyped: neither shape, or a wrong check character.
        NotFound: there is none in the actor's areas.
    """
    rows = list_groups(actor=actor).select_related("area__parent", "serving_office", "submission")
    if ":" in reference:
        keys = _by_source(reference).filter(group__isnull=False)
        found = rows.filter(pk__in=keys.values("group_id")).first()
    else:
        decode_reference(reference, prefix="HH")
        found = rows.filter(reference=_tidy(reference)).first()
    if found is None:
        raise NotFound(
            f"There is no household {reference} in your areas.",
            mend="Read the reference again, or ask somebody whose areas include it.",
        )
    return found


def get_person(*, actor: Actor, reference: str) -> Person:
    """Get a person by reference or `source:external-id`; a merged one answers with its survivor.

    Raises:
        ReferenceMistyped: neither shape, or a wrong check character.
        NotFound: there is none in the actor's areas.
    """
    everyone = Person.objects.select_related("survivor")
    if ":" in reference:
        keys = _by_source(reference).filter(person__isnull=False)
        asked = everyone.filter(pk__in=keys.values("person_id")).first()
    else:
        decode_reference(reference, prefix="PN")
        asked = everyone.filter(reference=_tidy(reference)).first()
    found = None
    if asked is not None:
        key = asked.survivor_id or asked.pk
        found = (
            list_people(actor=actor)
            .select_related("area__parent", "submission")
            .filter(pk=key)
            .first()
        )
    if found is None:
        raise NotFound(
            f"There is no person {reference} in your areas.",
            mend="Read the reference again, or ask somebody whose areas include them.",
        )
    return found


def _tidy(reference: str) -> str:
    text = reference.strip().upper().replace(" ", "").replace("-", "")
    return f"{text[:-7]}-{text[-7:-3]}-{text[-3:]}"


def _by_source(text: str) -> QuerySet[SourceKey]:
    source, _, external_id = text.partition(":")
    return SourceKey.objects.filter(source=source.strip(), external_id=external_id.strip())


def filter_stale(rows: QuerySet[Any], *, on: date) -> QuerySet[Any]:
    """Keep the groups or people with at least one fact past its validity on a day."""
    table = rows.model._meta.db_table
    stale = RawSQL(  # noqa: S611 - the table's name is the model's own, the day is a parameter
        f"""EXISTS (SELECT 1 FROM registry_variable v
                     WHERE v.validity_months IS NOT NULL AND {table}.facts ? v.code
                       AND COALESCE(({table}.provenance -> v.code ->> 1)::date, {table}.facts_on)
                           <= %s::date - make_interval(months => v.validity_months))""",
        [on],
    )
    found: QuerySet[Any] = rows.alias(is_stale=stale).filter(is_stale=True)
    return found


def filter_by_name(rows: QuerySet[Any], words: str) -> QuerySet[Any]:
    """Keep the people whose names have each word asked, or its sound; or the groups of such people.

    A group is also found by a name of its own (a care home's).
    """
    asked = alternatives(words)
    if not asked:
        return rows.none()
    named = Q()
    for tokens in asked:
        named &= Q(search_tokens__overlap=tokens)
    if rows.model is not Group:
        return rows.filter(named)
    members = Membership.objects.filter(
        person__in=Person.objects.filter(named), valid_to__isnull=True
    )
    return rows.filter(named | Q(pk__in=members.values("group_id")))


def list_members(*, group: Group) -> QuerySet[Membership]:
    """List who lives in a group today: the head first, then as they were recorded."""
    return (
        Membership.objects.filter(group=group, valid_to__isnull=True)
        .select_related("person", "person__group")
        .order_by("id")
    )


def name_heads(groups: Sequence[Group]) -> None:
    """Set `head_name` on groups: the name of who heads each, empty when nobody named does."""
    names: dict[int, str] = {}
    rows = Membership.objects.filter(
        group_id__in=[group.pk for group in groups], role="HEAD", valid_to__isnull=True
    ).order_by("id")
    for group_id, name in rows.values_list("group_id", "person__display_name"):
        names[group_id] = names.get(group_id) or name
    for group in groups:
        group.head_name = names.get(group.pk, "")  # type: ignore[attr-defined]


def find_oldest_reported_death(people: QuerySet[Person]) -> datetime | None:
    """Find when the oldest report of a death among these people was recorded."""
    rows = Death.objects.filter(person__in=people.order_by(), status=Death.Status.REPORTED)
    oldest: datetime | None = rows.aggregate(at=Min("recorded_at"))["at"]
    return oldest


def list_memberships(*, person: Person) -> QuerySet[Membership]:
    """List the groups of a person, those of today first."""
    return (
        Membership.objects.filter(person=person)
        .select_related("group", "group__area")
        .order_by(F("valid_to").desc(nulls_first=True), "-valid_from")
    )


def list_relationships(*, person: Person) -> QuerySet[Relationship]:
    """List whose parent, spouse, guardian or caregiver a person is today."""
    rows = Relationship.objects.filter(person=person, valid_to__isnull=True)
    return rows.select_related("other").order_by("id")


def list_accounts(*, person: Person) -> QuerySet[Account]:
    """List the open accounts of a person, the preferred one first."""
    rows = Account.objects.filter(person=person, valid_to__isnull=True)
    return rows.order_by("preference", "id")


def list_facts(*, subject: Group | Person, on: date) -> list[Fact]:
    """List what is known of a group or person, in the dictionary's order, stale facts marked."""
    facts: dict[str, Any] = subject.facts or {}
    provenance: dict[str, Any] = subject.provenance or {}
    variables = {
        v.code: v for v in Variable.objects.filter(code__in=facts).select_related("code_list")
    }
    keys = {entry[0] for entry in provenance.values() if entry and entry[0]}
    if subject.submission_id:
        keys.add(subject.submission_id)
    submissions = Submission.objects.only("reference", "source", "form").in_bulk(keys)
    found = []
    for code, value in facts.items():
        variable = variables.get(code)
        key, when = subject.submission_id, subject.facts_on
        if code in provenance:
            key, text = provenance[code][:2]
            when = date.fromisoformat(text) if text else when
        submission = submissions.get(key)
        found.append(
            Fact(
                variable=variable,
                code=code,
                value=value,
                on=when,
                source=submission.source if submission else "",
                submission=str(submission.reference) if submission else "",
                is_stale=is_stale(variable, when, on=on),
            )
        )
    return sorted(found, key=lambda fact: fact.variable.pk if fact.variable else 0)


def is_stale(variable: Variable | None, when: date | None, *, on: date) -> bool:
    """Tell whether a fact of a day is past its variable's validity."""
    if variable is None or variable.validity_months is None or when is None:
        return False
    months = when.year * 12 + when.month - 1 + variable.validity_months
    year, month = divmod(months, 12)
    # The last valid day keeps the day of the month; 31 becomes the last day there is.
    return (on.year, on.month, on.day) >= (year, month + 1, when.day)


def list_evidence(*, subject: Group | Person) -> QuerySet[SubmissionSubject]:
    """List the submissions about a group or person, newest first, with the line about them."""
    own = Q(group=subject) if isinstance(subject, Group) else Q(person=subject)
    return (
        SubmissionSubject.objects.filter(own)
        .select_related("submission", "submission__run")
        .order_by("-submission_id")
    )


def list_roles() -> dict[str, Any]:
    """Give the titles of the relations to the head, by code, in their order."""
    row = CodeList.objects.filter(code="role").first()
    return {code["code"]: code["title"] for code in row.codes} if row else {}


def variable_titles(codes: Iterable[str]) -> dict[str, Any]:
    """Give the titles of variables by code; those the dictionary does not have are left out."""
    return dict(Variable.objects.filter(code__in=set(codes)).values_list("code", "title"))


def list_source_keys(*, subject: Group | Person) -> list[str]:
    """List the keys a group or person has in their sources, as `source:external-id`."""
    rows = subject.source_keys.order_by("id").values_list("source", "external_id")
    return [f"{source}:{external_id}" for source, external_id in rows]


def find_by_words(*, actor: Actor, words: str) -> Group | Person | None:
    """Find the one group or person a reference or source key names, or None.

    Raises:
        ReferenceMistyped: the words have the shape of a reference and a wrong character.
    """
    for get in (get_group, get_person):
        try:
            return get(actor=actor, reference=words)
        except ReferenceMistyped as error:
            if "wrong character" in error.message:
                raise
        except NotFound:
            continue
    return None


def count_people_of_areas(*, actor: Actor, areas: Sequence[Area]) -> None:
    """Set `household_count` and `person_count` on areas, everything below each included.

    Counts what the actor may see. One pass over households and one over people, whatever the
    number of areas.
    """
    wanted = {area.pk for area in areas}
    for name, rows in (
        ("household_count", list_groups(actor=actor)),
        ("person_count", list_people(actor=actor)),
    ):
        sums = dict.fromkeys(wanted, 0)
        counted = (
            rows.filter(area__path__overlap=list(wanted))
            .order_by()
            .values_list("area__path")
            .annotate(n=Count("pk"))
        )
        for path, count in counted:
            for key in wanted.intersection(path):
                sums[key] += count
        for area in areas:
            setattr(area, name, sums[area.pk])
